import type { PassContext } from "../reconcile/reconciler.ts";
import { type KindName, inOrderOfNeed } from "./kinds.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Runs one pass of each of these kinds.
 *
 * @returns whether observed equals desired now; a config that no gateway has validated yet counts as equal
 */
export async function sync(
  { reconcilers, signal, log }: Pick<Runtime, "reconcilers" | "signal" | "log">,
  only: readonly KindName[],
): Promise<boolean> {
  const pass: PassContext = { isSuperseded: () => signal.aborted, beat: () => undefined };
  let isEqual = true;
  for (const [name, reconciler] of inOrderOfNeed(reconcilers)) {
    if (!only.includes(name)) continue;
    const outcome = await reconciler.reconcile(pass);
    const isUndelivered = outcome.kind === "pending" && outcome.isUndelivered === true;
    if (isUndelivered) {
      log(`WARNING: Nothing done about ${name}: the gateway is restarting (run sync again once it is back)`);
    }
    isEqual &&= outcome.kind === "equal" || (outcome.kind === "pending" && !isUndelivered);
  }
  return isEqual;
}
