import { expect, test } from "bun:test";
import { KIND_NAMES, type KindName, type Reconcilers } from "../../../lib/commands/kinds.ts";
import { sync } from "../../../lib/commands/sync.ts";
import type { PassOutcome } from "../../../lib/reconcile/loop.ts";

const EQUAL: PassOutcome = { kind: "equal" };

async function run(outcomes: Partial<Record<KindName, PassOutcome>>) {
  const lines: string[] = [];
  const reconcilers = Object.fromEntries(
    KIND_NAMES.map((name) => [name, { reconcile: async () => outcomes[name] ?? EQUAL }]),
  ) as unknown as Reconcilers;
  const { signal } = new AbortController();
  const log = (line: string) => void lines.push(line);
  return { isEqual: await sync({ reconcilers, signal, log }, Object.keys(outcomes) as KindName[]), lines };
}

test.each<[string, PassOutcome, boolean]>([
  ["equal", EQUAL, true],
  ["in place, and not validated by a gateway yet", { kind: "pending", maxPauseMs: 1 }, true],
  ["held", { kind: "held" }, false],
  ["rejected", { kind: "rejected" }, false],
  ["failed", { kind: "failed", maxPauseMs: 1 }, false],
])("a kind that is %s", async (_, outcome, isEqual) => {
  expect(await run({ cron: EQUAL, config: outcome })).toEqual({ isEqual, lines: [] });
});

test("a change that was not delivered, since the gateway restarts, is not equal, and a line says so", async () => {
  expect(await run({ config: { kind: "pending", maxPauseMs: 1, isUndelivered: true } })).toEqual({
    isEqual: false,
    lines: ["WARNING: Nothing done about config: the gateway is restarting (run sync again once it is back)"],
  });
});
