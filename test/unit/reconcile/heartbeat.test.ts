import { describe, expect, test } from "bun:test";
import { createPulse } from "../../../lib/reconcile/heartbeat.ts";
import { createClock } from "../../support/doubles.ts";

function start() {
  const clock = createClock();
  const pulse = createPulse(clock.nowMs);
  const kindAfter = (ms: number) => {
    clock.advance(ms);
    return pulse.read().kind;
  };
  return { clock, pulse, kindAfter };
}

/** The longest silence of a pass that moves: three calls of the openclaw CLI in a row. */
const LONGEST_SILENCE_MS = 3 * 120_000;

describe("createPulse()", () => {
  test("begins with a sign of life", () => {
    const { pulse, kindAfter } = start();
    expect(pulse.read()).toEqual({ kind: "working", silentMs: 0 });
    expect(kindAfter(LONGEST_SILENCE_MS)).toBe("working");
    expect(kindAfter(LONGEST_SILENCE_MS)).toBe("still");
  });

  test("takes a pass of many hours for one that moves, while it gives signs of life", () => {
    const { pulse, kindAfter } = start();
    for (let job = 0; job < 200; job++) {
      pulse.beat();
      expect(kindAfter(LONGEST_SILENCE_MS)).toBe("working");
    }
  });

  test("tells how long a pass has been silent, and takes it for still after some minutes", () => {
    const { clock, pulse, kindAfter } = start();
    pulse.beat();
    clock.advance(12_345);
    expect(pulse.read()).toEqual({ kind: "working", silentMs: 12_345 });
    expect(kindAfter(600_000)).toBe("still");
    expect(pulse.read().silentMs).toBe(612_345);
  });

  test.each([1_000, 60_000, 86_400_000])(
    "lets a loop rest for the %d ms that it said, and wake a little late",
    (ms) => {
      const { pulse, kindAfter } = start();
      pulse.rest(ms);
      expect(kindAfter(ms)).toBe("resting");
      expect(kindAfter(30_000)).toBe("resting");
      expect(kindAfter(60_000)).toBe("still");
    },
  );

  test("moves again with the next sign of life, whatever was before", () => {
    const { pulse, kindAfter } = start();
    expect(kindAfter(3_600_000)).toBe("still");
    pulse.beat();
    expect(pulse.read()).toEqual({ kind: "working", silentMs: 0 });
    pulse.rest(1_000);
    expect(kindAfter(3_600_000)).toBe("still");
    pulse.rest(1_000);
    expect(pulse.read()).toEqual({ kind: "resting", silentMs: 0 });
  });
});
