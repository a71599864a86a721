import type { Clock } from "../clock.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import type { Generation } from "./generation.ts";
import { type HealDecision, createHealing } from "../reconcile/healing.ts";
import type { ConfigState } from "./observe.ts";
import { type ConfigPlan, type ConfigPolicy, type ConfigUpdate, planConfig } from "./plan.ts";
import { Sightings } from "./remember.ts";
import type { Rejection } from "./record.ts";
import { createRejections } from "./rejections.ts";
import type { ConfigMode, Target } from "./target.ts";

/** How long after a change of the live files a gateway may be starting, and the change its own, in milliseconds. */
const START_LIMIT_MS = 120_000;

/** How long no gateway may answer before a merge counts as what keeps it from starting, in milliseconds. */
const RESCUE_MS = 180_000;

/** Plans the passes of one process, with what this process has seen and done before. */
export interface Planner {
  /** `decision`: of drift, with `--self-heal`. */
  choose(
    state: ConfigState,
    gateway: ConfigGateway | undefined,
  ): { plan: ConfigPlan; decision: HealDecision | undefined };
  /** Whether it is too early to call a difference drift: a gateway that does not answer yet may be starting. */
  mayBeOfStart(state: ConfigState): boolean;
  /** To be called when a gateway has found these live files valid. It may not run with them yet. */
  hasValidated(live: Generation, gateway: ConfigGateway): void;
  /** To be called when a gateway has rejected a config. */
  hasRejected(rejection: Rejection): void;
  /** To be called with the live files after each pass. @param changedMs in milliseconds since 1970 */
  hasSeen(live: Generation, changedMs: number): void;
  /** To be called after each delivery with what is in place now. */
  hasDelivered(update: ConfigUpdate, inPlace: Target): void;
}

export function createPlanner(
  { mode, selfHeal, hasToken }: { mode: ConfigMode; selfHeal: boolean; hasToken: boolean },
  { nowMs, uptimeMs }: Pick<Clock, "nowMs" | "uptimeMs">,
): Planner {
  const healing = createHealing(uptimeMs);
  const sightings = new Sightings();
  const rejections = createRejections(uptimeMs);
  let validated: { live: Generation; gateway: ConfigGateway } | undefined;
  let lastGatewayMs = uptimeMs();

  /**
   * Replaces a merge that no gateway has started with: what it has kept may be what keeps the gateway from starting, and
   * only Git's own bytes are known to be what a person wants.
   */
  function rescue(plan: ConfigPlan, state: ConfigState, policy: ConfigPolicy): ConfigPlan {
    if (policy.gateway) lastGatewayMs = uptimeMs();
    const isStuck = uptimeMs() - lastGatewayMs > RESCUE_MS && plan.kind === "validate" && plan.target.mode === "merged";
    if (!isStuck || state.observed?.equals(state.lastGood)) return plan;
    lastGatewayMs = uptimeMs();
    return planConfig({ ...state, lastApplied: undefined }, { ...policy, mode: "replace" });
  }

  return {
    choose(observed, gateway) {
      const state = { ...observed, rejection: rejections.choose(observed.rejection, gateway) };
      // Once a pass is through, what changes later is not of the start.
      const start = validated?.gateway === gateway ? undefined : gateway?.start;
      const policy: ConfigPolicy = {
        mode,
        gateway,
        start,
        before: start && sightings.before(start.sinceMs),
        validated: validated?.gateway === gateway ? validated?.live : undefined,
        hasToken,
        selfHeal: false,
        isPodStart: false,
      };
      const plan = rescue(planConfig(state, policy), state, policy);
      if (plan.kind !== "drift" || !selfHeal) return { plan, decision: undefined };
      // A gateway that cannot start with a broken file has nothing to lose.
      const mayBeStarting = !gateway && state.observed?.resolved.kind === "parsed";
      const decision = healing.decide(plan.desired.md5, plan.paths, mayBeStarting);
      return { plan: decision === "now" ? planConfig(state, { ...policy, selfHeal: true }) : plan, decision };
    },
    mayBeOfStart({ changedMs = 0, observed }) {
      const ageMs = nowMs() - changedMs;
      return observed?.resolved.kind === "parsed" && ageMs >= 0 && ageMs < START_LIMIT_MS;
    },
    hasValidated(live, gateway) {
      validated = { live, gateway };
    },
    hasRejected: (rejection) => rejections.add(rejection),
    hasSeen: (live, changedMs) => sightings.add(live, changedMs),
    hasDelivered({ target, isHealing }, inPlace) {
      if (isHealing) healing.hasHealed(target.drift);
      sightings.add(inPlace.live, nowMs());
    },
  };
}
