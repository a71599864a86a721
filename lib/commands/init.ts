import type { KindName } from "./kinds.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Does what has to be done before the gateway starts: the config to the volume, the cron definitions to the staging
 * directory. What is broken never replaces what is good.
 *
 * @param only the kind to do, where it is not all of them.
 * @returns whether OpenClaw will find a config that it can read; true where that is not for this one to see to.
 */
export async function init(
  { reconcilers }: Pick<Runtime, "reconcilers">,
  only: KindName | undefined,
): Promise<boolean> {
  let canStart = true;
  for (const [name, reconciler] of Object.entries(reconcilers)) {
    if (only === undefined || only === name) canStart = (await reconciler.prepare()) && canStart;
  }
  return canStart;
}
