import packageJson from "../../package.json" with { type: "json" };
import { computeChecksum } from "../files/checksum.ts";
import { ManagerError } from "../errors.ts";
import { findConfigProblems, findCronProblems } from "./findings.ts";
import type { LiveJob } from "../gateway/job.ts";
import { isJsonObject } from "../json.ts";
import { isOurs } from "../cron/ownership.ts";
import { describeSchedule } from "../cron/schedule-text.ts";
import type { Snapshot } from "./snapshot.ts";

/** What is in force, and whether it is what Git says: the shape of `status --json`. Times are ISO 8601. */
export interface Status {
  /** The gateway answers, and config and cron jobs are as Git has them. That a job fails when it runs is its own affair. */
  healthy: boolean;
  /** Of config-manager. */
  version: string;
  gateway: {
    url: string;
    connected: boolean;
    version: string | null;
    protocol: number | null;
    transport: "gateway" | "cli" | null;
  };
  config: {
    /** `pending`: the next pass puts it in place, or the gateway has not said yet that it runs on it. */
    state: "in-sync" | "pending" | "rejected" | "drifted" | "unknown";
    /** The md5 of the live file. */
    checksum: string | null;
    problems: string[];
  };
  cron: {
    state: "in-sync" | "pending" | "failed" | "unknown";
    declared: number;
    owned: number;
    unmanaged: number;
    problems: string[];
  };
  /** Ours first, then by name. */
  jobs: JobStatus[];
}

export interface JobStatus {
  name: string;
  id: string;
  owned: boolean;
  enabled: boolean;
  schedule: string;
  nextRunAt: string | null;
  lastRunAt: string | null;
  /** The gateway's word: `ok`, `error`, `skipped`; null before the first run. */
  lastStatus: string | null;
}

/** Says what is in force. Pure. */
export function toStatus(snapshot: Snapshot): Status {
  const { gateway, settings } = snapshot;
  const isConnected = !(gateway instanceof ManagerError);
  const config = toConfigStatus(snapshot);
  const jobs =
    snapshot.live instanceof ManagerError ? [] : snapshot.live.map((job) => toJobStatus(job, settings.owner));
  const cron = toCronStatus(snapshot, jobs);
  return {
    healthy: isConnected && config.state === "in-sync" && cron.state === "in-sync",
    version: packageJson.version,
    gateway: {
      url: settings.gatewayUrl,
      connected: isConnected,
      version: isConnected ? gateway.version : null,
      protocol: isConnected ? (gateway.protocol ?? null) : null,
      transport: isConnected ? gateway.transport : null,
    },
    config,
    cron,
    jobs: jobs.toSorted((a, b) => Number(b.owned) - Number(a.owned) || (a.name < b.name ? -1 : 1)),
  };
}

function toConfigStatus(snapshot: Snapshot): Status["config"] {
  const { config } = snapshot;
  const problems = findConfigProblems(snapshot);
  if (config instanceof ManagerError) return { state: "unknown", checksum: null, problems };
  const { observed } = config.state;
  return { state: toConfigState(snapshot), checksum: observed ? computeChecksum(observed) : null, problems };
}

function toConfigState({ config, gateway }: Snapshot): Status["config"]["state"] {
  if (config instanceof ManagerError) return "unknown";
  const { plan, verdict } = config;
  switch (plan.kind) {
    case "missing":
      return "unknown";
    case "reject":
      return "rejected";
    case "drift":
      return "drifted";
    case "update":
      return "pending";
    case "none":
    case "validate":
      if (verdict?.kind === "invalid") return "rejected";
      if (verdict?.kind === "valid") return verdict.isApplied === false ? "pending" : "in-sync";
      // Over the CLI, nobody is asked, and nobody will be.
      if (plan.kind === "none") return "in-sync";
      return !(gateway instanceof ManagerError) && gateway.transport === "cli" ? "in-sync" : "pending";
  }
}

function toCronStatus(snapshot: Snapshot, jobs: readonly JobStatus[]): Status["cron"] {
  const { desired } = snapshot;
  const owned = jobs.filter((job) => job.owned).length;
  const isRead = !(desired instanceof ManagerError) && desired.kind === "valid";
  return {
    state: toCronState(snapshot),
    declared: isRead ? desired.definitions.length : 0,
    owned,
    unmanaged: jobs.length - owned,
    problems: findCronProblems(snapshot),
  };
}

function toCronState({ desired, plan }: Snapshot): Status["cron"]["state"] {
  if (!(desired instanceof ManagerError) && desired.kind === "invalid") return "failed";
  if (!plan) return "unknown";
  if (plan.unsupported.length > 0 || plan.refusedRemovals.length > 0) return "failed";
  return plan.actions.length > 0 ? "pending" : "in-sync";
}

function toJobStatus(job: LiveJob, owner: string): JobStatus {
  const { nextRunAtMs, lastRunAtMs, lastStatus } = readRunState(job);
  return {
    name: job.name,
    id: job.id,
    owned: isOurs(job, owner),
    enabled: job.enabled,
    schedule: describeSchedule(job.schedule),
    nextRunAt: toTime(nextRunAtMs),
    lastRunAt: toTime(lastRunAtMs),
    lastStatus: lastStatus ?? null,
  };
}

export interface RunState {
  nextRunAtMs: number | undefined;
  lastRunAtMs: number | undefined;
  lastStatus: string | undefined;
  isRunning: boolean;
  consecutiveErrors: number;
}

/** What a gateway keeps of a job's runs. What a run has printed is not in it: that may be anything. */
export function readRunState(job: LiveJob): RunState {
  const state = isJsonObject(job.state as never) ? (job.state as Record<string, unknown>) : {};
  const numberOf = (value: unknown) => (typeof value === "number" ? value : undefined);
  const { lastStatus, consecutiveErrors } = state;
  return {
    nextRunAtMs: job.enabled ? numberOf(state.nextRunAtMs) : undefined,
    lastRunAtMs: numberOf(state.lastRunAtMs),
    lastStatus: typeof lastStatus === "string" ? lastStatus : undefined,
    isRunning: state.runningAtMs !== undefined,
    consecutiveErrors: numberOf(consecutiveErrors) ?? 0,
  };
}

function toTime(ms: number | undefined): string | null {
  return ms === undefined || Number.isNaN(new Date(ms).getTime()) ? null : new Date(ms).toISOString();
}
