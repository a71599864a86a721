import type { Heartbeat } from "./heartbeat.ts";
import type { Trigger } from "./trigger.ts";

/** How a pass ended, as far as the next one is concerned. */
export type PassOutcome =
  /** All equal: look again when woken. */
  | { kind: "equal" }
  /** As far as can be seen, but somebody else has to say so, or to let us: look again, as often as after a failure. */
  | { kind: "pending"; maxPauseMs: number }
  /** What is declared cannot be applied as it is. Only a change of it can help. */
  | { kind: "rejected" }
  /** Try again, after a pause that grows up to `maxPauseMs`, and is no shorter than the gateway asked for. */
  | { kind: "failed"; maxPauseMs: number; retryAfterMs?: number | undefined };

/** The pause after the first failure, in milliseconds; each further one doubles it. */
const FIRST_PAUSE_MS = 1_000;

/** No gateway means to be left alone for longer; and a timer of over 24 days would fire at once. */
const MAX_ASKED_PAUSE_MS = 3_600_000;

export interface LoopOptions {
  pass: () => Promise<PassOutcome>;
  trigger: Pick<Trigger, "wait">;
  /** Is told of each pass and each pause. What goes on within a pass, only the pass can tell. */
  heartbeat: Pick<Heartbeat, "beat" | "idle">;
  pollIntervalMs: number;
  signal: AbortSignal;
}

/** Passes until aborted: at once, then whenever woken, polled, or due for another try. */
export async function keepReconciled({ pass, trigger, heartbeat, pollIntervalMs, signal }: LoopOptions): Promise<void> {
  let attempts = 0;
  while (!signal.aborted) {
    heartbeat.beat();
    const outcome = await pass();
    if (outcome.kind === "equal" || outcome.kind === "rejected") {
      attempts = 0;
      heartbeat.idle(pollIntervalMs);
      await trigger.wait(pollIntervalMs, signal);
      continue;
    }
    attempts += 1;
    const pauseMs = pauseAfter(outcome, attempts);
    heartbeat.idle(pauseMs);
    // The events of our own half-done work are no reason to cut the pause short.
    await trigger.wait(pauseMs, signal, (reason) => reason !== "cron-event" && reason !== "disconnect");
  }
}

/**
 * Passes until one is equal, or what is declared cannot be applied, or `limitMs` is over, or aborted.
 *
 * @returns the outcome of the last pass.
 */
export async function reconcileWithin(
  limitMs: number,
  {
    pass,
    trigger,
    signal,
    nowMs = Date.now,
  }: Omit<LoopOptions, "pollIntervalMs" | "heartbeat"> & { nowMs?: () => number },
): Promise<PassOutcome> {
  const endMs = nowMs() + limitMs;
  for (let attempts = 1; ; attempts++) {
    const outcome = await pass();
    const leftMs = endMs - nowMs();
    if (outcome.kind === "equal" || outcome.kind === "rejected" || leftMs <= 0 || signal.aborted) return outcome;
    await trigger.wait(Math.min(pauseAfter(outcome, attempts), leftMs), signal, () => false);
  }
}

type Unfinished = Exclude<PassOutcome, { kind: "equal" | "rejected" }>;

function pauseAfter(outcome: Unfinished, attempts: number): number {
  const askedMs = outcome.kind === "failed" ? Math.min(outcome.retryAfterMs ?? 0, MAX_ASKED_PAUSE_MS) : 0;
  return Math.max(Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), outcome.maxPauseMs), askedMs);
}
