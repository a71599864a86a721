import type { PassContext } from "../reconcile/reconciler.ts";
import { type KindName, inOrderOfNeed } from "./kinds.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Runs one pass of each of these kinds.
 *
 * @returns whether observed equals desired now; a config that no gateway has validated yet counts as equal
 */
export async function sync(
  { reconcilers, signal }: Pick<Runtime, "reconcilers" | "signal">,
  only: readonly KindName[],
): Promise<boolean> {
  const pass: PassContext = { isSuperseded: () => signal.aborted, beat: () => undefined };
  let isEqual = true;
  for (const [name, reconciler] of inOrderOfNeed(reconcilers)) {
    if (!only.includes(name)) continue;
    const { kind } = await reconciler.reconcile(pass);
    isEqual &&= kind === "equal" || kind === "pending";
  }
  return isEqual;
}
