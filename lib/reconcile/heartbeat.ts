/**
 * How long a pass may go without a beat before it counts as stalled, in milliseconds. The longest gap in a healthy pass
 * is three calls of the openclaw CLI, 120 s each: the two updates that replace a job, and the list after them. A pass
 * on a volume that hangs exceeds it.
 */
const SILENCE_LIMIT_MS = 420_000;

/** How late the next pass may begin, in milliseconds: at 100m CPU, while a gateway starts in the same Pod. */
const IDLE_GRACE_MS = 60_000;

/** Tells whether a loop makes progress. */
export interface Heartbeat {
  /** Reports that a pass begins or makes progress. */
  beat(): void;
  /** Reports that the pass has ended and that the next one begins within `limitMs`. */
  idle(limitMs: number): void;
  read(): HeartbeatReading;
}

export interface HeartbeatReading {
  /** `stalled`: the next beat is overdue. */
  kind: "working" | "idle" | "stalled";
  /** Time since the last call of `beat` or `idle`, in milliseconds. */
  silentMs: number;
}

/**
 * @param nowMs a monotonic clock that stops while the machine is suspended, like the loop's timers: `performance.now`.
 */
export function createHeartbeat(nowMs: () => number): Heartbeat {
  let beat = { kind: "working" as "working" | "idle", atMs: nowMs(), limitMs: SILENCE_LIMIT_MS };
  return {
    beat() {
      beat = { kind: "working", atMs: nowMs(), limitMs: SILENCE_LIMIT_MS };
    },
    idle(limitMs) {
      beat = { kind: "idle", atMs: nowMs(), limitMs: limitMs + IDLE_GRACE_MS };
    },
    read() {
      const silentMs = nowMs() - beat.atMs;
      return { kind: silentMs > beat.limitMs ? "stalled" : beat.kind, silentMs };
    },
  };
}
