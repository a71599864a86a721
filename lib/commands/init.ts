import { type KindName, inOrderOfNeed } from "./kinds.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Prepares the volume before the gateway starts: copies the config, and the cron definitions to the staging directory.
 * A broken config never replaces a good one.
 *
 * @param only the kinds to prepare
 * @returns whether the gateway can start; a kind that it does not need to start never prevents that
 */
export async function init({ reconcilers }: Pick<Runtime, "reconcilers">, only: readonly KindName[]): Promise<boolean> {
  let canStart = true;
  for (const [name, reconciler] of inOrderOfNeed(reconcilers)) {
    if (only.includes(name)) canStart = (await reconciler.prepare()) && canStart;
  }
  return canStart;
}
