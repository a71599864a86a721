// What the passes of one process remember: what they have seen, written and healed.

import { describe, expect, test } from "bun:test";
import type { ConfigState } from "../../../lib/config/observe.ts";
import type { ConfigPlan, ConfigUpdate } from "../../../lib/config/plan.ts";
import { createPlanner } from "../../../lib/config/planner.ts";
import type { ConfigGateway, GatewayStart } from "../../../lib/gateway/config-calls.ts";
import { createClock, generationOf } from "../../support/fakes.ts";

const GIT = '{gateway: {mode: "local"}, messages: {ackReaction: "👀"}}';
const EDITED = GIT.replace("👀", "✅");
const START: GatewayStart = { sinceMs: 2_000_000, readyMs: 2_030_000 };

const MINUTE_MS = 60_000;

function stateOf(observed: string, changedMs?: number): ConfigState {
  const git = generationOf(GIT);
  return {
    desired: git,
    observed: generationOf(observed),
    changedMs,
    backupMs: changedMs,
    pending: undefined,
    lastApplied: git.md5,
    applied: git,
    accepted: undefined,
    lastGood: undefined,
    lastGoodBase: undefined,
    clobbered: undefined,
    rejection: undefined,
    obstacles: [],
  };
}

function gatewayOf(start?: GatewayStart): ConfigGateway {
  const nobody = () => Promise.reject(new Error("nobody should ask"));
  const calls = {
    readView: nobody,
    readIssues: nobody,
    readReload: nobody,
    readSchema: async () => undefined,
    readActiveWork: () => Promise.reject(new Error("nobody should ask")),
    lookUpReload: nobody,
  };
  return { release: "2026.9.6", processStartedMs: start?.sinceMs, start, ...calls };
}

function update(plan: ConfigPlan): ConfigUpdate {
  if (plan.kind !== "update") throw new Error(`expected an update, but it is ${plan.kind}`);
  return plan;
}

describe("choose()", () => {
  test("leaves drift without selfHeal, and decides about it with", () => {
    const clock = createClock();
    const plain = createPlanner({ mode: "auto", selfHeal: false, hasToken: true }, clock);
    expect(plain.choose(stateOf(EDITED), gatewayOf())).toMatchObject({ plan: { kind: "drift" }, decision: undefined });
    const healing = createPlanner({ mode: "auto", selfHeal: true, hasToken: true }, clock);
    expect(healing.choose(stateOf(EDITED), gatewayOf())).toMatchObject({
      plan: { kind: "update", isHealing: true },
      decision: "now",
    });
  });

  test("heals once a minute, and gives up after two heals that did not last", () => {
    const clock = createClock();
    const planner = createPlanner({ mode: "auto", selfHeal: true, hasToken: true }, clock);
    for (const heal of [1, 2]) {
      const { plan } = planner.choose(stateOf(EDITED), gatewayOf());
      expect({ heal, kind: plan.kind }).toEqual({ heal, kind: "update" });
      planner.hasDelivered(update(plan), update(plan).target);
      expect(planner.choose(stateOf(EDITED), gatewayOf())).toMatchObject({ plan: { kind: "drift" } });
      clock.advance(MINUTE_MS);
    }
    expect(planner.choose(stateOf(EDITED), gatewayOf())).toMatchObject({
      plan: { kind: "drift" },
      decision: "given-up",
    });
  });

  test.each([-3_600_000, 3_600_000])("heals again after a minute if the clock is set by %d ms", (stepMs) => {
    const clock = createClock();
    const planner = createPlanner({ mode: "auto", selfHeal: true, hasToken: true }, clock);
    const { plan } = planner.choose(stateOf(EDITED), gatewayOf());
    planner.hasDelivered(update(plan), update(plan).target);
    clock.step(stepMs);
    clock.advance(MINUTE_MS - 1);
    expect(planner.choose(stateOf(EDITED), gatewayOf()).decision).toBe("later");
    clock.advance(1);
    expect(planner.choose(stateOf(EDITED), gatewayOf()).decision).toBe("now");
  });

  test("does not count a delivery that reverts nothing as a heal", () => {
    const clock = createClock();
    const planner = createPlanner({ mode: "auto", selfHeal: true, hasToken: true }, clock);
    expect(planner.choose(stateOf(EDITED), gatewayOf()).decision).toBe("now");
    const lost = { ...stateOf(GIT), observed: undefined };
    const { plan } = planner.choose(lost, gatewayOf());
    planner.hasDelivered(update(plan), update(plan).target);
    expect(planner.choose(stateOf(EDITED), gatewayOf()).decision).toBe("now");
  });

  test("waits with healing while no gateway answers, unless the live file is broken", () => {
    const planner = createPlanner({ mode: "auto", selfHeal: true, hasToken: true }, createClock());
    expect(planner.choose(stateOf(EDITED), undefined)).toMatchObject({ plan: { kind: "drift" }, decision: "later" });
    expect(planner.choose(stateOf("{"), undefined)).toMatchObject({ plan: { kind: "update" }, decision: "now" });
  });

  test("tells an edit that it has seen before the start of the gateway from what that has changed", () => {
    const started = EDITED.replace("messages", "plugins: {entries: {}}, messages");
    const planner = createPlanner({ mode: "auto", selfHeal: false, hasToken: true }, createClock());
    planner.hasSeen(generationOf(GIT), 1_000_000);
    planner.hasSeen(generationOf(EDITED), 1_900_000);
    const { plan } = planner.choose(stateOf(started, 2_010_000), gatewayOf(START));
    expect(plan).toMatchObject({
      kind: "drift",
      paths: ["messages.ackReaction"],
      target: { changedAtStart: ["plugins.entries"] },
    });
  });

  test("takes all changes during the start for the gateway's own if it has seen the file as it was delivered", () => {
    const started = EDITED.replace("messages", "plugins: {entries: {}}, messages");
    const planner = createPlanner({ mode: "auto", selfHeal: true, hasToken: true }, createClock());
    planner.hasSeen(generationOf(GIT), 1_000_000);
    planner.hasSeen(generationOf(started), 2_010_000);
    const { plan } = planner.choose(stateOf(started, 2_010_000), gatewayOf(START));
    expect(plan.kind).toBe("validate");
    expect(plan).toMatchObject({ target: { drift: [], changedAtStart: ["messages.ackReaction", "plugins.entries"] } });
  });
});

describe("hasValidated()", () => {
  const started = GIT.replace("messages", "plugins: {entries: {}}, messages");
  const edited = started.replace("👀", "✅");

  test("ends the start of this gateway: what changes later is drift", () => {
    const planner = createPlanner({ mode: "auto", selfHeal: false, hasToken: true }, createClock());
    const gateway = gatewayOf(START);
    const first = planner.choose(stateOf(edited, 2_010_000), gateway);
    expect(first.plan).toMatchObject({ kind: "validate", target: { drift: [] } });
    planner.hasValidated(generationOf(started), gateway);
    const second = planner.choose(stateOf(edited, 2_020_000), gateway);
    expect(second.plan).toMatchObject({ kind: "drift", paths: ["messages.ackReaction"] });
  });

  test("does not end the start of another gateway", () => {
    const planner = createPlanner({ mode: "auto", selfHeal: false, hasToken: true }, createClock());
    planner.hasValidated(generationOf(GIT), gatewayOf());
    const { plan } = planner.choose(stateOf(edited, 2_010_000), gatewayOf(START));
    expect(plan).toMatchObject({ kind: "validate", target: { drift: [] } });
  });
});

describe("mayBeOfStart()", () => {
  test("is true for two minutes after a change", () => {
    const clock = createClock(10_000_000);
    const planner = createPlanner({ mode: "auto", selfHeal: false, hasToken: true }, clock);
    const mayBe = (ageMs: number, observed = EDITED) => planner.mayBeOfStart(stateOf(observed, clock.nowMs() - ageMs));
    expect([mayBe(0), mayBe(119_999), mayBe(120_000)]).toEqual([true, true, false]);
    // A time in the future says nothing.
    expect(mayBe(-1)).toBeFalse();
    expect(planner.mayBeOfStart(stateOf(EDITED))).toBeFalse();
  });

  test("is false for a live file that does not parse: no gateway writes such a file", () => {
    const clock = createClock(10_000_000);
    const planner = createPlanner({ mode: "auto", selfHeal: false, hasToken: true }, clock);
    expect(planner.mayBeOfStart(stateOf("{", clock.nowMs()))).toBeFalse();
  });
});
