import type { Warnings } from "./warnings.ts";
import { ManagerError, describeError, toResult } from "../errors.ts";
import type { PassOutcome } from "./loop.ts";

/** The longest backoff after a failed pass, in milliseconds. */
const MAX_PAUSE_MS = 60_000;

/** The longest backoff while the gateway is unreachable: a try is cheap, and the gateway may come back soon. */
const MAX_UNREACHABLE_PAUSE_MS = 5_000;

/** Equal, but not validated by a gateway yet: tried again as often as an unreachable gateway. */
export const NOT_VALIDATED: Extract<PassOutcome, { kind: "pending" }> = {
  kind: "pending",
  maxPauseMs: MAX_UNREACHABLE_PAUSE_MS,
};

/** Nothing done, since the gateway restarts: it would start with a config that nobody has validated. */
export const UNDELIVERED: PassOutcome = { ...NOT_VALIDATED, isUndelivered: true };

/** Drifted, and the next self-healing has to wait. */
export const UNHEALED: PassOutcome = { kind: "pending", maxPauseMs: MAX_PAUSE_MS };

/** Some actions of the pass failed; each has been logged. */
export const FAILED: Extract<PassOutcome, { kind: "failed" }> = { kind: "failed", maxPauseMs: MAX_PAUSE_MS };

/** How often a pass that was interrupted is run again at once. A gateway that is gone says so at the next connection. */
const RERUNS = 3;

/**
 * Runs one pass and turns a {@link ManagerError} into a failed outcome. It logs `WARNING: TOPIC: REASON` once, until
 * the reason changes. Any other error is a bug and is thrown. A pass whose connection ends under it, as at the rotation
 * of a token, is run again at once.
 *
 * @param onFailure is told the error that the pass has ended with
 */
export async function attemptPass(
  topic: string,
  pass: () => Promise<PassOutcome>,
  warnings: Warnings,
  onFailure: (error: ManagerError) => void = () => undefined,
): Promise<PassOutcome> {
  try {
    const outcome = await runUninterrupted(pass);
    if (outcome.kind === "equal" || outcome.kind === "pending" || outcome.kind === "held") warnings.clear(topic);
    return outcome;
  } catch (error) {
    if (!(error instanceof ManagerError)) throw error;
    onFailure(error);
    if (error.code !== "aborted") warnings.warnOnce(topic, [`WARNING: ${topic}: ${describeError(error)}`]);
    const maxPauseMs = isGone(error) ? MAX_UNREACHABLE_PAUSE_MS : MAX_PAUSE_MS;
    return { kind: "failed", maxPauseMs, retryAfterMs: error.retryAfterMs };
  }
}

async function runUninterrupted(pass: () => Promise<PassOutcome>): Promise<PassOutcome> {
  for (let run = 0; run < RERUNS; run++) {
    const outcome = await toResult(pass());
    if (!(outcome instanceof ManagerError)) return outcome;
    if (outcome.code !== "interrupted") throw outcome;
  }
  return pass();
}

function isGone({ code }: ManagerError): boolean {
  return code === "unreachable" || code === "interrupted";
}
