import { ManagerError } from "../errors.ts";
import { findConfigProblems, findCronProblems } from "./findings.ts";
import type { CronAction } from "../cron/plan.ts";
import { isOurs } from "../cron/ownership.ts";
import type { PathChange } from "../config/reload.ts";
import type { ConfigSnapshot, Snapshot } from "./snapshot.ts";

/** What a sync would do: the shape of `diff --json`. No value stands in it. */
export interface Diff {
  config: {
    action: "none" | "update" | "reject";
    /** What differs, also where something else has changed the live file and a sync would leave it. */
    paths: PathChange[];
    problems: string[];
  };
  cron: {
    add: string[];
    update: { name: string; fields: string[] }[];
    remove: string[];
    adopt: string[];
    unchanged: number;
    unmanaged: number;
    problems: string[];
  };
  /** How many writes a sync would do. */
  changes: number;
}

/** Says what a sync would do. Pure. */
export function toDiff(snapshot: Snapshot): Diff {
  const actions = snapshot.plan?.actions ?? [];
  const action = snapshot.config instanceof ManagerError ? "none" : toAction(snapshot.config);
  return {
    config: {
      action,
      paths: snapshot.config instanceof ManagerError ? [] : snapshot.config.changes,
      problems: findConfigProblems(snapshot),
    },
    cron: {
      add: namesOf(actions, "add"),
      update: actions.flatMap((one) => (one.kind === "update" ? [{ name: one.name, fields: one.fields }] : [])),
      remove: namesOf(actions, "remove"),
      adopt: namesOf(actions, "adopt"),
      unchanged: snapshot.plan?.unchanged ?? 0,
      unmanaged: snapshot.plan?.unmanaged ?? countUnmanaged(snapshot),
      problems: findCronProblems(snapshot),
    },
    changes: actions.length + (action === "update" ? 1 : 0),
  };
}

/**
 * Whether something is wrong: with what Git says, or with the gateway. An edit by hand is no error, and nor is a ConfigMap
 * that is not there; both are among the problems.
 */
export function isBroken({ config, desired, live, plan }: Snapshot): boolean {
  if (config instanceof ManagerError || desired instanceof ManagerError || live instanceof ManagerError) return true;
  const isRejected = config.plan.kind === "reject" || config.verdict?.kind === "invalid";
  const isLeftOut = plan !== undefined && (plan.unsupported.length > 0 || plan.refusedRemovals.length > 0);
  return isRejected || desired.kind === "invalid" || isLeftOut;
}

function toAction({ plan }: ConfigSnapshot): Diff["config"]["action"] {
  switch (plan.kind) {
    case "update":
    case "reject":
      return plan.kind;
    case "missing":
    case "none":
    case "validate":
    case "drift":
      return "none";
  }
}

function namesOf(actions: readonly CronAction[], kind: CronAction["kind"]): string[] {
  return actions.filter((action) => action.kind === kind).map(({ name }) => name);
}

/** Of jobs that were read, where there is no plan for want of definitions. */
function countUnmanaged({ live, settings }: Snapshot): number {
  return live instanceof ManagerError ? 0 : live.filter((job) => !isOurs(job, settings.owner)).length;
}
