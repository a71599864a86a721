import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { ManagerError, toResult } from "../errors.ts";
import type { Gateway } from "./connection.ts";
import type { LiveJob } from "./job.ts";
import { readJobs } from "./job-list.ts";
import { isUnknownMethod } from "./refusal.ts";

/** Work that a restart of the gateway would cut off. */
export interface ActiveWork {
  /** What it is, with its number: `2 cron runs`. Empty while there is none. */
  readonly what: readonly string[];
  /** Whether the gateway tells of running cron jobs only. */
  readonly isPartial: boolean;
}

/**
 * The counts of the reply, and what people call them. Left out is `rootRequests`: calls of clients, ours among them, and
 * the gateway's own upkeep. An idle session is in none of them.
 */
const NAMES = {
  embeddedRuns: ["agent run", "agent runs"],
  cronRuns: ["cron run", "cron runs"],
  activeTasks: ["task", "tasks"],
  backgroundExecSessions: ["background command", "background commands"],
  queueSize: ["queued operation", "queued operations"],
  pendingReplies: ["pending reply", "pending replies"],
} as const;

const Count = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0);

/** Measured: 2026.6.11 has no `backgroundExecSessions`. */
const ReplySchema = v.object({
  counts: v.object({
    embeddedRuns: Count,
    cronRuns: Count,
    activeTasks: Count,
    backgroundExecSessions: Count,
    queueSize: Count,
    pendingReplies: Count,
  }),
});

const RunningSchema = v.object({ state: v.object({ runningAtMs: v.number() }) });

/**
 * How long `cron.list` may take, in milliseconds, before it says by that what it would: on 2026.2.9 it waits for the end
 * of a job that a person has started.
 */
const LIST_LIMIT_MS = 2_000;

/**
 * Reads what a gateway is doing: `gateway.restart.preflight` where it has that (measured: 2026.6.11 and 2026.9.6 have,
 * 2026.2.9 and 2026.4.15 have not), else the running jobs of `cron.list`.
 *
 * @returns a function that throws a {@link ManagerError} as {@link Gateway.call} does; `rejected` if a reply makes no
 * sense, or the gateway has neither call
 */
export function createWorkReader(gateway: Gateway, uptimeMs: () => number): () => Promise<ActiveWork> {
  let isOld = false;
  /** A list that is still waited for: the gateway would queue each further one. */
  let listing: Promise<LiveJob[] | ManagerError> | undefined;

  async function readRunningJobs(): Promise<ActiveWork> {
    listing ??= toResult(readJobs(gateway, uptimeMs)).finally(() => (listing = undefined));
    const jobs = await Promise.race([listing, sleep(LIST_LIMIT_MS)]);
    if (jobs === undefined) return { what: ["a cron run that holds up the list of jobs"], isPartial: true };
    if (jobs instanceof ManagerError) throw jobs;
    const count = jobs.filter((job) => v.is(RunningSchema, job)).length;
    return { what: describe({ cronRuns: count }), isPartial: true };
  }

  return async () => {
    if (isOld) return readRunningJobs();
    const reply = await toResult(gateway.call("gateway.restart.preflight", {}));
    if (reply instanceof ManagerError) {
      isOld = isUnknownMethod(reply);
      if (isOld) return readRunningJobs();
      throw reply;
    }
    const parsed = v.safeParse(ReplySchema, reply);
    if (!parsed.success) throw new ManagerError("rejected", "gateway.restart.preflight: the reply makes no sense");
    return { what: describe(parsed.output.counts), isPartial: false };
  };
}

function describe(counts: Partial<Record<keyof typeof NAMES, number>>): string[] {
  return Object.entries(NAMES).flatMap(([name, [one, many]]) => {
    const count = counts[name as keyof typeof NAMES] ?? 0;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  });
}
