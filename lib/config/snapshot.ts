import { setTimeout as sleep } from "node:timers/promises";
import { ManagerError, describeError, toResult } from "../errors.ts";
import type { ObstacleError } from "../files/regular-file.ts";
import { isEmptyVolume } from "../files/volume.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import type { Held } from "../reconcile/reconciler.ts";
import { type ConfigPlaces, type ConfigState, observeConfig } from "./observe.ts";
import { readHeld } from "./held-change.ts";
import { type ConfigPlan, planConfig } from "./plan.ts";
import { type PathChange, forecastReloads } from "./reload.ts";
import { ForeignPathError, createForeignCheck } from "./foreign.ts";
import type { Generation } from "./generation.ts";
import { describeChanged, describeMissing, nameSource } from "./messages.ts";
import type { ConfigMode, Target } from "./target.ts";
import { type Verdict, readVerdict } from "./verdict.ts";

/** Desired and observed config, and the plan of the next pass. */
export interface ConfigSnapshot {
  state: ConfigState;
  plan: ConfigPlan;
  /** The changed paths, each with what it does to the gateway. */
  changes: PathChange[];
  /** The gateway's verdict on a live file that equals the ConfigMap's; undefined if it has none. */
  verdict: Verdict | undefined;
  /** What the sidecar holds of this plan until the gateway has no work; undefined if it does not. */
  held: Held | undefined;
  /** No config is declared, and none was before, as far as the records tell. */
  isUnused: boolean;
}

/**
 * Observes and plans once. Changes nothing.
 *
 * @throws {ManagerError} `file` if a file exists and cannot be read.
 */
export async function takeConfigSnapshot(
  places: ConfigPlaces & { configMode: ConfigMode },
  gateway: ConfigGateway | undefined,
  selfHeal: boolean,
  hasToken: boolean,
): Promise<ConfigSnapshot> {
  const state = await observeConfig(places);
  const refuseForeign = createForeignCheck(
    places.pvcConfig,
    async () => state.observed,
    (ms) => sleep(ms),
  );
  const foreign = gateway && (await toResult(refuseForeign(gateway)));
  if (foreign instanceof ForeignPathError) throw foreign;
  const policy = { mode: places.configMode, gateway, start: gateway?.start, before: undefined };
  const plan = planConfig(state, { ...policy, selfHeal, hasToken, isPodStart: false });
  const held = plan.kind === "update" ? await readHeld(places.checksumDir) : undefined;
  const isDifferent = plan.kind === "update" || plan.kind === "drift";
  return {
    state,
    plan,
    changes: isDifferent ? await forecastReloads(plan.paths, gateway) : [],
    held: held?.checksum === state.desired?.md5 ? held : undefined,
    isUnused: plan.kind === "missing" && !wasDeclared(state) && (await isEmptyVolume(places.configDir)),
    verdict: plan.kind === "none" || plan.kind === "validate" ? await askVerdict(plan.target.live, gateway) : undefined,
  };
}

function wasDeclared({ lastApplied, pending, applied, lastGood }: ConfigState): boolean {
  return [lastApplied, pending, applied, lastGood].some((record) => record !== undefined);
}

/** Asks only once, without waiting: the caller can run the command again. */
async function askVerdict(live: Generation, gateway: ConfigGateway | undefined): Promise<Verdict | undefined> {
  if (!gateway) return undefined;
  const verdict = await toResult(gateway.readView().then((view) => readVerdict(live, view, undefined, gateway)));
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
      return [describeMissing(configDir, snapshot.isUnused)];
    case "reject":
      return nameSource(pvcConfig, plan);
    case "drift":
      return [describeChanged(pvcConfig, plan.paths)];
    case "none":
    case "validate":
      return verdict?.kind === "invalid" ? verdict.problems : [];
    case "update":
      return [];
  }
}

/** Returns whether a gateway has rejected the config, rather than our own checks. */
export function isRefusedByGateway({ plan, verdict }: ConfigSnapshot): boolean {
  return plan.kind === "reject" ? plan.source !== undefined : verdict?.kind === "invalid";
}

/** The target of a plan that has one. */
export function targetOf({ plan }: ConfigSnapshot): Target | undefined {
  return "target" in plan ? plan.target : undefined;
}

/** What is in place of records and other files. */
export function findObstacles(snapshot: ConfigSnapshot | ManagerError): readonly ObstacleError[] {
  return snapshot instanceof ManagerError ? [] : snapshot.state.obstacles;
}
