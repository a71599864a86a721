import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LiveJob } from "../../lib/gateway/job.ts";
import { readClaim } from "../../lib/cron/ownership.ts";
import type { SharedGateway } from "./shared-gateway.ts";
import { type Mounts, type Sidecar, createMounts, runBinary, startSidecar } from "./sidecar.ts";

/** The mounts of a sidecar beside a gateway, and the sidecars that a test starts on them. */
export interface Pod {
  readonly mounts: Mounts;
  /** The owner of this Pod's jobs: the jobs of one test are foreign to the others. */
  readonly owner: string;
  environment(more?: Record<string, string>): Record<string, string>;
  /** Publishes a config that the gateway starts with, with further keys. @returns its text. */
  publishConfig(more?: Record<string, unknown>): Promise<string>;
  start(more?: Record<string, string>, args?: readonly string[]): Sidecar;
  /** Runs one pass that must succeed. @returns its log messages. */
  sync(...args: string[]): Promise<string[]>;
  /** Lists the live jobs of this owner, oldest first. */
  ownJobs(): Promise<LiveJob[]>;
  dispose(): Promise<void>;
}

/** Settings by which a sidecar finds no gateway. */
export const ALONE = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" };

/** Removes the records beside the live config, as a new volume has none. */
export async function forgetRecords({ configPath }: Pick<SharedGateway, "configPath">): Promise<void> {
  const directory = dirname(configPath);
  const names = (await readdir(directory)).filter((name) => name.includes(".config-manager-"));
  for (const name of names) await rm(join(directory, name), { force: true });
}

let pods = 0;

export async function createPod(gateway: SharedGateway): Promise<Pod> {
  const mounts = await createMounts();
  const sidecars: Sidecar[] = [];
  pods += 1;
  const owner = `owner-${pods}`;
  const environment = (more: Record<string, string> = {}) =>
    mounts.environment({
      PVC_CONFIG: gateway.configPath,
      OPENCLAW_GATEWAY_URL: gateway.url,
      CONFIG_MANAGER_OWNER: owner,
      ...more,
    });
  return {
    mounts,
    owner,
    environment,
    async publishConfig(more) {
      const text = gateway.config(more);
      await mounts.config.publish({ "openclaw.json": text });
      return text;
    },
    start(more, args) {
      const sidecar = startSidecar(environment(more), args);
      sidecars.push(sidecar);
      return sidecar;
    },
    async sync(...args) {
      const { exitCode, messages, stderr } = await runBinary(["sync", ...args], environment());
      if (exitCode !== 0) throw new Error(`sync ended with ${exitCode}:\n${messages.join("\n")}\n${stderr}`);
      return messages;
    },
    async ownJobs() {
      const jobs = await gateway.jobs();
      const own = jobs.filter((job) => readClaim(job, owner).kind === "ours");
      return own.toSorted((a, b) => a.createdAtMs - b.createdAtMs);
    },
    async dispose() {
      await Promise.all(sidecars.map((sidecar) => sidecar.dispose()));
      await mounts.dispose();
    },
  };
}
