import type { ConfigPlan } from "../config/plan.ts";
import type { Convergence } from "../cron/converge.ts";
import type { DesiredSet } from "../definition/files.ts";
import type { PassOutcome } from "./loop.ts";
import { type Heartbeat, createHeartbeat } from "./heartbeat.ts";

export const RECONCILERS = ["config", "cron"] as const;

export const RESULTS = ["equal", "pending", "rejected", "failed"] as const satisfies readonly PassOutcome["kind"][];

/** What is known of one loop. */
export interface LoopState {
  readonly heartbeat: Heartbeat;
  /** How many passes have ended so. */
  readonly passes: Readonly<Record<PassOutcome["kind"], number>>;
  /** When a pass found all equal, in milliseconds since 1970; 0 until one has. */
  readonly lastSuccessMs: number;
  /** How long the last pass took, in milliseconds; undefined until one has ended. */
  readonly lastPassMs: number | undefined;
  /** Runs a pass, and writes down how it ended. */
  track(pass: () => Promise<PassOutcome>): Promise<PassOutcome>;
}

/** What the sidecar knows of itself: its passes write it, and whoever asks over HTTP reads it. */
export interface SidecarState {
  readonly config: LoopState;
  readonly cron: LoopState;
  /** What was to be done about the config when it was last looked at. */
  configPlan?: ConfigPlan["kind"];
  /** What the definitions were when they were last read. */
  definitions?: DesiredSet["kind"];
  /** What the jobs were like at the end of the last pass that saw them. */
  convergence?: Convergence;
}

export interface StateClock {
  /** Time of day. */
  nowMs: () => number;
  /** As {@link createHeartbeat} wants it. */
  uptimeMs: () => number;
}

export function createSidecarState(clock: StateClock): SidecarState {
  return { config: createLoopState(clock), cron: createLoopState(clock) };
}

function createLoopState({ nowMs, uptimeMs }: StateClock): LoopState {
  const passes = { equal: 0, pending: 0, rejected: 0, failed: 0 };
  let lastSuccessMs = 0;
  let lastPassMs: number | undefined;
  return {
    heartbeat: createHeartbeat(uptimeMs),
    passes,
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
      lastPassMs = uptimeMs() - beganMs;
      if (outcome.kind === "equal") lastSuccessMs = nowMs();
      return outcome;
    },
  };
}

/** Whether the loop has been through, whatever came of it. */
export function hasPassed({ lastPassMs }: LoopState): boolean {
  return lastPassMs !== undefined;
}
