import { explainUnsupported, explainRefusal } from "../cron/converge.ts";
import { formatProblem } from "../definition/files.ts";
import { ManagerError, describeError } from "../errors.ts";
import type { ConfigSnapshot, Snapshot } from "./snapshot.ts";

/** What keeps the live config from being what Git says, a line each, without values. What the next pass does by itself is none. */
export function findConfigProblems({ config, settings }: Pick<Snapshot, "config" | "settings">): string[] {
  if (config instanceof ManagerError) return [describeError(config)];
  const { plan, verdict } = config;
  switch (plan.kind) {
    case "missing":
      return [`there is no openclaw.json in ${settings.configDir}`];
    case "reject":
      return plan.problems;
    case "drift":
      return [
        `${settings.pvcConfig} was changed by something else: ${plan.paths.join(", ") || "it is no longer JSON5"}`,
      ];
    case "none":
    case "validate":
      return verdict?.kind === "invalid" ? verdict.problems : [];
    case "update":
      return [];
  }
}

/** Whether it is a gateway that has refused the config, rather than we who cannot read it. */
export function isRefusedByGateway({ plan, state, verdict }: ConfigSnapshot): boolean {
  return plan.kind === "reject" ? state.rejection?.checksum === plan.checksum : verdict?.kind === "invalid";
}

/** What keeps the live jobs from being what Git says, a line each. What the next pass does by itself is none. */
export function findCronProblems(snapshot: Snapshot): string[] {
  return [...findDefinitionProblems(snapshot), ...findLiveProblems(snapshot), ...findPlanProblems(snapshot)];
}

function findDefinitionProblems({ desired, settings }: Snapshot): string[] {
  if (desired instanceof ManagerError) return [describeError(desired)];
  switch (desired.kind) {
    case "missing":
      return [`there are no cron definitions in ${settings.cronDir}`];
    case "invalid":
      return desired.problems.map(formatProblem);
    case "valid":
      return [];
  }
}

function findLiveProblems({ live }: Snapshot): string[] {
  return live instanceof ManagerError ? [describeError(live)] : [];
}

function findPlanProblems({ plan, gateway }: Snapshot): string[] {
  if (!plan || gateway instanceof ManagerError) return [];
  const { unsupported, refusedRemovals } = plan;
  return [
    ...unsupported.map((job) => `${job.name}: ${explainUnsupported(job, gateway.version)}`),
    ...(refusedRemovals.length > 0 ? [`nothing is done: ${explainRefusal(refusedRemovals)}`] : []),
  ];
}
