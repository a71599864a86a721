import type { PassContext } from "../reconcile/reconciler.ts";
import { type KindName, inOrderOfNeed } from "./kinds.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Runs one pass of every kind, or of one.
 *
 * @returns whether observed equals desired now; a config that no gateway has validated yet counts as equal
 */
export async function sync(
  { reconcilers, signal }: Pick<Runtime, "reconcilers" | "signal">,
  only: KindName | undefined,
): Promise<boolean> {
  const pass: PassContext = { isSuperseded: () => signal.aborted, beat: () => undefined };
  let isEqual = true;
  for (const [name, reconciler] of inOrderOfNeed(reconcilers)) {
    if (only !== undefined && only !== name) continue;
    const { kind } = await reconciler.reconcile(pass);
    isEqual &&= kind === "equal" || kind === "pending";
  }
  return isEqual;
}
