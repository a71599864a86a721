import { describe, expect, test } from "bun:test";
import type { PassOutcome } from "../../../lib/reconcile/loop.ts";
import { RECONCILERS, RESULTS, createVitals, hasPassed } from "../../../lib/reconcile/sidecar-state.ts";
import { createClock, thrownBy } from "../../support/doubles.ts";

const OUTCOMES: Record<(typeof RESULTS)[number], PassOutcome> = {
  equal: { kind: "equal" },
  pending: { kind: "pending", maxPauseMs: 1 },
  rejected: { kind: "rejected" },
  failed: { kind: "failed", maxPauseMs: 1 },
};

function start() {
  const clock = createClock();
  const uptime = createClock(0);
  const vitals = createVitals({ nowMs: clock.nowMs, uptimeMs: uptime.nowMs });
  return { clock, uptime, vitals, loop: vitals.cron };
}

describe("createVitals()", () => {
  test("begins with no pass, no success, and nothing seen", () => {
    const { vitals } = start();
    for (const name of RECONCILERS) {
      expect(vitals[name].passes).toEqual({ equal: 0, pending: 0, rejected: 0, failed: 0 });
      expect(vitals[name].lastSuccessMs).toBe(0);
      expect(vitals[name].lastPassMs).toBeUndefined();
      expect(hasPassed(vitals[name])).toBeFalse();
    }
    expect(vitals).not.toContainAnyKeys(["configPlan", "definitions", "convergence"]);
  });

  test.each([...RESULTS])("counts a pass that ends %s, of the one loop, and gives its outcome on", async (kind) => {
    const { vitals, loop } = start();
    expect(await loop.attend(async () => OUTCOMES[kind])).toBe(OUTCOMES[kind]);
    await loop.attend(async () => OUTCOMES[kind]);
    const none = { equal: 0, pending: 0, rejected: 0, failed: 0 };
    expect(loop.passes).toEqual({ ...none, [kind]: 2 });
    expect(vitals.config.passes).toEqual(none);
    expect([hasPassed(loop), hasPassed(vitals.config)]).toEqual([true, false]);
  });

  test("takes for a success what is equal, and nothing else", async () => {
    const { clock, loop } = start();
    for (const kind of ["pending", "rejected", "failed"] as const) await loop.attend(async () => OUTCOMES[kind]);
    expect(loop.lastSuccessMs).toBe(0);
    await loop.attend(async () => {
      clock.advance(500);
      return OUTCOMES.equal;
    });
    const endedMs = clock.nowMs();
    clock.advance(1_000);
    await loop.attend(async () => OUTCOMES.failed);
    expect(loop.lastSuccessMs).toBe(endedMs);
  });

  test("measures a pass by the clock that nobody sets", async () => {
    const { clock, uptime, loop } = start();
    await loop.attend(async () => {
      clock.advance(-3_600_000);
      uptime.advance(1_500);
      return OUTCOMES.equal;
    });
    expect(loop.lastPassMs).toBe(1_500);
  });

  test("counts no pass that ends in a bug", async () => {
    const { loop } = start();
    const bug = new TypeError("a bug");
    expect(await thrownBy(loop.attend(() => Promise.reject(bug)))).toBe(bug);
    expect(hasPassed(loop)).toBeFalse();
  });
});
