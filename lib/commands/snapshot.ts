import { type ConfigPlan, type ConfigState, observeConfig, planConfig } from "../config/plan.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import { type DesiredSet, readDefinitions } from "../definition/files.ts";
import { ManagerError, toResult } from "../errors.ts";
import type { LiveJob } from "../gateway/job.ts";
import { type Verdict, readVerdict } from "../config/verdict.ts";
import { type CronPlan, planCron } from "../cron/plan.ts";
import { type PathChange, forecastReloads } from "../config/reload.ts";
import type { Settings } from "../settings.ts";
import type { CronStore } from "../gateway/store.ts";
import type { Transport } from "../gateway/transport.ts";

/** How long the config waits for a gateway that is there already, in milliseconds. */
const CONNECT_LIMIT_MS = 10_000;

/** What is wanted, what is there, and what a sync would make of it. A part that cannot be read is the error that says so. */
export interface Snapshot {
  settings: Settings;
  /** The way to the gateway, once it is open. */
  gateway: CronStore | ManagerError;
  config: ConfigSnapshot | ManagerError;
  desired: DesiredSet | ManagerError;
  live: LiveJob[] | ManagerError;
  /** There where both the definitions and the live jobs are. */
  plan: CronPlan | undefined;
  nowMs: number;
}

export interface ConfigSnapshot {
  state: ConfigState;
  plan: ConfigPlan;
  /** What each difference does to the gateway. */
  changes: PathChange[];
  /** The gateway's word on a file that is as the ConfigMap has it; undefined where it has none on these bytes. */
  verdict: Verdict | undefined;
}

export interface SnapshotOptions {
  settings: Settings;
  transport: Transport;
  selfHeal: boolean;
  allowMassRemoval: boolean;
  nowMs?: number;
}

/** Reads everything once and changes nothing. */
export async function takeSnapshot(options: SnapshotOptions): Promise<Snapshot> {
  const { settings, transport, nowMs = Date.now() } = options;
  const desired = toResult(readDefinitions(settings.cronDir));
  const gateway = await toResult(transport.open());
  const isThere = !(gateway instanceof ManagerError);
  const [config, live] = await Promise.all([
    toResult(snapshotConfig(options, isThere ? await transport.openConfig(CONNECT_LIMIT_MS) : undefined)),
    isThere ? toResult(gateway.listJobs()) : gateway,
  ]);
  const snapshot = { settings, gateway, config, desired: await desired, live, nowMs };
  return { ...snapshot, plan: planJobs(snapshot, options) };
}

async function snapshotConfig(
  { settings, selfHeal }: SnapshotOptions,
  gateway: ConfigGateway | undefined,
): Promise<ConfigSnapshot> {
  const state = await observeConfig(settings);
  const plan = planConfig(state, { release: gateway?.release, selfHeal, isPodStart: false });
  const isDifferent = plan.kind === "update" || plan.kind === "drift";
  return {
    state,
    plan,
    changes: isDifferent ? await forecastReloads(plan.paths, gateway) : [],
    verdict: plan.kind === "none" || plan.kind === "validate" ? await askVerdict(plan.bytes, gateway) : undefined,
  };
}

/** Asks once: who reads this can ask again. A gateway that goes away meanwhile is told of by the jobs. */
async function askVerdict(bytes: Uint8Array, gateway: ConfigGateway | undefined): Promise<Verdict | undefined> {
  if (!gateway) return undefined;
  const verdict = await toResult(gateway.readView().then((view) => readVerdict(bytes, view, undefined, gateway)));
  return verdict instanceof ManagerError ? undefined : verdict;
}

function planJobs(
  { gateway, desired, live, settings, nowMs }: Omit<Snapshot, "plan">,
  { allowMassRemoval }: SnapshotOptions,
): CronPlan | undefined {
  if (gateway instanceof ManagerError || live instanceof ManagerError || desired instanceof ManagerError)
    return undefined;
  if (desired.kind !== "valid") return undefined;
  const { owner, prune } = settings;
  return planCron(desired.definitions, live, { owner, prune, allowMassRemoval, features: gateway.features, nowMs });
}
