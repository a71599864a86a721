import type { JobSpec, LiveJob } from "../gateway/job.ts";
import { type Json, isJsonObject } from "../json.ts";
import { readRunState } from "./job-status.ts";

/**
 * Returns whether a job has done all that it was to do: a one-shot that has run, well or not, or a job whose trigger was
 * to fire once and has. OpenClaw turns it off then. Given another moment it stays off, and 2026.2.9 runs it no more even
 * when it is turned on again.
 */
function hasEnded(job: LiveJob): boolean {
  const { isRunning, nextRunAtMs, lastRunAtMs, hasFired } = readRunState(job);
  if (isRunning) return false;
  switch (job.schedule.kind) {
    case "at":
      return lastRunAtMs !== undefined && nextRunAtMs === undefined;
    case "on-exit":
      return lastRunAtMs !== undefined && !job.enabled;
    default:
      return isOnce(job.trigger as Json | undefined) && hasFired && !job.enabled;
  }
}

/**
 * Returns whether a job cannot be given this schedule by an update: it has ended, or it has run and would become a one-shot,
 * which 2026.2.9 takes for one that is over.
 */
export function mustBeAnew(job: LiveJob, { kind }: JobSpec["schedule"]): boolean {
  const becomesOneShot = kind === "at" && job.schedule.kind !== "at";
  return hasEnded(job) || (becomesOneShot && readRunState(job).lastRunAtMs !== undefined);
}

/**
 * Returns these jobs, of one name and all ours, with the one first that stays: the oldest that has not ended. Of those that
 * have, one with a key comes first: while it is there, no other can be added with that key.
 */
export function rankTwins(jobs: readonly LiveJob[]): readonly LiveJob[] {
  if (jobs.length < 2) return jobs;
  const rank = (job: LiveJob) => (!hasEnded(job) ? 0 : job.declarationKey !== undefined ? 1 : 2);
  return jobs.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * Returns whether a job cannot be given this schedule yet: it is running, and is a one-shot or would become one. The end of
 * the run turns it off, whatever its moment is by then.
 */
export function mustWait(job: LiveJob, schedule: JobSpec["schedule"]): boolean {
  return readRunState(job).isRunning && (isOneShot(job.schedule) || isOneShot(schedule));
}

function isOneShot({ kind }: JobSpec["schedule"]): boolean {
  return kind === "at" || kind === "on-exit";
}

function isOnce(trigger: Json | undefined): boolean {
  return isJsonObject(trigger) && trigger.once === true;
}
