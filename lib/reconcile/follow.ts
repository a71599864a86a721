import { watchDirectory } from "../files/watch.ts";
import { type PassOutcome, keepReconciled } from "./loop.ts";
import type { PassContext } from "./reconciler.ts";
import type { Loop } from "./sidecar-state.ts";

export interface FollowOptions {
  pollIntervalMs: number;
  signal: AbortSignal;
}

/** Reconciles one kind of setting until aborted: one pass at once, then one per trigger and per poll. */
export async function follow(
  { reconciler, trigger, heartbeat, track }: Loop,
  pass: (context: PassContext) => Promise<PassOutcome>,
  { pollIntervalMs, signal }: FollowOptions,
): Promise<void> {
  const watches = reconciler.directories.map((directory) =>
    watchDirectory(directory, () => trigger.fire("file"), pollIntervalMs),
  );
  const context: PassContext = {
    isSuperseded: () => signal.aborted || trigger.hasFired("file", "signal"),
    beat: () => heartbeat.beat(),
  };
  await keepReconciled({ pass: () => track(() => pass(context)), trigger, heartbeat, pollIntervalMs, signal });
  for (const watch of watches) watch.close();
}
