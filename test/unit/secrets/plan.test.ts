import { describe, expect, test } from "bun:test";
import { hasChanges, planSecrets } from "../../../lib/secrets/plan.ts";

const file = (name: string, text: string) => ({ name, bytes: Buffer.from(text) });

function plan(
  wanted: Record<string, string>,
  there: Record<string, string>,
  names: string[],
  prune: "owned" | "none" = "owned",
) {
  const copies = new Map(
    Object.entries(there).map(([name, text]) => {
      const isOpen = text.startsWith("(open)");
      return [name, { bytes: Buffer.from(text.replace("(open)", "")), isPrivate: !isOpen }];
    }),
  );
  const files = Object.entries(wanted).map(([name, text]) => file(name, text));
  const planned = planSecrets(files, { copies, record: { names, unconfirmedSince: null } }, prune);
  const namesOf = (some: readonly { name: string }[]) => some.map(({ name }) => name);
  return { ...planned, add: namesOf(planned.add), update: namesOf(planned.update), hasChanges: hasChanges(planned) };
}

describe("planSecrets()", () => {
  test("changes nothing if every copy is what the Secret says", () => {
    expect(plan({ a: "1", b: "2" }, { a: "1", b: "2" }, ["a", "b"])).toEqual({
      add: [],
      update: [],
      remove: [],
      unchanged: 2,
      names: ["a", "b"],
      isRecordStale: false,
      hasChanges: false,
    });
  });

  test("adds, updates and removes, and replaces a copy that others may read", () => {
    expect(plan({ a: "1", b: "2", c: "3" }, { a: "0", b: "(open)2", d: "4" }, ["a", "b", "d"])).toMatchObject({
      add: ["c"],
      update: ["a", "b"],
      remove: ["d"],
      names: ["a", "b", "c"],
      hasChanges: true,
    });
  });

  test("removes only what we wrote, and nothing if told so", () => {
    expect(plan({ a: "1" }, { a: "1", foreign: "x" }, ["a"])).toMatchObject({ remove: [], hasChanges: false });
    expect(plan({ a: "1" }, { a: "1", gone: "x" }, ["a", "gone"], "none")).toMatchObject({
      remove: [],
      names: ["a", "gone"],
      isRecordStale: false,
    });
  });

  test("forgets a name whose copy has gone by itself", () => {
    expect(plan({ a: "1" }, { a: "1" }, ["a", "gone"])).toMatchObject({ hasChanges: false, isRecordStale: true });
  });
});
