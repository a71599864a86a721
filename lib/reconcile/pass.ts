import type { Warnings } from "./warnings.ts";
import { ManagerError, describeError } from "../errors.ts";
import type { PassOutcome } from "./loop.ts";

/** The longest pause between two tries of a failed pass, in milliseconds. */
const MAX_PAUSE_MS = 60_000;

/** While nobody answers: asking again costs next to nothing, and the gateway may be back any moment. */
const MAX_UNREACHABLE_PAUSE_MS = 5_000;

/** Equal, but for a gateway's word on it. */
export const NOT_VALIDATED: PassOutcome = { kind: "pending", maxPauseMs: MAX_UNREACHABLE_PAUSE_MS };

/** The live config was edited, and its healing has to wait. */
export const UNHEALED: PassOutcome = { kind: "pending", maxPauseMs: MAX_PAUSE_MS };

/** A pass in which some jobs were not liked; each has been logged. */
export const FAILED: PassOutcome = { kind: "failed", maxPauseMs: MAX_PAUSE_MS };

/**
 * Runs one pass and turns a {@link ManagerError} into its outcome, with one WARNING: `WARNING: TOPIC: REASON`,
 * said once for as long as the reason stays the same. Anything else that is thrown is a bug, and goes on.
 */
export async function attemptPass(
  topic: string,
  pass: () => Promise<PassOutcome>,
  warnings: Warnings,
): Promise<PassOutcome> {
  try {
    const outcome = await pass();
    if (outcome.kind === "equal" || outcome.kind === "pending") warnings.clear(topic);
    return outcome;
  } catch (error) {
    if (!(error instanceof ManagerError)) throw error;
    if (error.code !== "aborted") warnings.warnOnce(topic, [`WARNING: ${topic}: ${describeError(error)}`]);
    const maxPauseMs = error.code === "unreachable" ? MAX_UNREACHABLE_PAUSE_MS : MAX_PAUSE_MS;
    return { kind: "failed", maxPauseMs, retryAfterMs: error.retryAfterMs };
  }
}
