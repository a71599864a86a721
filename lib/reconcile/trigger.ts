/** What a gateway does: the connection is up, or has ended; a cron job was added, updated or removed. */
export type GatewayEvent = "connect" | "disconnect" | "cron-event";

/** Why a reconciler should look. A reason only wakes it: the pass reads everything anew. */
type TriggerReason = "file" | "signal" | GatewayEvent;

/** Starts the next pass. A reason that is fired while nobody waits counts for the next wait. */
export interface Trigger {
  fire(reason: TriggerReason): void;
  /** Whether one of these has been fired since the last wait. */
  hasFired(...reasons: TriggerReason[]): boolean;
  /**
   * Waits until a reason that `counts` has been fired, `timeoutMs` is over, or `signal` is aborted; then forgets
   * all reasons.
   */
  wait(timeoutMs: number, signal: AbortSignal, counts?: (reason: TriggerReason) => boolean): Promise<void>;
}

export function createTrigger(): Trigger {
  const fired = new Set<TriggerReason>();
  let listener: (() => void) | undefined;
  return {
    fire(reason) {
      fired.add(reason);
      listener?.();
    },
    hasFired: (...reasons) => reasons.some((reason) => fired.has(reason)),
    async wait(timeoutMs, signal, counts = () => true) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      const onAbort = () => resolve();
      signal.addEventListener("abort", onAbort);
      listener = () => {
        if ([...fired].some(counts)) resolve();
      };
      if (signal.aborted) resolve();
      listener();
      await promise;
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      listener = undefined;
      fired.clear();
    },
  };
}
