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
 * Returns whether an update cannot make a job run at this schedule: it has ended, or it has run and is to become a
 * one-shot, which 2026.2.9 takes for one that is over.
 */
export function mustBeAnew(job: LiveJob, { kind }: JobSpec["schedule"]): boolean {
  const becomesOneShot = kind === "at" && job.schedule.kind !== "at";
  return hasEnded(job) || (becomesOneShot && readRunState(job).lastRunAtMs !== undefined);
}

/**
 * Returns these jobs, of one name and all ours, with the one first that stays: the oldest that an update can give this
 * schedule. Of the others, one with a key comes first: while it is there, no other can be added with that key.
 */
export function rankTwins(jobs: readonly LiveJob[], schedule: JobSpec["schedule"]): readonly LiveJob[] {
  const rank = (job: LiveJob) => (!mustBeAnew(job, schedule) ? 0 : job.declarationKey !== undefined ? 1 : 2);
  return jobs.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * Returns whether a job cannot be given this schedule yet: it is running, and is a one-shot or would become one. The end
 * of the run turns it off, whatever its moment is by then.
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
