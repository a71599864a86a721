import { describe, expect, test } from "bun:test";
import { assert, boolean, constant, constantFrom, dictionary, oneof, property, record } from "fast-check";
import { type Observed, type PlanInput, planWorkspace } from "../../../lib/workspace/plan.ts";
import { type DesiredFile, markOf } from "../../../lib/workspace/read.ts";
import { runs } from "../../support/soak.ts";

const fileOf = (path: string, text: string, isExecutable = false): DesiredFile => {
  const bytes = Buffer.from(text);
  return { path, bytes, isExecutable, mark: markOf(bytes, isExecutable) };
};
const mark = (text: string) => markOf(Buffer.from(text), false);
const at = (text: string): Observed => ({ kind: "file", mark: mark(text) });

function plan(fields: Partial<PlanInput>) {
  const none = { desired: [], observed: new Map(), entries: new Map() };
  return planWorkspace({ ...none, mode: "own", mayRemove: true, heals: false, ...fields });
}

const one = (text: string, observed?: Observed, entry?: { written?: string; next?: string }, more = {}) =>
  plan({
    desired: [fileOf("a", text)],
    observed: new Map(observed ? [["a", observed]] : []),
    entries: new Map(entry ? [["a", entry]] : []),
    ...more,
  });

describe("a declared file", () => {
  test.each([
    ["is written where there is none", one("git"), "write"],
    ["is left where it is the same", one("git", at("git")), "unchanged"],
    ["is written over one that was never ours", one("git", at("other")), "write"],
    ["is written when Git changes it", one("git 2", at("git 1"), { written: mark("git 1") }), "write"],
    ["is drift when something edits it", one("git", at("agent"), { written: mark("git") }), "drift"],
    ["is drift when something removes it", one("git", undefined, { written: mark("git") }), "drift"],
    ["is put back with healing", one("git", at("agent"), { written: mark("git") }, { heals: true }), "write"],
    ["is written when a killed pass did not", one("git", undefined, { next: mark("git") }), "write"],
    ["is seeded once in seed mode", one("git", undefined, undefined, { mode: "seed" }), "write"],
    ["is left as it is in seed mode", one("git", at("agent"), { written: mark("old") }, { mode: "seed" }), "unchanged"],
  ] as const)("%s", (_, { writes, drifted, unchanged }, what) => {
    expect([writes.length, drifted.length, unchanged]).toEqual([
      Number(what === "write"),
      Number(what === "drift"),
      Number(what === "unchanged"),
    ]);
  });

  test("that may be run differs from one that may not", () => {
    const executable = fileOf("a", "git", true);
    const found = plan({ desired: [executable], observed: new Map([["a", at("git")]]) });
    expect(found.writes).toEqual([executable]);
  });

  test("BOOTSTRAP.md is seeded once in each mode", () => {
    const desired = [fileOf("BOOTSTRAP.md", "hello")];
    const first = plan({ desired });
    expect(first.writes).toHaveLength(1);
    const entries = new Map([["BOOTSTRAP.md", { written: mark("hello") }]]);
    expect(plan({ desired, entries }).writes).toEqual([]);
    const used = new Map([["BOOTSTRAP.md", at("used")]]);
    expect(plan({ desired, observed: used }).writes).toEqual([]);
  });

  test("is no write while something is in its place", () => {
    const { writes, problems } = one("git", { kind: "obstacle", what: "is a folder, expected a file" });
    expect([writes, problems]).toEqual([[], ["a is a folder, expected a file"]]);
  });
});

describe("a file that Git has dropped", () => {
  const dropped = (observed: Observed | undefined, more: Partial<PlanInput> = {}) =>
    plan({
      observed: new Map(observed ? [["a", observed]] : []),
      entries: new Map([["a", { written: mark("git"), next: mark("next") }]]),
      ...more,
    });

  test("goes if it is as we wrote it, or as a killed pass did", () => {
    expect(dropped(at("git")).removals).toEqual(["a"]);
    expect(dropped(at("next")).removals).toEqual(["a"]);
    expect(dropped(at("git")).before.has("a")).toBe(true);
  });

  test("stays if it was edited, and is the agent's from then on", () => {
    const { removals, left, before } = dropped(at("agent"));
    expect([removals, left, before.size]).toEqual([[], ["a"], 0]);
  });

  test("stays ours while nothing may be removed", () => {
    const { removals, left, before } = dropped(at("git"), { mayRemove: false });
    expect([removals, left, before.has("a")]).toEqual([[], [], true]);
  });

  test("that we never wrote is never touched", () => {
    expect(plan({ observed: new Map([["b", at("agent")]]) })).toMatchObject({ removals: [], left: [] });
  });
});

test("a pass that is killed between note and end loses no ownership", () => {
  const noted = one("git 2", at("git 1"), { written: mark("git 1") }).before;
  // It had written it, or had not.
  for (const text of ["git 1", "git 2"]) {
    const next = plan({ desired: [fileOf("a", "git 3")], observed: new Map([["a", at(text)]]), entries: noted });
    expect([next.writes.length, next.before.get("a")]).toEqual([1, { written: mark(text), next: mark("git 3") }]);
  }
});

test("applying a plan makes the next one empty", () => {
  const path = constantFrom("a", "b", "skills/x/SKILL.md", "skills/x/y", "BOOTSTRAP.md");
  const text = constantFrom("1", "2", "3");
  const entry = record({ written: text.map(mark), next: text.map(mark) }, { requiredKeys: [] });
  const observed = oneof(text.map(at), constant<Observed>({ kind: "obstacle", what: "is odd" }));
  const world = record({
    desired: dictionary(path, text),
    observed: dictionary(path, observed),
    entries: dictionary(path, entry),
    mode: constantFrom("own" as const, "seed" as const),
    mayRemove: boolean(),
    heals: boolean(),
  });
  assert(
    property(world, ({ desired, observed, entries, ...rest }) => {
      const input: PlanInput = {
        desired: Object.entries(desired).map(([name, content]) => fileOf(name, content)),
        observed: new Map(Object.entries(observed)),
        entries: new Map(Object.entries(entries)),
        ...rest,
      };
      const first = planWorkspace(input);
      const then = new Map(input.observed);
      const kept = new Map(first.before);
      for (const file of first.writes) {
        then.set(file.path, { kind: "file", mark: file.mark });
        kept.set(file.path, { written: file.mark });
      }
      for (const gone of first.removals) {
        then.delete(gone);
        kept.delete(gone);
      }
      const second = planWorkspace({ ...input, observed: then, entries: kept });
      expect([second.writes, second.removals, second.left]).toEqual([[], [], []]);
      expect(second.problems).toEqual([...first.problems]);
      // What the agent has, and we never wrote, is never removed.
      for (const gone of first.removals) expect(input.entries.has(gone)).toBe(true);
    }),
    { numRuns: runs(5_000) },
  );
});
