import { listSome } from "../printable.ts";
import type { UnsupportedJob } from "./plan.ts";

/** @param isUnused whether there were none before either, so that nothing is wrong */
export function describeMissing(cronDir: string, isUnused: boolean): string {
  const remark = isUnused ? ", and none were applied before: no job is touched" : "";
  return `there are no cron definitions in ${cronDir}${remark}`;
}

/** Explains which removals are refused, why, and how to allow them. */
function explainRefusal(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return `${names.length} would be removed at once (${shown}, …), half of ours or more; --allow-mass-removal lets it happen`;
}

export function describeRefusal(names: readonly string[]): string {
  return `WARNING: Cron jobs left as they are: ${explainRefusal(names)}`;
}

/** Explains which features a job needs and this gateway lacks, and which release has them. */
function explainUnsupported({ missing }: UnsupportedJob, version: string): string {
  const own = /^\d/.test(version) ? `this is ${version}` : "this is an older one";
  const needs = missing.flatMap((one) => ("since" in one ? [`${one.what} needs OpenClaw ${one.since} or later`] : []));
  const exposed = missing.flatMap((one) => ("reason" in one ? [`${one.what} ${one.reason}`] : []));
  return [...(needs.length > 0 ? [needs.join(", "), own] : []), ...exposed].join("; ");
}

export function describeUnsupported(jobs: readonly UnsupportedJob[], version: string): string[] {
  return jobs.map(
    (job) => `WARNING: Failed to ${job.wanted} cron job: ${job.name}: ${explainUnsupported(job, version)}`,
  );
}

/** Lists what of a plan cannot be done, for a report. */
export function listRefused(
  { unsupported, refusedRemovals }: { unsupported: readonly UnsupportedJob[]; refusedRemovals: readonly string[] },
  version: string,
): string[] {
  return [
    ...unsupported.map((job) => `${job.name}: ${explainUnsupported(job, version)}`),
    ...(refusedRemovals.length > 0 ? [`not removed: ${explainRefusal(refusedRemovals)}`] : []),
  ];
}

/** How many names one line tells. */
const MAX_NAMES = 10;

/** Returns one WARNING for what the staging directory holds and we did not put there. */
export function describeLeft(stagingDir: string, names: readonly string[]): string {
  return `WARNING: Not staged by config-manager, and left alone in ${stagingDir}: ${listSome(names, MAX_NAMES)}`;
}
