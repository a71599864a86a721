import type { Heartbeat } from "./heartbeat.ts";
import type { Trigger } from "./trigger.ts";

/** How a pass ended. It decides when the next one begins. */
export type PassOutcome =
  /** Observed equals desired. Next pass: at the next trigger or poll. */
  | { kind: "equal" }
  /**
   * Equal, but not validated by the gateway yet, or a repair has to wait. `isUndelivered`: nothing was written,
   * since the gateway restarts. Next pass: with backoff, like a failure.
   */
  | { kind: "pending"; maxPauseMs: number; isUndelivered?: true }
  /** Put off until the gateway has no work. Next pass: in half a second. */
  | { kind: "held" }
  /** The desired state cannot be applied. Only a change of it helps. Next pass: at the next trigger or poll. */
  | { kind: "rejected" }
  /** Retry with backoff, at most `maxPauseMs` and at least as long as the gateway asked for. */
  | { kind: "failed"; maxPauseMs: number; retryAfterMs?: number | undefined };

/** The pause after the first failure, in milliseconds. Each further failure doubles it. */
const FIRST_PAUSE_MS = 1_000;

/** The pause of a loop that holds a change, in milliseconds. */
const HELD_PAUSE_MS = 500;

/** The longest `retryAfterMs` that is honoured. A timer of over 24 days would fire at once. */
export const MAX_ASKED_PAUSE_MS = 3_600_000;

/** How many passes in a row may follow the events of a restless gateway at once: it restarts, or a person is at work. */
const FREE_PASSES = 3;

/** The first pause before the next such pass, in milliseconds. Each further one doubles it, up to the poll interval. */
const FIRST_CALM_MS = 1_000;

export interface LoopOptions {
  pass: () => Promise<PassOutcome>;
  trigger: Pick<Trigger, "wait">;
  /** The loop reports the start of each pass and each pause; a long pass beats by itself. */
  heartbeat: Pick<Heartbeat, "beat" | "idle">;
  pollIntervalMs: number;
  signal: AbortSignal;
}

/** Runs passes until aborted: one at once, then one per trigger, poll or retry. */
export async function keepReconciled({ pass, trigger, heartbeat, pollIntervalMs, signal }: LoopOptions): Promise<void> {
  let attempts = 0;
  let restlessWaits = 0;
  const wait = async (timeoutMs: number, counts?: Parameters<Trigger["wait"]>[2]) => {
    const calmMs = Math.min(FIRST_CALM_MS * 2 ** (restlessWaits - FREE_PASSES), pollIntervalMs);
    const isRestless = await trigger.wait(timeoutMs, signal, counts, restlessWaits < FREE_PASSES ? 0 : calmMs);
    restlessWaits = isRestless ? restlessWaits + 1 : 0;
  };
  while (!signal.aborted) {
    heartbeat.beat();
    const outcome = await pass();
    if (outcome.kind === "equal" || outcome.kind === "rejected") {
      attempts = 0;
      heartbeat.idle(pollIntervalMs);
      await wait(pollIntervalMs);
      continue;
    }
    attempts = outcome.kind === "held" ? 0 : attempts + 1;
    const pauseMs = pauseAfter(outcome, attempts);
    heartbeat.idle(pauseMs);
    // Our own writes cause these events. They must not shorten the backoff.
    await wait(pauseMs, (reason) => reason !== "cron-event" && reason !== "disconnect");
  }
}

/**
 * Runs passes until one is equal or rejected, `limitMs` is over, or aborted.
 *
 * @returns the outcome of the last pass.
 */
export async function reconcileWithin(
  limitMs: number,
  { pass, trigger, signal, uptimeMs }: Omit<LoopOptions, "pollIntervalMs" | "heartbeat"> & { uptimeMs: () => number },
): Promise<PassOutcome> {
  const endMs = uptimeMs() + limitMs;
  for (let attempts = 1; ; attempts++) {
    const outcome = await pass();
    const leftMs = endMs - uptimeMs();
    if (outcome.kind === "equal" || outcome.kind === "rejected" || leftMs <= 0 || signal.aborted) return outcome;
    await trigger.wait(Math.min(pauseAfter(outcome, attempts), leftMs), signal, () => false);
  }
}

type Unfinished = Exclude<PassOutcome, { kind: "equal" | "rejected" }>;

function pauseAfter(outcome: Unfinished, attempts: number): number {
  if (outcome.kind === "held") return HELD_PAUSE_MS;
  const askedMs = outcome.kind === "failed" ? Math.min(outcome.retryAfterMs ?? 0, MAX_ASKED_PAUSE_MS) : 0;
  return Math.max(Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), outcome.maxPauseMs), askedMs);
}
