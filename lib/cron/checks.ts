import { dirname } from "node:path";
import { formatProblem } from "../definition/files.ts";
import { ManagerError, describeError } from "../errors.ts";
import type { MountedDirectory, WritablePlace } from "../files/places.ts";
import type { LiveJob } from "../gateway/job.ts";
import { checkMount, checkPlace, suggestReadable } from "../reconcile/check-places.ts";
import { type Check, GATEWAY_CONTAINER, fail, isSound, pass, skip, warn } from "../reconcile/check.ts";
import { describeMissing } from "./messages.ts";
import { RUN_REMARKS, readRunState } from "./job-status.ts";
import { groupByClaim, isOurs, readClaim } from "./ownership.ts";
import { SCHEDULER_OFF, isIdle } from "./scheduler.ts";
import type { CronSnapshot } from "./snapshot.ts";

const MOUNT = "cron mount";
const DEFINITIONS = "cron definitions";
const NAMES = "job names";
const APPLIED = "cron in force";
const SCHEDULER = "cron scheduler";
const RUNS = "job runs";
/** The name of the check of the gateway's address, in lib/commands. */
const GATEWAY = "gateway";

/** Checks the ConfigMap's mount and the definitions in it. */
export function checkCronSource(snapshot: CronSnapshot, cronDir: string, place: MountedDirectory): Check[] {
  const mount = checkMount(MOUNT, cronDir, place, { isUnused: snapshot.isUnused });
  const canLook = isSound(mount) && place.kind !== "missing";
  return [mount, canLook ? checkDefinitions(cronDir, snapshot) : skip(DEFINITIONS, MOUNT)];
}

function checkDefinitions(cronDir: string, { desired, isUnused }: CronSnapshot): Check {
  if (desired instanceof ManagerError) return fail(DEFINITIONS, describeError(desired), suggestReadable(cronDir));
  switch (desired.kind) {
    case "missing": {
      const hint = `put cron-jobs.yaml into the ConfigMap that is mounted at ${cronDir}`;
      return (isUnused ? warn : fail)(DEFINITIONS, describeMissing(cronDir, isUnused), hint);
    }
    case "invalid": {
      const problem = nameFirst(desired.problems.map(formatProblem));
      return fail(DEFINITIONS, `nothing of them is applied: ${problem}`, "config-manager validate");
    }
    case "valid": {
      const count = desired.definitions.length;
      const files = desired.files.map((file) => file.name).join(", ");
      const detail = `${count} ${count === 1 ? "job" : "jobs"} in ${files}`;
      const warnings = desired.warnings.map(formatProblem);
      if (warnings.length === 0) return pass(DEFINITIONS, detail);
      return warn(DEFINITIONS, `${detail}; ${nameFirst(warnings)}`, "config-manager validate");
    }
  }
}

function nameFirst([first, ...more]: readonly string[]): string {
  return `${first}${more.length > 0 ? ` (and ${more.length} more)` : ""}`;
}

export function checkStagingPlace(stagingDir: string, place: WritablePlace): Check {
  return checkPlace("staging directory", stagingDir, place, `the gateway's volume at ${dirname(stagingDir)}`);
}

/** Checks that each declared name belongs to one live job, and that we own it. */
export function checkNames({ live, desired }: CronSnapshot, owner: string): Check {
  if (live instanceof ManagerError) return skip(NAMES, GATEWAY);
  const isRead = !(desired instanceof ManagerError) && desired.kind === "valid";
  const declared = new Set(isRead ? desired.definitions.map(({ name }) => name) : []);
  const { ours, unclaimed } = groupByClaim(live, owner);
  const duplicates = [...ours].filter(([, jobs]) => jobs.length > 1).map(([name]) => name);
  const foreign = live.filter((job) => declared.has(job.name) && readClaim(job, owner).kind === "foreign");
  const conflicting = [...declared].flatMap((name) => {
    const jobs = unclaimed.get(name) ?? [];
    return ours.has(name) ? jobs : jobs.slice(1); // the next sync adopts the first one
  });
  const others: LiveJob[] = [...foreign, ...conflicting];
  const named = others.map(({ name, id }) => `${name} (${id})`).join(", ");
  const found = [
    ...(duplicates.length > 0
      ? [`two of ours have one name, and the newer goes at the next sync: ${duplicates.join(", ")}`]
      : []),
    ...(others.length > 0 ? [`not ours, and left alone, though the name is declared: ${named}`] : []),
  ];
  if (found.length === 0) return pass(NAMES, "each declared name belongs to one job");
  return warn(NAMES, found.join("; "), others[0] ? "config-manager status" : "config-manager sync --only cron");
}

/** Checks that the live jobs equal the declared ones. */
export function checkCronApplied(
  { plan, live }: CronSnapshot,
  { declared, owned }: { declared: number; owned: number },
  problems: readonly string[],
): Check {
  if (live instanceof ManagerError) return skip(APPLIED, GATEWAY);
  if (!plan) return skip(APPLIED, DEFINITIONS);
  if (plan.refusedRemovals.length > 0) {
    return fail(APPLIED, problems.join("; "), "config-manager diff --allow-mass-removal");
  }
  if (plan.unsupported.length > 0) return fail(APPLIED, problems.join("; "), "config-manager diff");
  if (plan.actions.length === 0) return pass(APPLIED, `${declared} declared, ${owned} ours`);
  return warn(APPLIED, `a sync would change ${plan.actions.length} of them`, "config-manager diff");
}

/** Checks that the gateway runs jobs at all. */
export function checkScheduler(snapshot: CronSnapshot, owner: string): Check {
  const { scheduler, live } = snapshot;
  if (live instanceof ManagerError) return skip(SCHEDULER, GATEWAY);
  if (scheduler instanceof ManagerError) return warn(SCHEDULER, describeError(scheduler));
  if (scheduler.enabled) return pass(SCHEDULER, "the gateway's cron scheduler is on");
  if (!isIdle(snapshot, owner))
    return pass(SCHEDULER, "the gateway's cron scheduler is off, and no job of ours is to run");
  return warn(SCHEDULER, SCHEDULER_OFF, 'in openclaw.json: "cron": { "enabled": true }');
}

/** Checks that the last run of each of our jobs succeeded, and that its result was delivered. */
export function checkRuns({ live }: CronSnapshot, owner: string): Check {
  if (live instanceof ManagerError) return skip(RUNS, GATEWAY);
  const runs = live.filter((job) => isOurs(job, owner)).map((job) => ({ job, run: readRunState(job) }));
  const found = [
    { outcome: "failed", told: "failed at the last run" },
    { outcome: "undelivered", told: RUN_REMARKS.undelivered },
    { outcome: "skipped", told: RUN_REMARKS.skipped },
  ].flatMap(({ outcome, told }) => {
    const those = runs.filter(({ run }) => run.outcome === outcome);
    return those.length > 0 ? [{ told, those }] : [];
  });
  const [first] = found.flatMap(({ those }) => those);
  if (!first) return pass(RUNS, "no job of ours failed at its last run");
  const nameOf = ({ job, run }: typeof first) => (run.reason === undefined ? job.name : `${job.name} (${run.reason})`);
  const detail = found.map(({ told, those }) => `${told}: ${those.map(nameOf).join(", ")}`).join("; ");
  const { id } = first.job;
  return warn(RUNS, detail, `${GATEWAY_CONTAINER}openclaw cron ${isPlain(id) ? `runs --id ${id} --limit 1` : "list"}`);
}

/** Whether an id can stand in a command that a person pastes. Those of a gateway are UUIDs. */
function isPlain(id: string): boolean {
  return /^[\w-]{1,64}$/.test(id);
}
