/** Events of a gateway: the connection is up or has ended; somebody added, updated or removed a cron job. */
export type GatewayEvent = "connect" | "disconnect" | "cron-event";

/** Why a pass begins. The pass reads everything again, whatever the reason. */
type TriggerReason = "file" | "signal" | GatewayEvent;

/** Starts the next pass. A reason that fires during a pass counts for the next wait. */
export interface Trigger {
  fire(reason: TriggerReason): void;
  /** Returns whether one of these reasons has fired since the last wait. */
  hasFired(...reasons: TriggerReason[]): boolean;
  /**
   * Waits until a reason fires that `counts`, `timeoutMs` is over, or `signal` is aborted. Then it clears all reasons.
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
