import { setTimeout as sleep } from "node:timers/promises";

/** The time. Somebody may set the wall clock, or a file's time, an hour forth or back: no wait ends by either. */
export interface Clock {
  /** The wall clock, in milliseconds since 1970: to compare with a file's or a gateway's time, and to print. */
  nowMs: () => number;
  /** A clock that only goes on, in milliseconds since some moment: for every duration. */
  uptimeMs: () => number;
  pause: (ms: number) => Promise<void>;
}

export function createSystemClock(): Clock {
  return { nowMs: () => Date.now(), uptimeMs: () => performance.now(), pause: (ms) => sleep(ms) };
}
