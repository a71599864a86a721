/** Why a reconciler should look. A reason only wakes; what there is to do is read anew by the pass. */
type WakeReason = "file" | "poll" | "signal" | "connect" | "disconnect" | "cron-event";

/** A bell that remembers: who rings while nobody waits is heard by the next wait. */
export interface Wake {
  ring(reason: WakeReason): void;
  /** Whether one of these has been rung since the last wait. */
  hasRung(...reasons: WakeReason[]): boolean;
  /**
   * Waits until a reason that `counts` has been rung, `timeoutMs` is over, or `signal` is aborted; forgets
   * all that were rung. Those that do not count stay unheard until then.
   */
  wait(timeoutMs: number, signal: AbortSignal, counts?: (reason: WakeReason) => boolean): Promise<void>;
}

export function createWake(): Wake {
  const rung = new Set<WakeReason>();
  let listener: (() => void) | undefined;
  return {
    ring(reason) {
      rung.add(reason);
      listener?.();
    },
    hasRung: (...reasons) => reasons.some((reason) => rung.has(reason)),
    async wait(timeoutMs, signal, counts = () => true) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      const onAbort = () => resolve();
      signal.addEventListener("abort", onAbort);
      listener = () => {
        if ([...rung].some(counts)) resolve();
      };
      if (signal.aborted) resolve();
      listener();
      await promise;
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      listener = undefined;
      rung.clear();
    },
  };
}
