import { describe, expect, test } from "bun:test";
import { createHealing } from "../../../lib/reconcile/healing.ts";
import { createClock } from "../../support/fakes.ts";

const MINUTE_MS = 60_000;
const GIT = "8a80554c91d9fca8acb82f023de02f11";

function start() {
  const clock = createClock();
  const healing = createHealing(clock.uptimeMs);
  return {
    clock,
    healing,
    decide: (paths = ["messages.ackReaction"], checksum = GIT) => healing.decide(checksum, paths, false),
  };
}

describe("decide()", () => {
  test("allows self-healing once a minute, counted from the last one", () => {
    const { clock, healing, decide } = start();
    expect(decide()).toBe("now");
    healing.hasHealed(["messages.ackReaction"]);
    expect(decide()).toBe("later");
    clock.advance(MINUTE_MS - 1);
    expect(decide()).toBe("later");
    clock.advance(1);
    expect(decide()).toBe("now");
    healing.hasHealed(["messages.ackReaction"]);
    expect(decide(["gateway.port"])).toBe("later");
  });

  test("does not count what was only allowed: the write may have failed", () => {
    const { decide } = start();
    for (let times = 0; times < 5; times++) expect(decide()).toBe("now");
  });

  test("waits while the gateway may be starting: the change may be its own", () => {
    const { healing, decide } = start();
    expect(healing.decide(GIT, ["plugins.entries"], true)).toBe("later");
    expect(decide(["plugins.entries"])).toBe("now");
  });

  test("gives up after two heals of the same paths that did not last", () => {
    const { clock, healing, decide } = start();
    for (const heal of [1, 2]) {
      expect({ heal, decision: decide() }).toEqual({ heal, decision: "now" });
      healing.hasHealed(["messages.ackReaction"]);
      clock.advance(MINUTE_MS);
    }
    expect(decide()).toBe("given-up");
    clock.advance(24 * 60 * MINUTE_MS);
    expect(decide()).toBe("given-up");
    expect(healing.decide(GIT, ["messages.ackReaction"], true)).toBe("given-up");
  });

  test("counts each heal that did not last once, however often it is asked", () => {
    const { clock, healing, decide } = start();
    decide();
    healing.hasHealed(["messages.ackReaction"]);
    for (let times = 0; times < 10; times++) expect(decide()).toBe("later");
    clock.advance(MINUTE_MS);
    expect(decide()).toBe("now");
  });

  test("counts a heal as failed if one of its paths is back", () => {
    const { clock, healing, decide } = start();
    for (const _ of [1, 2]) {
      healing.hasHealed(["gateway.port", "messages.ackReaction"]);
      clock.advance(MINUTE_MS);
      decide(["agents.list", "gateway.port"]);
    }
    healing.hasHealed(["gateway.port"]);
    clock.advance(MINUTE_MS);
    expect(decide(["gateway.port"])).toBe("given-up");
  });

  test("does not count drift of other paths", () => {
    const { clock, healing, decide } = start();
    for (const path of ["a", "b", "c", "d", "e"]) {
      expect(decide([path])).toBe("now");
      healing.hasHealed([path]);
      clock.advance(MINUTE_MS);
    }
  });

  test("does not count a heal that has lasted for ten minutes, and forgets the failures before", () => {
    const { clock, healing, decide } = start();
    const heal = (lastedMs: number) => {
      expect(decide()).toBe("now");
      healing.hasHealed(["messages.ackReaction"]);
      clock.advance(lastedMs);
    };
    heal(MINUTE_MS);
    heal(10 * MINUTE_MS);
    heal(MINUTE_MS);
    heal(MINUTE_MS);
    expect(decide()).toBe("given-up");
  });

  test("starts anew when Git changes", () => {
    const { clock, healing, decide } = start();
    for (const _ of [1, 2]) {
      decide();
      healing.hasHealed(["messages.ackReaction"]);
      clock.advance(MINUTE_MS);
    }
    expect(decide()).toBe("given-up");
    expect(decide(undefined, "0123")).toBe("now");
    healing.hasHealed(["messages.ackReaction"]);
    clock.advance(MINUTE_MS);
    expect(decide(undefined, "0123")).toBe("now");
  });
});
