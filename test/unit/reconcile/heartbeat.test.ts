import { describe, expect, test } from "bun:test";
import { createHeartbeat } from "../../../lib/reconcile/heartbeat.ts";
import { createClock } from "../../support/fakes.ts";

function start() {
  const clock = createClock();
  const heartbeat = createHeartbeat(clock.nowMs);
  const kindAfter = (ms: number) => {
    clock.advance(ms);
    return heartbeat.read().kind;
  };
  return { clock, heartbeat, kindAfter };
}

/** The longest gap in a healthy pass: three calls of the openclaw CLI in a row. */
const LONGEST_SILENCE_MS = 3 * 120_000;

describe("createHeartbeat()", () => {
  test("begins with a beat", () => {
    const { heartbeat, kindAfter } = start();
    expect(heartbeat.read()).toEqual({ kind: "working", silentMs: 0 });
    expect(kindAfter(LONGEST_SILENCE_MS)).toBe("working");
    expect(kindAfter(LONGEST_SILENCE_MS)).toBe("stalled");
  });

  test("accepts a pass of many hours as long as it beats", () => {
    const { heartbeat, kindAfter } = start();
    for (let job = 0; job < 200; job++) {
      heartbeat.beat();
      expect(kindAfter(LONGEST_SILENCE_MS)).toBe("working");
    }
  });

  test("reports how long a pass has been silent, and stalled after some minutes", () => {
    const { clock, heartbeat, kindAfter } = start();
    heartbeat.beat();
    clock.advance(12_345);
    expect(heartbeat.read()).toEqual({ kind: "working", silentMs: 12_345 });
    expect(kindAfter(600_000)).toBe("stalled");
    expect(heartbeat.read().silentMs).toBe(612_345);
  });

  test.each([1_000, 60_000, 86_400_000])(
    "lets a loop idle for the %d ms that it announced, and begin a little late",
    (ms) => {
      const { heartbeat, kindAfter } = start();
      heartbeat.idle(ms);
      expect(kindAfter(ms)).toBe("idle");
      expect(kindAfter(30_000)).toBe("idle");
      expect(kindAfter(60_000)).toBe("stalled");
    },
  );

  test("is working again after the next beat, whatever was before", () => {
    const { heartbeat, kindAfter } = start();
    expect(kindAfter(3_600_000)).toBe("stalled");
    heartbeat.beat();
    expect(heartbeat.read()).toEqual({ kind: "working", silentMs: 0 });
    heartbeat.idle(1_000);
    expect(kindAfter(3_600_000)).toBe("stalled");
    heartbeat.idle(1_000);
    expect(heartbeat.read()).toEqual({ kind: "idle", silentMs: 0 });
  });
});
