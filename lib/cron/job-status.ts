import type { LiveJob } from "../gateway/job.ts";
import { isJsonObject } from "../json.ts";
import { cutLine } from "../printable.ts";
import type { Cell, Column, Table } from "../reconcile/report.ts";
import { isOurs, readClaim } from "./ownership.ts";
import { describeAge, describeSchedule } from "./schedule-text.ts";
import { maskJobText } from "../text/secrets.ts";

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
  /** What became of the result of the last run, as the gateway reports it: `delivered`, `not-delivered`, …. */
  lastDeliveryStatus: string | null;
  /** Why the last run was skipped, or its result not delivered, without secrets; null of every other run. */
  lastReason: string | null;
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
  const run = readRunState(job);
  const { nextRunAtMs, lastRunAtMs, lastStatus, lastDeliveryStatus } = run;
  return {
    name: job.name,
    id: job.id,
    owned: isOurs(job, owner),
    enabled: job.enabled,
    schedule: describeSchedule(job.schedule),
    nextRunAt: toTime(nextRunAtMs),
    lastRunAt: toTime(lastRunAtMs),
    lastStatus: lastStatus ?? null,
    lastDeliveryStatus: lastDeliveryStatus ?? null,
    lastReason: run.reason ?? null,
  };
}

function toTime(ms: number | undefined): string | null {
  return ms === undefined || Number.isNaN(new Date(ms).getTime()) ? null : new Date(ms).toISOString();
}

export interface RunState {
  nextRunAtMs: number | undefined;
  lastRunAtMs: number | undefined;
  lastStatus: string | undefined;
  /** From 2026.2.26. */
  lastDeliveryStatus: string | undefined;
  outcome: "none" | "ok" | "failed" | "skipped" | "undelivered";
  /** Why the last run was skipped, or its result not delivered. */
  reason: string | undefined;
  isRunning: boolean;
  /** Whether its trigger has ever fired. */
  hasFired: boolean;
  consecutiveErrors: number;
}

/** Reads the gateway's record of a job's runs, without the error of a run, which may quote its output and its secrets. */
export function readRunState(job: LiveJob): RunState {
  const state = isJsonObject(job.state as never) ? (job.state as Record<string, unknown>) : {};
  const numberOf = (value: unknown) => (typeof value === "number" ? value : undefined);
  const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);
  const lastStatus = textOf(state.lastStatus) ?? textOf(state.lastRunStatus);
  const lastDeliveryStatus = textOf(state.lastDeliveryStatus);
  const outcome = toOutcome(lastStatus, lastDeliveryStatus, state);
  const reason = textOf({ skipped: state.lastError, undelivered: state.lastDeliveryError }[outcome as string]);
  return {
    nextRunAtMs: job.enabled ? numberOf(state.nextRunAtMs) : undefined,
    lastRunAtMs: numberOf(state.lastRunAtMs),
    lastStatus,
    lastDeliveryStatus,
    outcome,
    reason: reason === undefined ? undefined : cutLine(maskJobText(reason, job)),
    isRunning: state.runningAtMs !== undefined,
    hasFired: state.lastTriggerFireAtMs !== undefined,
    consecutiveErrors: numberOf(state.consecutiveErrors) ?? 0,
  };
}

function toOutcome(
  lastStatus: string | undefined,
  lastDeliveryStatus: string | undefined,
  { lastDeliveryError, deliverySuppressionReason }: Record<string, unknown>,
): RunState["outcome"] {
  if (lastStatus === "error") return "failed";
  if (lastStatus === "skipped") return "skipped";
  if (lastStatus !== "ok") return "none";
  // An agent that has nothing to say suppresses the delivery, which is as it should be.
  const isMissed = lastDeliveryStatus === "not-delivered" && typeof deliverySuppressionReason !== "string";
  // Old releases say `unknown` of many runs; with an error, it is one that was interrupted.
  const isInterrupted = lastDeliveryStatus === "unknown" && typeof lastDeliveryError === "string";
  return isMissed || isInterrupted ? "undelivered" : "ok";
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

/** What is told of a last run that did not do what it was for, though it did not fail. */
export const RUN_REMARKS = {
  skipped: "skipped at the last run",
  undelivered: "the result of the last run was not delivered",
} as const;

/** Returns a line per such run, with the reason, in the order of {@link toJobStatuses}. */
export function toRunNotes(live: readonly LiveJob[], owner: string): string[] {
  return sortJobs(live, owner).flatMap((job) => {
    const { outcome, reason } = readRunState(job);
    if (outcome !== "skipped" && outcome !== "undelivered") return [];
    return [`${job.name}: ${RUN_REMARKS[outcome]}${reason === undefined ? "" : `: ${reason}`}`];
  });
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

function toRunCell(enabled: boolean, { isRunning, outcome, lastStatus = "-", consecutiveErrors }: RunState): Cell {
  if (isRunning) return { text: "running", meaning: "change" };
  const told = {
    none: { text: lastStatus },
    ok: { text: "ok", meaning: "good" },
    failed: { text: consecutiveErrors > 1 ? `error ×${consecutiveErrors}` : "error", meaning: "bad" },
    skipped: { text: "skipped", meaning: "warning" },
    undelivered: { text: "not delivered", meaning: "warning" },
  } as const satisfies Record<RunState["outcome"], Cell>;
  if (enabled) return told[outcome];
  const isSound = outcome === "ok" || outcome === "none";
  return { text: isSound ? "off" : `off, ${told[outcome].text}`, meaning: "faint" };
}
