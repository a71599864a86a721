import { ManagerError, describeError, toResult } from "../errors.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import { type ConfigPlaces, type ConfigState, observeConfig } from "./observe.ts";
import { type ConfigPlan, planConfig } from "./plan.ts";
import { type PathChange, forecastReloads } from "./reload.ts";
import type { ConfigFile } from "./config-file.ts";
import { type Verdict, readVerdict } from "./verdict.ts";

/** Desired and observed config, and the plan of the next pass. */
export interface ConfigSnapshot {
  state: ConfigState;
  plan: ConfigPlan;
  /** The changed paths, each with what it does to the gateway. */
  changes: PathChange[];
  /** The gateway's verdict on a live file that equals the ConfigMap's; undefined if it has none. */
  verdict: Verdict | undefined;
}

/**
 * Observes and plans once. Changes nothing.
 *
 * @throws {ManagerError} `file` if a file exists and cannot be read.
 */
export async function takeConfigSnapshot(
  places: ConfigPlaces,
  gateway: ConfigGateway | undefined,
  selfHeal: boolean,
): Promise<ConfigSnapshot> {
  const state = await observeConfig(places);
  const plan = planConfig(state, { release: gateway?.release, selfHeal, isPodStart: false });
  const isDifferent = plan.kind === "update" || plan.kind === "drift";
  return {
    state,
    plan,
    changes: isDifferent ? await forecastReloads(plan.paths, gateway) : [],
    verdict: plan.kind === "none" || plan.kind === "validate" ? await askVerdict(plan.file, gateway) : undefined,
  };
}

/** Asks only once, without waiting: the caller can run the command again. */
async function askVerdict(file: ConfigFile, gateway: ConfigGateway | undefined): Promise<Verdict | undefined> {
  if (!gateway) return undefined;
  const verdict = await toResult(gateway.readView().then((view) => readVerdict(file, view, undefined, gateway)));
  return verdict instanceof ManagerError ? undefined : verdict;
}

/** Lists what keeps observed from being desired, a line each, without values. A planned update is no problem. */
export function findConfigProblems(
  snapshot: ConfigSnapshot | ManagerError,
  { configDir, pvcConfig }: Pick<ConfigPlaces, "configDir" | "pvcConfig">,
): string[] {
  if (snapshot instanceof ManagerError) return [describeError(snapshot)];
  const { plan, verdict } = snapshot;
  switch (plan.kind) {
    case "missing":
      return [`there is no openclaw.json in ${configDir}`];
    case "reject":
      return plan.problems;
    case "drift":
      return [`${pvcConfig} was changed by something else: ${plan.paths.join(", ") || "it is no longer JSON5"}`];
    case "none":
    case "validate":
      return verdict?.kind === "invalid" ? verdict.problems : [];
    case "update":
      return [];
  }
}

/** Returns whether a gateway has rejected the config, rather than our own checks. */
export function isRefusedByGateway({ plan, state, verdict }: ConfigSnapshot): boolean {
  return plan.kind === "reject" ? state.rejection?.checksum === plan.file.md5 : verdict?.kind === "invalid";
}
