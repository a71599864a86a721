import { applyActions } from "./apply.ts";
import type { Definition } from "../definition/definition.ts";
import type { Log } from "../log.ts";
import { isOurs } from "./ownership.ts";
import { type CronAction, type CronPlan, type UnsupportedJob, type PlanOptions, planCron } from "./plan.ts";
import type { CronStore } from "../gateway/store.ts";

/**
 * How often a pass observes, plans and applies. The first round does the work and the second finds nothing
 * to do; the others are for somebody who changes jobs at the same time.
 */
const MAX_ROUNDS = 4;

export interface ConvergeOptions {
  definitions: readonly Definition[];
  store: CronStore;
  policy: Omit<PlanOptions, "features" | "nowMs">;
  log: Log;
  signal: AbortSignal;
  nowMs?: () => number;
}

export interface Convergence {
  /**
   * Whether the live jobs are the declared ones, but for those that are unsupported, by an observation made after
   * the last write.
   */
  isEqual: boolean;
  /** How many writes were done. */
  changed: number;
  /** Names that were to be removed: too many at once, so that nothing was done at all. */
  refusedRemovals: string[];
  /** Jobs that this gateway cannot take as they are declared. */
  unsupported: UnsupportedJob[];
  /** How many jobs are declared, and how many live ones were ours, and were not, when they were last listed. */
  declared: number;
  owned: number;
  unmanaged: number;
}

/**
 * Makes the live jobs equal to the declared ones: observe, plan, apply, and observe again, until the plan is
 * empty. No write where nothing differs.
 *
 * @throws {ManagerError} `unreachable`, `refused`, `aborted`, or with `retryAfterMs`: nothing can be done now.
 */
export async function converge(options: ConvergeOptions): Promise<Convergence> {
  const { definitions, store, policy, log, signal, nowMs = Date.now } = options;
  let changed = 0;
  for (let round = 1; ; round++) {
    const live = await store.listJobs();
    const plan = planCron(definitions, live, { ...policy, features: store.features, nowMs: nowMs() });
    const { actions, refusedRemovals, unsupported, unmanaged } = plan;
    const owned = live.filter((job) => isOurs(job, policy.owner)).length;
    const rest = { refusedRemovals, unsupported, declared: definitions.length, owned, unmanaged };
    if (actions.length === 0) return { isEqual: refusedRemovals.length === 0, changed, ...rest };
    if (round > MAX_ROUNDS) {
      log(`WARNING: Cron jobs do not become equal to the ConfigMap: ${describePlan(plan)}`);
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
