import type { LiveJob } from "../gateway/job.ts";
import { isJsonObject } from "../json.ts";
import type { Cell, Column, Table } from "../reconcile/report.ts";
import { isOurs, readClaim } from "./ownership.ts";
import { describeAge, describeSchedule } from "./schedule-text.ts";

/** A live job in `status --json`. Times are in ISO 8601. */
export interface JobStatus {
  name: string;
  id: string;
  owned: boolean;
  enabled: boolean;
  schedule: string;
  nextRunAt: string | null;
  lastRunAt: string | null;
  /** As the gateway reports it: `ok`, `error`, `skipped`; null before the first run. */
  lastStatus: string | null;
}

/** Returns the live jobs, ours first, then by name. */
export function toJobStatuses(live: readonly LiveJob[], owner: string): JobStatus[] {
  return sortJobs(live, owner).map((job) => toJobStatus(job, owner));
}

function sortJobs(live: readonly LiveJob[], owner: string): LiveJob[] {
  const rank = (job: LiveJob) => (isOurs(job, owner) ? 0 : 1);
  return live.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
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

function toTime(ms: number | undefined): string | null {
  return ms === undefined || Number.isNaN(new Date(ms).getTime()) ? null : new Date(ms).toISOString();
}

export interface RunState {
  nextRunAtMs: number | undefined;
  lastRunAtMs: number | undefined;
  lastStatus: string | undefined;
  isRunning: boolean;
  consecutiveErrors: number;
}

/** Reads the gateway's record of a job's runs, without the output of a run, which may contain secrets. */
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

const COLUMNS: readonly Column[] = [
  { heading: "NAME", min: 20 },
  { heading: "OWNER", min: 8 },
  { heading: "SCHEDULE", min: 17 },
  { heading: "NEXT" },
  { heading: "LAST" },
  { heading: "STATUS" },
];

/** Returns the live jobs as a table, in the order of {@link toJobStatuses}. */
export function toJobTable(live: readonly LiveJob[], owner: string, nowMs: number): Table {
  return { columns: COLUMNS, rows: sortJobs(live, owner).map((job) => toRow(job, owner, nowMs)) };
}

function toRow(job: LiveJob, owner: string, nowMs: number): Cell[] {
  const run = readRunState(job);
  const { nextRunAtMs: next, lastRunAtMs: last } = run;
  return [
    { text: job.name },
    { text: formatOwner(job, owner) },
    { text: describeSchedule(job.schedule) },
    { text: next === undefined ? "-" : next <= nowMs ? "due" : describeAge(next - nowMs) },
    { text: last === undefined ? "-" : describeAge(Math.max(0, nowMs - last)) },
    toRunCell(job.enabled, run),
  ];
}

/** The owner of another manager's job is the prefix of its declaration key. */
function formatOwner(job: LiveJob, owner: string): string {
  switch (readClaim(job, owner).kind) {
    case "ours":
      return "ours";
    case "unclaimed":
      return "-";
    case "foreign":
      return job.declarationKey?.split(":")[0] || "other";
  }
}

function toRunCell(enabled: boolean, { isRunning, lastStatus, consecutiveErrors }: RunState): Cell {
  if (isRunning) return { text: "running", meaning: "change" };
  const isFailing = lastStatus === "error";
  const outcome = isFailing && consecutiveErrors > 1 ? `error ×${consecutiveErrors}` : (lastStatus ?? "-");
  if (!enabled) return { text: isFailing ? `off, ${outcome}` : "off", meaning: "faint" };
  if (isFailing) return { text: outcome, meaning: "bad" };
  return lastStatus === "ok" ? { text: "ok", meaning: "good" } : { text: outcome };
}
