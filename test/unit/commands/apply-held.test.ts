import { describe, expect, test } from "bun:test";
import { applyHeld } from "../../../lib/commands/apply-held.ts";
import type { Held } from "../../../lib/reconcile/reconciler.ts";
import { createClock, thrownBy } from "../../support/fakes.ts";

const HELD: Held = { checksum: "a", paths: ["gateway.port", "messages.ackReaction"], untilMs: 1 };

/** @param after what is held at each further look, the last one for ever */
function start(first: Held | undefined, after: readonly (Held | undefined)[] = []) {
  const clock = createClock();
  const looks = [first, ...after];
  const calls: string[] = [];
  const printed: string[] = [];
  const held = {
    read: async () => (looks.length > 1 ? looks.shift() : looks[0]),
    letIn: async ({ checksum }: Held) => void calls.push(`let in ${checksum}`),
    keep: async () => void calls.push("keep"),
  };
  const reconcilers = { config: { name: "config", held }, cron: { name: "cron" } };
  const pause = async (ms: number) => clock.advance(ms);
  return {
    calls,
    printed,
    run: () =>
      applyHeld({
        reconcilers,
        clock: { uptimeMs: clock.uptimeMs, pause },
        print: async (text) => void printed.push(text),
      }),
  };
}

describe("applyHeld()", () => {
  test("lets in what is held, and waits until it has been taken", async () => {
    const at = start(HELD, [HELD, HELD, undefined]);
    await at.run();
    expect([at.calls, at.printed]).toEqual([["let in a"], ["Let in: config: gateway.port, messages.ackReaction\n"]]);
  });

  test("says that nothing is held", async () => {
    const at = start(undefined);
    await at.run();
    expect([at.calls, at.printed]).toEqual([[], ["Nothing is held\n"]]);
  });

  test("takes it back where no sidecar takes it: it must not go in later, unseen", async () => {
    const at = start(HELD);
    expect(await thrownBy(at.run)).toMatchObject({
      code: "unreachable",
      message: "config: no sidecar has taken it in 15 s; it stays held",
    });
    expect([at.calls, at.printed]).toEqual([["let in a", "keep"], []]);
  });

  test("does not call a newer change let in", async () => {
    const at = start(HELD, [{ ...HELD, checksum: "b" }]);
    expect(await thrownBy(at.run)).toMatchObject({
      code: "conflict",
      message: "config: Git has changed meanwhile, and the sidecar holds the newer change",
    });
    expect(at.printed).toEqual([]);
  });
});
