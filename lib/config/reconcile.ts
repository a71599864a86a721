import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ManagerError } from "../errors.ts";
import { noteChecksum } from "../files/checksum.ts";
import { removeStaleTempFiles, removeStaleTempFilesIn } from "../files/replace.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { NOT_VALIDATED, UNDELIVERED, UNHEALED, attemptPass } from "../reconcile/pass.ts";
import type { PassContext, Reconciler } from "../reconcile/reconciler.ts";
import { NOTHING } from "../reconcile/standing.ts";
import { type LiveConfig, createLiveConfig } from "./apply.ts";
import { createAsideWarnings } from "./aside.ts";
import type { ConfigDependencies } from "./dependencies.ts";
import { type Delivered, createDelivery } from "./deliver.ts";
import { ForeignPathError, createForeignCheck } from "./foreign.ts";
import { createGrace } from "./grace.ts";
import * as messages from "./messages.ts";
import { type ConfigState, observeConfig, readLiveConfig, toIncludePlaces } from "./observe.ts";
import type { ConfigPlan } from "./plan.ts";
import { createPlanner } from "./planner.ts";
import { createRestartGate } from "./restart-gate.ts";
import { isUsable, prepareConfig } from "./prepare.ts";
import { Memory } from "./remember.ts";
import { createConfigStanding } from "./standing.ts";
import type { Target } from "./target.ts";
import { directoriesOf, removeDropped, writeGeneration } from "./write.ts";

/** How the last pass ended, for the metrics. */
export type ConfigOutcome = ConfigPlan["kind"] | "foreign";

export interface ConfigPasses extends Required<Pick<Reconciler, "prepare" | "reconcile" | "standing">> {
  /** Undefined before the first pass. */
  readonly lastOutcome: ConfigOutcome | undefined;
  /** Whether a change waits until the gateway has no work. */
  readonly isHolding: () => boolean;
}

/**
 * Keeps the live `openclaw.json` equal to the ConfigMap's. OpenClaw watches the file, so a pass replaces it and then
 * asks the gateway for its verdict.
 */
export function createConfigPasses(dependencies: ConfigDependencies): ConfigPasses {
  const { settings, selfHeal, hasToken, transport, connectLimitMs, log, warnings, clock } = dependencies;
  const { configDir, pvcConfig, checksumDir, configMode: mode } = settings;
  const include = toIncludePlaces(settings);
  const aside = createAsideWarnings(warnings);
  const live: LiveConfig = createLiveConfig(pvcConfig, include, clock, aside);
  const memory = new Memory(settings, aside.onUnrecorded);
  const delivery = createDelivery({ settings, live, log, warnings });
  const planner = createPlanner({ mode, selfHeal, hasToken }, clock);
  const refuseForeign = createForeignCheck(pvcConfig, () => readLiveConfig(pvcConfig, include), clock.pause);
  const mayWait = createGrace(clock.uptimeMs);
  const gate = createRestartGate({ settings, log, warnings, clock, onUnrecorded: aside.onUnrecorded });
  const standing = createConfigStanding(settings, transport);
  let lastOutcome: ConfigOutcome | undefined;
  let directories = directoriesOf(pvcConfig, undefined);

  async function reconcileConfig(pass: PassContext): Promise<PassOutcome> {
    const gateway = await transport.openConfig(connectLimitMs);
    standing.isNotValidated(gateway !== undefined); // unless the pass finds more
    if (!gateway && transport.isRestarting() && mayWait()) return UNDELIVERED; // else it starts with the file unseen
    if (gateway) await refuseForeign(gateway).catch(noteForeign);
    const state = await observeConfig(settings);
    aside.onObstacles(state.obstacles);
    standing.hasRead(state.desired?.md5 ?? NOTHING);
    const { plan, decision } = planner.choose(memory.recall(state), gateway);
    if (plan.kind === "drift" && !gateway && planner.mayBeOfStart(state)) return NOT_VALIDATED;
    if (state.observed && state.changedMs !== undefined) planner.hasSeen(state.observed, state.changedMs);
    if (state.desired) directories = directoriesOf(pvcConfig, state.desired);
    lastOutcome = plan.kind;
    if (plan.kind !== "update") await gate.clear();
    switch (plan.kind) {
      case "missing":
      case "reject":
        if (plan.lastGood) await writeGeneration(pvcConfig, plan.lastGood, state.observed);
        await warnOfRefusal(plan);
        standing.isRefused(plan);
        return { kind: "rejected" };
      case "drift":
        if (plan.target.changedAtStart.length > 0) await memory.remember(state, plan.desired, plan.target);
        tellStartChanges(plan.target);
        warnings.warnOnce("drift", [messages.describeDrift(pvcConfig, plan.paths, decision)]);
        standing.hasDrifted(plan.paths);
        return selfHeal && decision !== "given-up" ? UNHEALED : { kind: "equal" };
      case "none":
        await remember(state, plan);
        return confirm(plan, gateway, pass);
      case "validate": {
        const verdict = await live.validate({ live: plan.target.live, desired: plan.desired }, gateway);
        return conclude(delivery.conclude(plan, verdict), state, gateway, pass);
      }
      case "update": {
        if (gateway && !gate.held && !(await live.isReady(gateway)) && mayWait()) return UNDELIVERED;
        const held = await gate.admit(plan, state.observed, gateway);
        if (held) {
          standing.noteHeld(held.paths);
          return { kind: "held" };
        }
        const noted = noteChecksum(checksumDir, "config-pending", plan.desired.md5);
        const delivered = await delivery.deliver(plan, state, gateway, noted);
        if (delivered.outcome !== "rejected") planner.hasDelivered(plan, delivered.plan.target);
        return conclude(delivered, state, gateway, pass);
      }
    }
  }

  /** A gateway that goes away meanwhile is nothing to report here. */
  function noteForeign(error: unknown): void {
    if (error instanceof ManagerError && !(error instanceof ForeignPathError)) return;
    if (error instanceof ForeignPathError) lastOutcome = "foreign";
    throw error;
  }

  async function warnOfRefusal(plan: Extract<ConfigPlan, { kind: "missing" | "reject" }>): Promise<void> {
    const names = plan.kind === "missing" ? await readdir(configDir).catch(() => []) : [];
    const occasion = plan.kind === "missing" ? "" : plan.desired.verdictKey;
    warnings.warnOnce("config", messages.describeRefusal(plan, settings, names), occasion);
  }

  function tellStartChanges({ changedAtStart }: Target): void {
    if (changedAtStart.length > 0) warnings.warnOnce("start", [messages.describeStartChanges(changedAtStart)]);
  }

  async function conclude(
    delivered: Delivered,
    state: ConfigState,
    gateway: ConfigGateway | undefined,
    pass: PassContext,
  ): Promise<PassOutcome> {
    const { plan, outcome, rejection, isRestored = false } = delivered;
    if (outcome === "rejected") {
      standing.note(rejection?.problems ?? []);
      if (rejection) planner.hasRejected(rejection);
      await unlink(join(checksumDir, "config-pending")).catch(() => undefined);
      if (isRestored && state.lastApplied === plan.desired.md5) await memory.forget();
      lastOutcome = "reject";
      return { kind: "rejected" };
    }
    await remember(state, plan);
    if (plan.kind === "update") log("Config update complete (openclaw will auto-detect via chokidar)");
    return outcome === "valid" ? confirm(plan, gateway, pass) : NOT_VALIDATED;
  }

  async function remember(state: ConfigState, plan: Delivered["plan"]): Promise<void> {
    tellStartChanges(plan.target);
    const kept = await removeDropped(pvcConfig, plan.target.dropped);
    if (kept.length > 0) log(messages.describeKept(kept));
    await memory.remember(state, plan.desired, plan.target);
    for (const topic of ["config", "drift"]) warnings.clear(topic);
  }

  /** Waits until the gateway has applied the files, or the pass is superseded. */
  async function confirm(
    plan: Delivered["plan"],
    gateway: ConfigGateway | undefined,
    { isSuperseded }: PassContext,
  ): Promise<PassOutcome> {
    warnings.clear("validation");
    const { target, desired } = plan;
    if (gateway) planner.hasValidated(target.live, gateway);
    const applied = gateway && (await live.confirm({ live: target.live, desired }, gateway, isSuperseded));
    delivery.tellApplied(applied, plan);
    if (applied?.kind === "invalid") {
      standing.note(applied.rejection.problems);
      planner.hasRejected(applied.rejection);
      if (applied.restored) await memory.forget();
      lastOutcome = "reject";
      return { kind: "rejected" };
    }
    standing.isValid(applied, target.live);
    const isHealed = plan.kind === "update" && plan.isHealing;
    if (target.drift.length > 0 && !isHealed) {
      lastOutcome = "drift";
      standing.hasDrifted(target.drift);
      warnings.warnOnce("drift", [messages.describeDrift(pvcConfig, target.drift, selfHeal ? "later" : undefined)]);
      if (selfHeal) return UNHEALED;
    }
    return { kind: "equal" };
  }

  return {
    get lastOutcome() {
      return lastOutcome;
    },
    standing: () => standing.current,
    isHolding: () => gate.held !== undefined,
    async prepare() {
      const prepare = () => prepareConfig({ places: settings, mode, log, aside, warnOfRefusal });
      await attemptPass("Failed to update config", prepare, warnings);
      return isUsable(settings);
    },
    async reconcile(pass) {
      const outcome = await standing.attempt("Failed to update config", () => reconcileConfig(pass), warnings);
      aside.endPass();
      await removeStaleTempFiles(`${checksumDir}/config`);
      await removeStaleTempFilesIn(...directories);
      return outcome;
    },
  };
}
