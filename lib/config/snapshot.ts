import { ManagerError, describeError, toResult } from "../errors.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import { type ConfigPlaces, type ConfigState, observeConfig } from "./observe.ts";
import { type ConfigPlan, planConfig } from "./plan.ts";
import { type PathChange, forecastReloads } from "./reload.ts";
import type { ConfigFile } from "./config-file.ts";
import { type Verdict, readVerdict } from "./verdict.ts";

/** What Git says, what is there, and what a pass would make of it. */
export interface ConfigSnapshot {
  state: ConfigState;
  plan: ConfigPlan;
  /** What each difference does to the gateway. */
  changes: PathChange[];
  /** The gateway's word on a live file that is what the ConfigMap says; undefined where it has none on this file. */
  verdict: Verdict | undefined;
}

/**
 * Reads everything once, and changes nothing.
 *
 * @throws {ManagerError} `file` when something is there and cannot be read.
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

/** Asks once: whoever reads this can ask again. */
async function askVerdict(file: ConfigFile, gateway: ConfigGateway | undefined): Promise<Verdict | undefined> {
  if (!gateway) return undefined;
  const verdict = await toResult(gateway.readView().then((view) => readVerdict(file, view, undefined, gateway)));
  return verdict instanceof ManagerError ? undefined : verdict;
}

/** What keeps the live config from being what Git says, a line each, without values. What the next pass does is none. */
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

/** Whether it is a gateway that has refused the config, rather than we who cannot read it. */
export function isRefusedByGateway({ plan, state, verdict }: ConfigSnapshot): boolean {
  return plan.kind === "reject" ? state.rejection?.checksum === plan.file.md5 : verdict?.kind === "invalid";
}
