/** The least time between two self-healings, in milliseconds. It avoids a write war with another editor. */
const HEAL_INTERVAL_MS = 60_000;

/** How long a healed path must stay to count as healed, in milliseconds. */
const LASTING_MS = 600_000;

/** How many heals of the same paths may fail to last. Each may have restarted the gateway. */
const MAX_FAILURES = 2;

export type HealDecision =
  | "now"
  /** The last heal was less than a minute ago, or the gateway may be starting. */
  | "later"
  /** Something puts the change back each time: it belongs into Git. */
  | "given-up";

/** Decides whether drift is reverted. */
export interface Healing {
  /** @param checksum of what Git says: a change of it starts anew */
  decide(checksum: string, paths: readonly string[], mayBeStarting: boolean): HealDecision;
  /** To be called after each heal. */
  hasHealed(paths: readonly string[]): void;
}

export function createHealing(uptimeMs: () => number): Healing {
  let forChecksum: string | undefined;
  let failures = 0;
  let last: { atMs: number; paths: readonly string[]; isCounted: boolean } | undefined;
  return {
    decide(checksum, paths, mayBeStarting) {
      if (checksum !== forChecksum) [forChecksum, failures, last] = [checksum, 0, undefined];
      if (last && !last.isCounted && paths.some((path) => last?.paths.includes(path))) {
        last.isCounted = true;
        failures = uptimeMs() - last.atMs < LASTING_MS ? failures + 1 : 0;
      }
      if (failures >= MAX_FAILURES) return "given-up";
      const isTooSoon = last !== undefined && uptimeMs() - last.atMs < HEAL_INTERVAL_MS;
      return isTooSoon || mayBeStarting ? "later" : "now";
    },
    hasHealed(paths) {
      last = { atMs: uptimeMs(), paths, isCounted: false };
    },
  };
}
