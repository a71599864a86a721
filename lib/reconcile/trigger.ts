/**
 * Events of a gateway. `login`: a connection is up. `connect`: the same, unless a pass waits for it anyway. `disconnect`:
 * it has ended. `cron-event`: somebody added, updated or removed a cron job.
 */
export type GatewayEvent = "login" | "connect" | "disconnect" | "cron-event";

/** Why a pass begins. The pass reads everything again, whatever the reason. */
type TriggerReason = "file" | "signal" | GatewayEvent;

/** Without a gateway event for so long, in milliseconds, the gateway is quiet. */
const QUIET_MS = 1_000;

const OUR_REASONS = new Set<TriggerReason>(["file", "signal"]);

/** Starts the next pass. A reason that fires during a pass counts for the next wait. */
export interface Trigger {
  fire(reason: TriggerReason): void;
  /** Returns whether one of these reasons has fired since the last wait. */
  hasFired(...reasons: TriggerReason[]): boolean;
  /**
   * Waits until a reason fires that `counts`, `timeoutMs` is over, or `signal` is aborted. Then it clears all reasons.
   * Events of the gateway end the wait only after `calmMs`; until then they are kept.
   *
   * @returns whether the gateway is restless: such an event fired within a second, or within `calmMs`
   */
  wait(
    timeoutMs: number,
    signal: AbortSignal,
    counts?: (reason: TriggerReason) => boolean,
    calmMs?: number,
  ): Promise<boolean>;
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
    async wait(timeoutMs, signal, counts = () => true, calmMs = 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      let isCalm = calmMs <= 0;
      let isRestless = false;
      let isQuiet = false;
      const timers = [
        setTimeout(resolve, timeoutMs),
        setTimeout(() => (isQuiet = true), Math.max(calmMs, QUIET_MS)),
        setTimeout(() => {
          isCalm = true;
          listener?.();
        }, calmMs),
      ];
      const onAbort = () => resolve();
      signal.addEventListener("abort", onAbort);
      listener = () => {
        const counting = [...fired].filter(counts);
        isRestless ||= !isQuiet && counting.some((reason) => !OUR_REASONS.has(reason));
        if (counting.some((reason) => isCalm || OUR_REASONS.has(reason))) resolve();
      };
      if (signal.aborted) resolve();
      listener();
      await promise;
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      listener = undefined;
      fired.clear();
      return isRestless;
    },
  };
}
