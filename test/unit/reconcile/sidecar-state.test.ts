import { describe, expect, test } from "bun:test";
import type { PassOutcome } from "../../../lib/reconcile/loop.ts";
import { type Loop, RESULTS, createSidecarState, hasPassed } from "../../../lib/reconcile/sidecar-state.ts";
import { createClock, createFakeReconciler, thrownBy } from "../../support/fakes.ts";

const OUTCOMES: Record<(typeof RESULTS)[number], PassOutcome> = {
  equal: { kind: "equal" },
  pending: { kind: "pending", maxPauseMs: 1 },
  held: { kind: "held" },
  rejected: { kind: "rejected" },
  failed: { kind: "failed", maxPauseMs: 1 },
};

function start() {
  const clock = createClock();
  const uptime = createClock(0);
  const kinds = [createFakeReconciler("config"), createFakeReconciler("cron")];
  const state = createSidecarState(kinds, { nowMs: clock.nowMs, uptimeMs: uptime.nowMs });
  const [other, loop] = state as [Loop, Loop];
  return { clock, uptime, state, kinds, other, loop };
}

describe("createSidecarState()", () => {
  test("has a loop per reconciler, in order, without a pass or a success", () => {
    const { state, kinds } = start();
    expect(state.map(({ reconciler }) => reconciler)).toEqual(kinds);
    for (const loop of state) {
      expect(loop.passes).toEqual({ equal: 0, pending: 0, held: 0, rejected: 0, failed: 0 });
      expect(loop.lastSuccessMs).toBe(0);
      expect(loop.lastResult).toBeUndefined();
      expect(loop.lastPassMs).toBeUndefined();
      expect(hasPassed(loop)).toBeFalse();
    }
  });

  test.each([...RESULTS])("counts a pass that ends %s, in its own loop, and returns the outcome", async (kind) => {
    const { other, loop } = start();
    expect(await loop.track(async () => OUTCOMES[kind])).toBe(OUTCOMES[kind]);
    await loop.track(async () => OUTCOMES[kind]);
    const none = { equal: 0, pending: 0, held: 0, rejected: 0, failed: 0 };
    expect(loop.passes).toEqual({ ...none, [kind]: 2 });
    expect(other.passes).toEqual(none);
    expect([loop.lastResult, other.lastResult]).toEqual([kind, undefined]);
    expect([hasPassed(loop), hasPassed(other)]).toEqual([true, false]);
  });

  test("counts only an equal pass as a success", async () => {
    const { clock, loop } = start();
    for (const kind of ["pending", "rejected", "failed"] as const) await loop.track(async () => OUTCOMES[kind]);
    expect(loop.lastSuccessMs).toBe(0);
    await loop.track(async () => {
      clock.advance(500);
      return OUTCOMES.equal;
    });
    const endedMs = clock.nowMs();
    clock.advance(1_000);
    await loop.track(async () => OUTCOMES.failed);
    expect(loop.lastSuccessMs).toBe(endedMs);
  });

  test("measures a pass by the monotonic clock", async () => {
    const { clock, uptime, loop } = start();
    await loop.track(async () => {
      clock.advance(-3_600_000);
      uptime.advance(1_500);
      return OUTCOMES.equal;
    });
    expect(loop.lastPassMs).toBe(1_500);
  });

  test("does not count a pass that throws", async () => {
    const { loop } = start();
    const bug = new TypeError("a bug");
    expect(await thrownBy(loop.track(() => Promise.reject(bug)))).toBe(bug);
    expect(hasPassed(loop)).toBeFalse();
    expect(loop.lastResult).toBeUndefined();
  });
});
