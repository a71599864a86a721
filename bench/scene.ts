import { readFile, writeFile } from "node:fs/promises";
import { type TestGateway, createGateway } from "../test/support/gateway.ts";
import { getRelease } from "../test/support/release.ts";
import { type Mounts, createMounts } from "../test/support/sidecar.ts";
import { until } from "../test/support/until.ts";
import type { Volume } from "../test/support/volume.ts";

/** The release that all is measured on. */
export const OPENCLAW = "2026.9.6";

const OWNER = "bench";

/** A gateway, and the mounts of a Pod beside it. */
export interface Scene {
  gateway: TestGateway;
  mounts: Mounts;
  /** Of config-manager; its log to the standard output as in a Pod. */
  env: Record<string, string>;
  /** Of manager.sh, and the `openclaw` CLI that it calls. */
  cliEnv: Record<string, string>;
  /** Takes all jobs of the benchmark out of the gateway again. */
  clear: () => Promise<void>;
}

/** What a scene is set with beside its gateway. */
export interface Setting {
  /** The config in Git, with which the gateway starts. */
  config: (gateway: TestGateway) => string;
  /** What it refers to. */
  variables: Record<string, string>;
}

const SMALL: Setting = { config: (gateway) => gateway.config(), variables: {} };

/** Sets the scene, and clears it away afterwards, whatever happens. */
export async function withScene<T>(
  work: (scene: Scene) => Promise<T>,
  { config, variables }: Setting = SMALL,
): Promise<T> {
  const gateway = await createGateway(await getRelease(OPENCLAW), variables);
  try {
    await writeFile(gateway.configPath, config(gateway));
    await gateway.start();
    const mounts = await createMounts();
    try {
      await mounts.config.publish({ "openclaw.json": config(gateway) });
      const env = mounts.environment({
        PVC_CONFIG: gateway.configPath,
        OPENCLAW_GATEWAY_URL: gateway.url,
        CONFIG_MANAGER_OWNER: OWNER,
        ...variables,
      });
      const cliEnv = { ...gateway.environment, TZ: "UTC", OPENCLAW_GATEWAY_PORT: String(gateway.port) };
      await awaitQuiet();
      return await work({ gateway, mounts, env, cliEnv, clear: () => clearJobs(gateway) });
    } finally {
      await mounts.dispose();
    }
  } finally {
    await gateway.dispose();
  }
}

/** A gateway that has just started goes on for a while with what it finds to do. */
async function awaitQuiet(): Promise<void> {
  await until(
    "the machine to be quiet",
    async () => {
      const before = await readBusyTicks();
      await Bun.sleep(2_000);
      return (await readBusyTicks()) - before < 20;
    },
    { limitMs: 120_000 },
  );
}

/** What all processors have worked since the start of the machine, in hundredths of a second. */
async function readBusyTicks(): Promise<number> {
  const [user = 0, nice = 0, system = 0] = (await readFile("/proc/stat", "utf8")).split(/\s+/).slice(1, 4).map(Number);
  return user + nice + system;
}

async function clearJobs(gateway: TestGateway): Promise<void> {
  const ours = (await gateway.jobs()).filter(({ name }) => name.startsWith("bench-"));
  for (const { id } of ours) await gateway.rpc("cron.remove", { id });
}

/** Swaps a volume as the kubelet does; when that was, on the clock of `performance.now()`. */
export async function swapVolume(volume: Volume, files: Record<string, string>): Promise<number> {
  const swap = await volume.prepare(files);
  const swappedMs = performance.now();
  swap.perform();
  await swap.finish();
  return swappedMs;
}

/** Command jobs. */
export function defineJobs(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    name: `bench-${index}`,
    schedule: `${index % 60} 3 * * *`,
    command: `echo ${index}`,
  }));
}

/** The same jobs in another file: more blanks at its end. */
export function formatJobs(jobs: readonly object[], blanks = 0): Record<string, string> {
  return { "cron-jobs.json": JSON.stringify(jobs, undefined, 2) + " ".repeat(blanks) };
}
