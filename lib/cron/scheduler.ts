import type { Definition } from "../definition/definition.ts";
import { ManagerError, toResult } from "../errors.ts";
import type { CronStore } from "../gateway/store.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import { isOurs } from "./ownership.ts";
import type { CronSnapshot } from "./snapshot.ts";

/** Why no job runs, for a report. */
export const SCHEDULER_OFF =
  "the gateway's cron scheduler is off, so no job runs: cron.enabled is false in its config, or OPENCLAW_SKIP_CRON=1 is set in its container";

/** Whether a job should run, as Git or the gateway has it, and none does. */
export function isIdle({ scheduler, desired, live }: CronSnapshot, owner: string): boolean {
  if (scheduler instanceof ManagerError || scheduler.enabled) return false;
  if (!(desired instanceof ManagerError) && desired.kind === "valid" && wantsRuns(desired.definitions)) return true;
  return !(live instanceof ManagerError) && live.some((job) => job.enabled && isOurs(job, owner));
}

function wantsRuns(definitions: readonly Definition[]): boolean {
  return definitions.some(({ enabled }) => enabled !== false);
}

/** Follows the gateway's scheduler from pass to pass. */
export interface SchedulerWatch {
  /** Undefined until the gateway has told, and while it does not. */
  readonly isEnabled: boolean | undefined;
  /** Asks the gateway, and logs once that it runs no job, if one is to. A gateway that does not tell fails nothing. */
  look(store: Pick<CronStore, "readScheduler">, definitions: readonly Definition[]): Promise<void>;
}

export function createSchedulerWatch(warnings: Warnings): SchedulerWatch {
  let isEnabled: boolean | undefined;
  return {
    get isEnabled() {
      return isEnabled;
    },
    async look(store, definitions) {
      const scheduler = await toResult(store.readScheduler());
      isEnabled = scheduler instanceof ManagerError ? undefined : scheduler.enabled;
      if (isEnabled === undefined) return;
      if (isEnabled || !wantsRuns(definitions)) warnings.clear("scheduler");
      else warnings.warnOnce("scheduler", [`WARNING: Cron jobs do not run: ${SCHEDULER_OFF}`]);
    },
  };
}
