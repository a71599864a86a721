/**
 * How long a pass may be silent, in milliseconds. The longest silence of one that moves is three calls of the openclaw
 * CLI, 120 s each: the two updates that replace a job, and the list after them. A pass that never ends, over a volume
 * that hangs, say, is told after this.
 */
const SILENCE_LIMIT_MS = 420_000;

/** How late a loop may be when it triggers, in milliseconds: at 100m CPU, with a gateway beside it that starts. */
const IDLE_GRACE_MS = 60_000;

/** Whether a loop moves. */
export interface Heartbeat {
  /** A sign of life: a pass begins, or goes on. */
  beat(): void;
  /** The pass is over, and the next one begins within `limitMs`. */
  idle(limitMs: number): void;
  read(): HeartbeatReading;
}

export interface HeartbeatReading {
  /** `stalled`: it should have given a sign of life since, and has not. */
  kind: "working" | "idle" | "stalled";
  /** Since the last sign of life. */
  silentMs: number;
}

/**
 * @param nowMs a clock that nobody sets, and that stands while the machine is suspended, as the loop's own timers do:
 * `performance.now`.
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
