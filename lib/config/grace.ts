/** How long Git's change may wait for a gateway that restarts, in milliseconds. A start takes two minutes at most. */
const HOLD_LIMIT_MS = 180_000;

/** After so long without a question, in milliseconds, the next one begins another wait. Passes ask every few seconds. */
const GAP_MS = 60_000;

/**
 * Creates a function that tells whether Git's change may wait once more for a gateway that comes and goes. Something
 * else on the gateway's port may come and go without end.
 *
 * @param uptimeMs a monotonic clock
 */
export function createGrace(uptimeMs: () => number): () => boolean {
  let beganMs = Number.NEGATIVE_INFINITY;
  let askedMs = Number.NEGATIVE_INFINITY;
  return () => {
    const now = uptimeMs();
    if (now - askedMs > GAP_MS) beganMs = now;
    askedMs = now;
    return now - beganMs < HOLD_LIMIT_MS;
  };
}
