import type { Definition } from "../definition/definition.ts";
import { formatProblem } from "../definition/files.ts";
import { ManagerError, describeError, toResult } from "../errors.ts";
import { readChecksum } from "../files/checksum.ts";
import { isEmptyVolume } from "../files/volume.ts";
import type { LiveJob } from "../gateway/job.ts";
import type { CronStore, Scheduler } from "../gateway/store.ts";
import type { Settings } from "../settings.ts";
import { describeMissing, listRefused } from "./messages.ts";
import { observeJobs } from "./observe.ts";
import { isOurs } from "./ownership.ts";
import { type CronPlan, planCron } from "./plan.ts";
import { readAgents } from "./prospects.ts";
import { type DesiredSet, readDefinitions } from "./read.ts";
import { readStaged } from "./staging.ts";

/** Desired and observed jobs, and the plan of the next pass. A part that cannot be read is its error. */
export interface CronSnapshot {
  desired: DesiredSet | ManagerError;
  /** The API of the live jobs. */
  gateway: CronStore | ManagerError;
  live: LiveJob[] | ManagerError;
  /** The agent of a job that declares none; undefined if it is not known, or nothing depends on it. */
  defaultAgent: string | undefined;
  scheduler: Scheduler | ManagerError;
  /** See {@link readAgents}. */
  agents: string[] | undefined;
  /** Undefined unless the definitions are valid and the live jobs could be listed. */
  plan: CronPlan | undefined;
  /** No job is declared, none of ours is live, and none was declared before, as far as checksum and copies tell. */
  isUnused: boolean;
  nowMs: number;
}

export interface CronSnapshotOptions {
  settings: Pick<Settings, "cronDir" | "stagingDir" | "checksumDir" | "owner" | "prune">;
  allowMassRemoval: boolean;
  gateway: CronStore | ManagerError;
  nowMs: number;
}

/** Observes and plans once. Changes nothing. */
export async function takeCronSnapshot(options: CronSnapshotOptions): Promise<CronSnapshot> {
  const { settings, gateway, nowMs } = options;
  const desired = await toResult(readDefinitions(settings.cronDir));
  const isValid = !(desired instanceof ManagerError) && desired.kind === "valid";
  const snapshot = { desired, gateway, ...(await observe(gateway, isValid ? desired.definitions : [])), nowMs };
  return { ...snapshot, plan: planJobs(snapshot, options), isUnused: await isUnused(snapshot, settings) };
}

async function isUnused(
  { desired, live }: Pick<CronSnapshot, "desired" | "live">,
  { cronDir, stagingDir, checksumDir, owner }: CronSnapshotOptions["settings"],
): Promise<boolean> {
  if (desired instanceof ManagerError || desired.kind !== "missing" || live instanceof ManagerError) return false;
  if (live.some((job) => isOurs(job, owner)) || (await readChecksum(checksumDir, "cron")) !== undefined) return false;
  const staged = await toResult(readStaged(stagingDir));
  return !(staged instanceof ManagerError) && staged.kind === "missing" && isEmptyVolume(cronDir);
}

type Observed = Pick<CronSnapshot, "live" | "scheduler" | "defaultAgent" | "agents">;

/** One call after the other: over the CLI, each is a process of some 400 MB. */
async function observe(gateway: CronStore | ManagerError, definitions: readonly Definition[]): Promise<Observed> {
  const unknown = { defaultAgent: undefined, agents: undefined };
  if (gateway instanceof ManagerError) return { live: gateway, scheduler: gateway, ...unknown };
  const jobs = await toResult(observeJobs(gateway, definitions));
  if (jobs instanceof ManagerError) return { live: jobs, scheduler: jobs, ...unknown };
  const scheduler = await toResult(gateway.readScheduler());
  return { ...jobs, scheduler, agents: await readAgents(gateway, definitions) };
}

function planJobs(
  { gateway, desired, live, defaultAgent, nowMs }: Omit<CronSnapshot, "plan" | "isUnused">,
  { settings, allowMassRemoval }: CronSnapshotOptions,
): CronPlan | undefined {
  if (gateway instanceof ManagerError || live instanceof ManagerError) return undefined;
  if (desired instanceof ManagerError || desired.kind !== "valid") return undefined;
  const { owner, prune } = settings;
  const { features, findExposed } = gateway;
  const exposure = findExposed && { findExposed };
  return planCron(desired.definitions, live, {
    owner,
    prune,
    allowMassRemoval,
    features,
    ...exposure,
    defaultAgent,
    nowMs,
  });
}

/** Lists what keeps observed from being desired, a line each. A planned action is no problem. */
export function findCronProblems(snapshot: CronSnapshot, cronDir: string): string[] {
  return [...findDefinitionProblems(snapshot, cronDir), ...findLiveProblems(snapshot), ...findPlanProblems(snapshot)];
}

function findDefinitionProblems({ desired, isUnused }: CronSnapshot, cronDir: string): string[] {
  if (desired instanceof ManagerError) return [describeError(desired)];
  switch (desired.kind) {
    case "missing":
      return [describeMissing(cronDir, isUnused)];
    case "invalid":
      return desired.problems.map(formatProblem);
    case "valid":
      return [];
  }
}

function findLiveProblems({ live }: CronSnapshot): string[] {
  return live instanceof ManagerError ? [describeError(live)] : [];
}

function findPlanProblems({ plan, gateway }: CronSnapshot): string[] {
  if (!plan || gateway instanceof ManagerError) return [];
  return listRefused(plan, gateway.version);
}
