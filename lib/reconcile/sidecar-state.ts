import { type Heartbeat, createHeartbeat } from "./heartbeat.ts";
import type { PassOutcome } from "./loop.ts";
import type { Reconciler } from "./reconciler.ts";
import { type Trigger, createTrigger } from "./trigger.ts";

export const RESULTS = [
  "equal",
  "pending",
  "held",
  "rejected",
  "failed",
] as const satisfies readonly PassOutcome["kind"][];

/** The state of the sidecar: one loop per kind of setting. The passes write it; the HTTP pages read it. */
export type SidecarState = readonly Loop[];

/** The loop of one kind of setting. */
export interface Loop {
  readonly reconciler: Reconciler;
  readonly trigger: Trigger;
  readonly heartbeat: Heartbeat;
  /** The number of passes by outcome. */
  readonly passes: Readonly<Record<PassOutcome["kind"], number>>;
  /** How the last pass ended; undefined before the first has. */
  readonly lastResult: PassOutcome["kind"] | undefined;
  /** When a pass last ended equal, in milliseconds since 1970; 0 before the first. */
  readonly lastSuccessMs: number;
  /** How long the last pass took, in milliseconds; undefined before the first has ended. */
  readonly lastPassMs: number | undefined;
  /** Runs a pass and records its outcome and duration. */
  readonly track: (pass: () => Promise<PassOutcome>) => Promise<PassOutcome>;
}

export interface StateClock {
  /** Wall clock. */
  nowMs: () => number;
  /** Monotonic clock, see {@link createHeartbeat}. */
  uptimeMs: () => number;
}

export function createSidecarState(reconcilers: readonly Reconciler[], clock: StateClock): SidecarState {
  return reconcilers.map((reconciler) => createLoop(reconciler, clock));
}

function createLoop(reconciler: Reconciler, { nowMs, uptimeMs }: StateClock): Loop {
  const passes = { equal: 0, pending: 0, held: 0, rejected: 0, failed: 0 };
  let lastResult: PassOutcome["kind"] | undefined;
  let lastSuccessMs = 0;
  let lastPassMs: number | undefined;
  return {
    reconciler,
    trigger: createTrigger(),
    heartbeat: createHeartbeat(uptimeMs),
    passes,
    get lastResult() {
      return lastResult;
    },
    get lastSuccessMs() {
      return lastSuccessMs;
    },
    get lastPassMs() {
      return lastPassMs;
    },
    async track(pass) {
      const beganMs = uptimeMs();
      const outcome = await pass();
      passes[outcome.kind] += 1;
      lastResult = outcome.kind;
      lastPassMs = uptimeMs() - beganMs;
      if (outcome.kind === "equal") lastSuccessMs = nowMs();
      return outcome;
    },
  };
}

/** Returns whether the first pass has ended, with any outcome. */
export function hasPassed({ lastPassMs }: Loop): boolean {
  return lastPassMs !== undefined;
}
