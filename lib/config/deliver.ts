import type { ConfigGateway } from "../gateway/config-calls.ts";
import type { Log } from "../log.ts";
import { type Warnings, logSome } from "../reconcile/warnings.ts";
import type { Confirmation, Delivery, LiveConfig } from "./apply.ts";
import * as messages from "./messages.ts";
import type { ConfigPlaces, ConfigState } from "./observe.ts";
import type { ConfigPlan, ConfigUpdate } from "./plan.ts";
import type { Rejection } from "./record.ts";
import { describeChanges } from "./reload.ts";
import { differences } from "./target.ts";

/** A plan that can end with live files that are what they should be. */
type Fulfilled = Extract<ConfigPlan, { kind: "none" | "validate" | "update" }>;

export interface Delivered {
  /** The plan whose target is in place. */
  plan: Fulfilled;
  outcome: "valid" | "unknown" | "rejected";
  /** What the gateway said, if it is rejected, and whether former files are back in place. */
  rejection?: Rejection;
  isRestored?: boolean;
}

/** Delivers a planned update, with its log lines. */
export interface ConfigDelivery {
  /** @param isNoted resolves once the delivery is noted, so that one that is interrupted is known */
  deliver(
    plan: ConfigUpdate,
    state: ConfigState,
    gateway: ConfigGateway | undefined,
    isNoted: Promise<void>,
  ): Promise<Delivered>;
  /** Tells the verdict on live files that are in place. */
  conclude(plan: Fulfilled, delivery: Delivery): Delivered;
  /** Tells whether the gateway has applied them. Undefined: there is no gateway to tell. */
  tellApplied(applied: Confirmation | undefined, plan: Fulfilled): void;
}

export interface DeliveryDependencies {
  settings: Pick<ConfigPlaces, "configDir" | "pvcConfig">;
  live: LiveConfig;
  log: Log;
  warnings: Warnings;
}

export function createDelivery({ settings, live, log, warnings }: DeliveryDependencies): ConfigDelivery {
  const { configDir, pvcConfig } = settings;
  /** Whether "Config in force" is still to be logged for a delivered config. */
  let mustLogApplied = false;

  async function write(
    plan: ConfigUpdate,
    gateway: ConfigGateway | undefined,
    isNoted = Promise.resolve(),
  ): Promise<Delivery> {
    const { target, desired, paths } = plan;
    const writing = { live: target.live, desired, isChange: paths.length > 0, replacesBackup: target.isRestored };
    return live.deliver(writing, gateway, isNoted);
  }

  /** Tries Git's changes since the last record, where the gateway refuses keys that it has migrated itself. */
  async function writeFallback(
    plan: ConfigUpdate,
    state: ConfigState,
    gateway: ConfigGateway | undefined,
  ): Promise<{ plan: ConfigUpdate; delivery: Delivery } | undefined> {
    if (!plan.fallback) return undefined;
    const paths = differences(state.observed, plan.fallback.live).map(({ path }) => path);
    const merged: ConfigUpdate = { ...plan, target: plan.fallback, paths, fallback: undefined };
    const isInPlace = merged.target.live.equals(state.observed);
    const writing = { live: merged.target.live, desired: plan.desired };
    const delivery = isInPlace ? await live.validate(writing, gateway) : await write(merged, gateway);
    return delivery.kind === "valid" ? { plan: merged, delivery } : undefined;
  }

  function reject(plan: Fulfilled, { rejection, restored }: Extract<Delivery, { kind: "invalid" }>): Delivered {
    const lines = messages.describeRejection(pvcConfig, rejection.problems, !restored);
    warnings.warnOnce("config", lines, plan.desired.verdictKey);
    return { plan, outcome: "rejected", rejection, isRestored: restored !== undefined };
  }

  function conclude(plan: Fulfilled, delivery: Delivery): Delivered {
    if (delivery.kind === "invalid") return reject(plan, delivery);
    if (delivery.kind === "unknown") {
      const isSilent = plan.kind !== "update" && delivery.reason === undefined;
      if (!isSilent)
        warnings.warnOnce("validation", [messages.describeNotValidated(delivery)], plan.desired.verdictKey);
      return { plan, outcome: "unknown" };
    }
    mustLogApplied &&= delivery.isApplied !== undefined;
    const { migrated } = plan.target;
    if (plan.kind === "validate" && plan.isFallback && migrated.length > 0) log(messages.describeMigrated(migrated));
    logSome(
      log,
      delivery.warnings.map((warning) => `WARNING: Config accepted, but ${warning}`),
    );
    return { plan, outcome: "valid" };
  }

  return {
    conclude,
    async deliver(update, state, gateway, isNoted) {
      log(
        update.isHealing
          ? `Healing config drift in ${pvcConfig}`
          : `Config change detected in ${configDir}/openclaw.json`,
      );
      logSome(log, update.warnings);
      if (update.target.isRestored) log(messages.describeRestored(update.paths));
      const first = await write(update, gateway, isNoted);
      const second = first.kind === "invalid" ? await writeFallback(update, state, gateway) : undefined;
      const { plan, delivery } = second ?? { plan: update, delivery: first };
      if (delivery.kind === "invalid") return reject(plan, delivery);
      log(`Config copied to PVC: ${pvcConfig}`);
      for (const line of await describeChanges(plan.paths, gateway)) log(line);
      const { migrated } = plan.target;
      if (migrated.length > 0) log(messages.describeMigrated(migrated));
      mustLogApplied = true;
      return conclude(plan, delivery);
    },
    tellApplied(applied, plan) {
      switch (applied?.kind) {
        case "applied":
          if (mustLogApplied) log("Config in force");
          mustLogApplied = false;
          warnings.clear("applied");
          break;
        case "timeout":
          warnings.warnOnce("applied", [messages.describeApplyTimeout(plan.target.live)], plan.desired.verdictKey);
          break;
        case "invalid":
          reject(plan, applied);
          break;
        case "unknown":
        case undefined:
      }
    },
  };
}
