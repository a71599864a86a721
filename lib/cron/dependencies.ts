import type { CronStore } from "../gateway/store.ts";
import type { Log } from "../log.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import type { Settings } from "../settings.ts";

export interface CronDependencies {
  settings: Pick<Settings, "cronDir" | "stagingDir" | "checksumDir" | "owner" | "prune">;
  allowMassRemoval: boolean;
  /** Whether the first pass logs definitions that an earlier process applied: the sidecar does, `sync` does not. */
  logsFirstPass: boolean;
  /** Opens the API of the live jobs. */
  transport: { open(): Promise<CronStore> };
  log: Log;
  warnings: Warnings;
  signal: AbortSignal;
}
