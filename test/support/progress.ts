import { type Progress, compare } from "../../lib/commands/wait-state.ts";
import type { Reconciler } from "../../lib/reconcile/reconciler.ts";

/** What `wait` finds of one kind, if the same is mounted in the Job as in the sidecar. Undefined: it does not wait. */
export async function progressOf({ readMounted, standing }: Reconciler): Promise<Progress | undefined> {
  const mounted = await readMounted?.();
  if (mounted?.checksum === undefined) return undefined;
  const { checksum = null, state, problems } = standing?.() ?? { state: "unknown", problems: [] };
  return compare(mounted, { checksum, state, problems: [...problems] });
}
