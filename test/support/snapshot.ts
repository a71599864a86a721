import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type KindContext, loadReconcilers } from "../../lib/commands/kinds.ts";
import { type Snapshot, takeSnapshot } from "../../lib/commands/snapshot.ts";
import { keepRejection, writeRecord } from "../../lib/config/record.ts";
import type { ManagerError } from "../../lib/errors.ts";
import type { ConfigGateway, ConfigView } from "../../lib/gateway/config-calls.ts";
import type { LiveJob } from "../../lib/gateway/job.ts";
import type { Transport } from "../../lib/gateway/transport.ts";
import type { CronStore } from "../../lib/gateway/store.ts";
import type { Log } from "../../lib/log.ts";
import { createWarnings } from "../../lib/reconcile/warnings.ts";
import { createSecretGuard } from "../../lib/text/guard.ts";
import { readSettings } from "../../lib/settings.ts";
import { type Scratch, createClock, createMemoryStore, define, generationOf, liveJob, ourJob } from "./fakes.ts";

/** The world of a snapshot. What is left out does not exist. */
export interface World {
  /** The ConfigMap's openclaw.json. */
  config?: string;
  /** The live file. */
  live?: string;
  /** The config that was applied last and that a gateway found valid. */
  applied?: string;
  /** The live file that counts as in sync, if OpenClaw has changed it at its start. */
  accepted?: string;
  /** The config that a gateway has rejected, and why. */
  refused?: { config: string; problems: string[] };
  /** The text of cron-jobs.json. */
  definitions?: string;
  jobs?: LiveJob[];
  /** Whether the gateway's scheduler is off. */
  isSchedulerOff?: boolean;
  /** The error that every connection fails with. */
  error?: ManagerError;
  /** The gateway's view of its config, if it is not valid and applied. */
  view?: Partial<ConfigView>;
  /** The gateway's release, if it is not the newest. */
  gateway?: Partial<{ version: string; protocol: number | undefined; transport: "cli"; features: object }> &
    Pick<CronStore, "listAgents">;
  /** Further files, by path: `staging/cron-jobs.json`. */
  files?: Record<string, string>;
  /** Directories that do not exist: `config.d`, `cron.d`, `sums`. */
  missing?: string[];
  selfHeal?: boolean;
  allowMassRemoval?: boolean;
  nowMs?: number;
}

export const NOW_MS = Date.UTC(2026, 10, 23, 12);

const CONFIG = '{"gateway":{"mode":"local"}}';

/** Everything in sync: a config, and the one job of {@link define}. */
export const STEADY: World = {
  config: CONFIG,
  live: CONFIG,
  applied: CONFIG,
  definitions: JSON.stringify([define()]),
  jobs: [ourJob(define())],
};

/** Creates the reconcilers for such a world, in a temporary directory and with a fake gateway. */
export async function layOut(scratch: Scratch, world: World) {
  const places = { configDir: scratch.in("config.d"), cronDir: scratch.in("cron.d"), checksumDir: scratch.in("sums") };
  const pvcConfig = scratch.in("openclaw.json");
  for (const directory of Object.values(places)) await mkdir(directory, { recursive: true });
  const write = async (path: string, text: string | undefined) => {
    if (text !== undefined) await writeFile(path, text);
  };
  await write(scratch.in("config.d", "openclaw.json"), world.config);
  await write(scratch.in("cron.d", "cron-jobs.json"), world.definitions);
  await write(pvcConfig, world.live);
  if (world.applied !== undefined) {
    const include = { directory: scratch.path, roots: [] };
    const applied = generationOf(world.applied, {}, include);
    const accepted = generationOf(world.accepted ?? world.applied, {}, include);
    await write(scratch.in("sums", "config"), applied.md5);
    await writeRecord(pvcConfig, "applied", applied);
    await writeRecord(pvcConfig, "good", accepted);
    if (world.accepted !== undefined) {
      await write(scratch.in("sums", "config-accepted"), accepted.md5);
      await writeRecord(pvcConfig, "accepted", accepted);
    }
  }
  if (world.refused) {
    const { config, problems } = world.refused;
    await keepRejection(pvcConfig, { checksum: generationOf(config).verdictKey, release: "2026.9.6", problems });
  }
  for (const [path, text] of Object.entries(world.files ?? {})) {
    await mkdir(dirname(scratch.in(path)), { recursive: true });
    await write(scratch.in(path), text);
  }
  for (const name of world.missing ?? []) await rm(scratch.in(name), { recursive: true });
  const found = readSettings({ ...places, pvcConfig, stagingDir: scratch.in("staging") }, {});
  if (found.kind === "invalid") throw new Error(found.problems.join("\n"));
  const { settings } = found;

  const { error, selfHeal = false, allowMassRemoval = false, nowMs = NOW_MS } = world;
  const store = Object.assign(Object.create(createMemoryStore(world.jobs)), {
    isSchedulerOn: world.isSchedulerOff !== true,
    ...world.gateway,
  });
  const transport: Transport = {
    open: async () => {
      if (error) throw error;
      return store;
    },
    openConfig: async () => {
      return error || world.gateway?.transport === "cli" ? undefined : createFakeConfigGateway(world.view);
    },
    openCalls: async () => undefined,
    isRestarting: () => false,
    usesCli: () => false,
    isConnected: () => error === undefined,
    probe: async () => ({ isUp: true }) as const,
    close: async () => undefined,
  };
  const lines: string[] = [];
  const log: Log = (line) => void lines.push(line);
  const context: KindContext = {
    settings,
    env: {},
    selfHeal,
    allowMassRemoval,
    logsFirstPass: true,
    transport,
    connectLimitMs: 1_000,
    guard: createSecretGuard(),
    log,
    warnings: createWarnings(log),
    signal: new AbortController().signal,
    clock: { ...createClock(nowMs), nowMs: () => nowMs },
  };
  return { context, settings, transport, lines, reconcilers: await loadReconcilers(context) };
}

/** Neither ConfigMap is there, nor was before: a gateway that is nobody's. */
export const UNUSED: World = { live: CONFIG, jobs: [liveJob()] };

/** Takes a snapshot of such a world. */
export async function snapshot(scratch: Scratch, world: World): Promise<Snapshot> {
  return takeSnapshot(await layOut(scratch, world));
}

function createFakeConfigGateway(view: Partial<ConfigView> = {}): ConfigGateway {
  const usual = {
    path: undefined,
    parsed: undefined,
    isValid: true,
    issues: [],
    warnings: [],
    hash: "opaque",
    isApplied: true,
  };
  return {
    release: "2026.9.6",
    processStartedMs: undefined,
    start: undefined,
    readView: async () => ({ ...usual, ...view }),
    readIssues: async () => undefined,
    readReload: async () => undefined,
    readSchema: async () => undefined,
    readActiveWork: () => Promise.reject(new Error("nobody should ask")),
    lookUpReload: async (path) => (path.startsWith("gateway") ? "restart" : "hot"),
  };
}
