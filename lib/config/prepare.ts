import { ManagerError, toResult } from "../errors.ts";
import { removeStaleTempFilesIn } from "../files/replace.ts";
import type { Log } from "../log.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { logSome } from "../reconcile/warnings.ts";
import type { AsideWarnings } from "./aside.ts";
import { removeHeld } from "./held-change.ts";
import { type ConfigPlaces, observeConfig, readAsOpenClaw, toIncludePlaces } from "./observe.ts";
import { type ConfigPlan, planConfig } from "./plan.ts";
import { removeRecord, writeRecord } from "./record.ts";
import type { ConfigMode } from "./target.ts";
import { directoriesOf, removeDropped, writeGeneration } from "./write.ts";

export interface PrepareOptions {
  places: ConfigPlaces;
  mode: ConfigMode;
  log: Log;
  aside: AsideWarnings;
  warnOfRefusal: (plan: Extract<ConfigPlan, { kind: "missing" | "reject" }>) => Promise<void>;
}

/** Delivers the config at the start of a Pod, before any gateway runs. */
export async function prepareConfig({ places, mode, log, aside, warnOfRefusal }: PrepareOptions): Promise<PassOutcome> {
  const { pvcConfig } = places;
  // Without lastApplied there is no drift: at the start of a Pod, Git wins.
  const state = { ...(await observeConfig(places, { isPodStart: true })), lastApplied: undefined };
  aside.onObstacles(state.obstacles);
  await removeStaleTempFilesIn(...directoriesOf(pvcConfig, state.desired));
  const policy = { mode, selfHeal: false, isPodStart: true, gateway: undefined, start: undefined, before: undefined };
  const plan = planConfig(state, policy);
  if (plan.kind === "missing" || plan.kind === "reject") {
    await warnOfRefusal(plan);
    if (plan.lastGood) {
      await writeGeneration(pvcConfig, plan.lastGood, state.observed);
      log(`Last good config put back: ${pvcConfig}`);
    }
    return { kind: "rejected" };
  }
  if (plan.kind === "update") {
    logSome(log, plan.warnings);
    const { losses } = await writeGeneration(pvcConfig, plan.target.live, state.observed);
    losses.forEach(aside.onLoss);
    log(`Config copied to PVC: ${pvcConfig}`);
  }
  await removeDropped(pvcConfig, plan.target.dropped);
  await removeHeld(places.checksumDir);
  const recorded =
    plan.desired.equals(state.applied) || (await toResult(writeRecord(pvcConfig, "applied", plan.desired)));
  if (recorded instanceof ManagerError) aside.onUnrecorded(recorded);
  await removeRecord(pvcConfig, "accepted");
  return { kind: "equal" };
}

/** Whether a gateway can start with the live files. */
export async function isUsable(places: ConfigPlaces): Promise<boolean> {
  const live = await toResult(readAsOpenClaw(places.pvcConfig, toIncludePlaces(places)));
  return !(live instanceof ManagerError) && live?.resolved.kind === "parsed";
}
