import { type Check, fail, pass, skip, warn } from "../reconcile/check.ts";
import { pathOfRejection } from "../config/record.ts";
import { ManagerError } from "../errors.ts";
import { findConfigProblems, findCronProblems, isRefusedByGateway } from "./findings.ts";
import type { LiveJob } from "../gateway/job.ts";
import { groupByClaim, isOurs, readClaim } from "../cron/ownership.ts";
import { type Status, readRunState } from "./status.ts";
import type { Snapshot } from "./snapshot.ts";

const NAMES = "job names";
const RUNS = "job runs";

/** Whether each declared name belongs to one job, and that one to us. */
export function checkNames({ live, desired, settings }: Snapshot): Check {
  if (live instanceof ManagerError) return skip(NAMES, "gateway");
  const declared = new Set(
    desired instanceof ManagerError || desired.kind !== "valid" ? [] : desired.definitions.map(({ name }) => name),
  );
  const { ours, unclaimed } = groupByClaim(live, settings.owner);
  const doubles = [...ours].filter(([, jobs]) => jobs.length > 1).map(([name]) => name);
  const foreign = live.filter((job) => declared.has(job.name) && readClaim(job, settings.owner).kind === "foreign");
  const conflicting = [...declared].flatMap((name) => {
    const jobs = unclaimed.get(name) ?? [];
    return ours.has(name) ? jobs : jobs.slice(1); // the first one is going to be adopted
  });
  const others: LiveJob[] = [...foreign, ...conflicting];
  const found = [
    ...(doubles.length > 0
      ? [`two of ours have one name, and the newer goes at the next sync: ${doubles.join(", ")}`]
      : []),
    ...(others.length > 0
      ? [
          `not ours, and left alone, though the name is declared: ${others.map(({ name, id }) => `${name} (${id})`).join(", ")}`,
        ]
      : []),
  ];
  if (found.length === 0) return pass(NAMES, "each declared name belongs to one job");
  const [other] = others;
  return warn(NAMES, found.join("; "), other ? "config-manager status" : "config-manager sync --only cron");
}

/** Whether what is live is what was applied, and what Git says. */
export function checkConfigApplied(snapshot: Snapshot, { config }: Status): Check {
  const name = "config in force";
  const { settings } = snapshot;
  if (snapshot.config instanceof ManagerError || config.state === "unknown") return skip(name, "config file");
  const problems = findConfigProblems(snapshot).join("; ");
  switch (config.state) {
    case "in-sync":
      return pass(name, `${settings.pvcConfig} is what the ConfigMap says`);
    case "pending":
      return warn(
        name,
        "the live file is not yet what the ConfigMap says, or not in force",
        "config-manager sync --only config",
      );
    case "drifted":
      return fail(name, `${problems}; put it into Git, or sync --self-heal`, "config-manager diff --self-heal");
    case "rejected": {
      if (!isRefusedByGateway(snapshot.config)) return skip(name, "config file");
      const retry = `rm ${pathOfRejection(settings.pvcConfig)} && config-manager sync --only config`;
      return fail(
        name,
        `the gateway refuses what the ConfigMap says: ${problems}; mend it in Git, or try it again`,
        retry,
      );
    }
  }
}

/** Whether the live jobs are the declared ones. */
export function checkCronApplied(snapshot: Snapshot, { cron }: Status): Check {
  const name = "cron in force";
  const { plan, live } = snapshot;
  if (live instanceof ManagerError) return skip(name, "gateway");
  if (!plan) return skip(name, "cron definitions");
  if (plan.refusedRemovals.length > 0) {
    return fail(name, findCronProblems(snapshot).join("; "), "config-manager diff --allow-mass-removal");
  }
  if (plan.unsupported.length > 0) return fail(name, findCronProblems(snapshot).join("; "), "config-manager diff");
  if (plan.actions.length === 0) return pass(name, `${cron.declared} declared, ${cron.owned} ours`);
  return warn(name, `a sync would change ${plan.actions.length} of them`, "config-manager diff");
}

/** Whether our jobs do what they are for. */
export function checkRuns({ live, settings }: Snapshot): Check {
  if (live instanceof ManagerError) return skip(RUNS, "gateway");
  const failing = live.filter((job) => isOurs(job, settings.owner) && readRunState(job).lastStatus === "error");
  const [first] = failing;
  if (!first) return pass(RUNS, "no job of ours failed at its last run");
  return warn(
    RUNS,
    `failed at the last run: ${failing.map(({ name }) => name).join(", ")}`,
    `openclaw cron runs --id ${first.id} --limit 1`,
  );
}
