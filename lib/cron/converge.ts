import { applyActions } from "./apply.ts";
import type { Definition } from "../definition/definition.ts";
import type { Log } from "../log.ts";
import { observeJobs } from "./observe.ts";
import { isOurs } from "./ownership.ts";
import { type CronAction, type CronPlan, type UnsupportedJob, type PlanOptions, planCron } from "./plan.ts";
import { type PassedJob, findPassed } from "./prospects.ts";
import type { CronStore } from "../gateway/store.ts";

/**
 * The most rounds of observe, plan and apply in one pass. The first round does the work, and the second observes that
 * nothing is left. The others are for jobs that somebody else changes at the same time.
 */
const MAX_ROUNDS = 4;

export interface ConvergeOptions {
  definitions: readonly Definition[];
  store: CronStore;
  policy: Omit<PlanOptions, "features" | "findExposed" | "defaultAgent" | "nowMs">;
  log: Log;
  signal: AbortSignal;
  nowMs?: () => number;
}

export interface Convergence {
  /**
   * Whether the live jobs equal the declared ones, observed after the last write. Unsupported jobs and refused removals
   * do not count.
   */
  isEqual: boolean;
  /** The number of writes. */
  changed: number;
  /** Names of the jobs that are not removed: too many at once. */
  refusedRemovals: string[];
  /** Declared jobs that need a feature that this gateway does not have. */
  unsupported: UnsupportedJob[];
  /** Declared one-shot jobs whose moment has passed. */
  passed: PassedJob[];
  /** The number of declared jobs, and of live jobs that are ours and that are not, at the last observation. */
  declared: number;
  owned: number;
  unmanaged: number;
}

/**
 * Makes the live jobs equal to the declared ones: observes, plans and applies until a plan is empty. Writes nothing if
 * nothing differs.
 *
 * @throws {ManagerError} `unreachable`, `refused`, `aborted`, or any code with `retryAfterMs`: retry later.
 */
export async function converge(options: ConvergeOptions): Promise<Convergence> {
  const { definitions, store, policy, log, signal, nowMs = Date.now } = options;
  let changed = 0;
  let refused = policy.refused ?? [];
  for (let round = 1; ; round++) {
    const { live, defaultAgent } = await observeJobs(store, definitions);
    const { features, findExposed } = store;
    const options = { ...policy, refused, features, ...(findExposed && { findExposed }), defaultAgent, nowMs: nowMs() };
    const plan = planCron(definitions, live, options);
    const { actions, refusedRemovals, unsupported, unmanaged } = plan;
    const passed = findPassed(definitions, live, { owner: policy.owner, nowMs: options.nowMs });
    refused = refusedRemovals;
    const owned = live.filter((job) => isOurs(job, policy.owner)).length;
    const rest = { refusedRemovals, unsupported, passed, declared: definitions.length, owned, unmanaged };
    if (actions.length === 0) return { isEqual: true, changed, ...rest };
    if (round > MAX_ROUNDS) {
      log(`WARNING: Cron jobs still differ from the ConfigMap after ${MAX_ROUNDS} rounds: ${describePlan(plan)}`);
      return { isEqual: false, changed, ...rest };
    }
    const outcomes = await applyActions(actions, { store, log, signal });
    changed += outcomes.filter(({ kind }) => kind === "done").length;
    if (outcomes.some(({ kind }) => kind === "failed")) return { isEqual: false, changed, ...rest };
  }
}

function describePlan({ actions }: CronPlan): string {
  return actions.map((action) => `${action.name} (${describeAction(action)})`).join(", ");
}

function describeAction(action: CronAction): string {
  return action.kind === "update" || action.kind === "adopt" ? action.fields.join(", ") : action.kind;
}
