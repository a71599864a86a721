// What holds for every three documents, tried on random ones. A list counts as one value here. The tests run
// five times as often in a soak, with CONFIG_MANAGER_SOAK=1.

import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Json, type JsonObject, isJsonObject } from "../../../lib/json.ts";
import { mergeThreeWay, projectOnto } from "../../../lib/reconcile/merge.ts";
import { runs } from "../../support/soak.ts";

const RUNS = runs(5_000);

// Few keys and few values, so that three random documents have much in common.
const aKey = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "c") },
  { weight: 1, arbitrary: fc.constantFrom("__proto__", "constructor", "hasOwnProperty", "", "id") },
);
const aLeaf = fc.constantFrom<Json>("x", "y", "${VAR}", 1, 0, true, null, "");

/** An object with these entries; unlike fc.dictionary(), `__proto__` is a key like any other. */
const objectOf = (value: fc.Arbitrary<Json>, maxLength = 4): fc.Arbitrary<JsonObject> =>
  fc.array(fc.tuple(aKey, value), { maxLength }).map((entries) => Object.fromEntries(entries));

/** Items with an id each, unless two of them are the same by chance. */
const aListById = (value: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc
    .array(fc.tuple(fc.constantFrom("main", "ops", "dev"), objectOf(value, 2)), { maxLength: 3 })
    .map((items) => items.map(([id, fields]) => ({ ...fields, id })));

const aListOfLeaves: fc.Arbitrary<Json> = fc.array(aLeaf, { maxLength: 3 });
const aListOfObjects = (value: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc.array(objectOf(value, 2), { maxLength: 2 });

/** A document whose lists are those of leaves, and those with ids. */
const { plain } = fc.letrec<{ plain: Json }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 4 },
    aLeaf,
    objectOf(tie("plain")),
    objectOf(tie("plain")),
    aListOfLeaves,
    aListById(tie("plain")),
  ),
}));
const aPlainDocument = objectOf(plain);

/** The same, with lists whose objects can be paired by position only. */
const { any } = fc.letrec<{ any: Json }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    aLeaf,
    objectOf(tie("any")),
    objectOf(tie("any")),
    aListOfLeaves,
    aListById(tie("any")),
    aListOfObjects(tie("any")),
  ),
}));
const aDocument = objectOf(any);

const NOWHERE = Symbol("no such path");
type Found = Json | typeof NOWHERE;

function at(document: Json | undefined, path: readonly string[]): Found {
  let found: Found = document === undefined ? NOWHERE : document;
  for (const key of path) {
    if (found === NOWHERE || !isJsonObject(found) || !Object.hasOwn(found, key)) return NOWHERE;
    found = found[key] as Json;
  }
  return found;
}

/** All paths to what is no object; a list counts as one value. */
function leavesOf(document: Json, path: readonly string[] = []): (readonly string[])[] {
  if (!isJsonObject(document)) return [path];
  return Object.entries(document).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

/** Whether this document decides about the path: it has it, or a value that is no object above it. */
function decidesAbout(document: Json, path: readonly string[]): boolean {
  return (
    path.some((_, length) => {
      const above = at(document, path.slice(0, length + 1));
      return above !== NOWHERE && !isJsonObject(above);
    }) || at(document, path) !== NOWHERE
  );
}

function check<T extends unknown[]>(
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  holds: (...values: T) => void,
) {
  fc.assert(fc.property(...(arbitraries as [fc.Arbitrary<T[0]>]), holds as never), { numRuns: RUNS });
}

const three = [aDocument, aDocument, aDocument] as [
  fc.Arbitrary<JsonObject>,
  fc.Arbitrary<JsonObject>,
  fc.Arbitrary<JsonObject>,
];
const threePlain = [aPlainDocument, aPlainDocument, aPlainDocument] as typeof three;

describe("mergeThreeWay()", () => {
  test("returns what Git says if nothing else has changed the document", () => {
    check([aDocument, aDocument] as [fc.Arbitrary<JsonObject>, fc.Arbitrary<JsonObject>], (base, desired) => {
      expect(JSON.stringify(sorted(mergeThreeWay(base, desired, structuredClone(base))))).toBe(
        JSON.stringify(sorted(desired)),
      );
    });
  });

  test("returns the live document if Git has changed nothing", () => {
    check([aDocument, aDocument] as [fc.Arbitrary<JsonObject>, fc.Arbitrary<JsonObject>], (git, live) => {
      expect(mergeThreeWay(git, structuredClone(git), live)).toEqual(live);
    });
  });

  test("changes a path only if Git has or had it", () => {
    check(three, (base, desired, live) => {
      const merged = mergeThreeWay(base, desired, live);
      for (const path of leavesOf(live)) {
        if (decidesAbout(base, path) || decidesAbout(desired, path)) continue;
        expect({ path, value: at(merged, path) }).toEqual({ path, value: at(live, path) });
      }
    });
  });

  test("adds nothing that Git does not say", () => {
    check(threePlain, (base, desired, live) => {
      const merged = mergeThreeWay(base, desired, live) as Json;
      for (const path of leavesOf(merged)) {
        const isEither = at(live, path) !== NOWHERE || at(desired, path) !== NOWHERE;
        expect({ path, isEither }).toEqual({ path, isEither: true });
      }
    });
  });

  test("leaves a path alone at which Git says what it said before", () => {
    check(three, (base, desired, live) => {
      const merged = mergeThreeWay(base, desired, live);
      for (const path of leavesOf(live)) {
        const isSame = path.every((_, length) => {
          const [one, other] = [base, desired].map((document) => at(document, path.slice(0, length + 1)));
          const all = [one, other, at(live, path.slice(0, length + 1))];
          return isDeepStrictEqual(one, other) || all.every((each) => isJsonObject(each as Json));
        });
        if (!isSame) continue;
        expect({ path, value: at(merged, path) }).toEqual({ path, value: at(live, path) });
      }
    });
  });

  test("lets Git win at each path that Git has changed", () => {
    check(three, (base, desired, live) => {
      const merged = mergeThreeWay(base, desired, live);
      for (const path of leavesOf(desired)) {
        const value = at(desired, path);
        if (Array.isArray(value) || isDeepStrictEqual(at(base, path), value)) continue;
        expect({ path, value: at(merged, path) }).toEqual({ path, value });
      }
    });
  });

  test("takes out what Git has dropped", () => {
    check(three, (base, desired, live) => {
      const merged = mergeThreeWay(base, desired, live);
      for (const path of leavesOf(base)) {
        if (at(desired, path) !== NOWHERE || decidesAbout(desired, path)) continue;
        const left = at(merged, path);
        // What something else has put there instead, and Git never had, may stay.
        expect({ path, isGone: left === NOWHERE || isJsonObject(left) }).toEqual({ path, isGone: true });
      }
    });
  });

  test("takes nothing out without a base", () => {
    check([aPlainDocument, aPlainDocument] as [fc.Arbitrary<JsonObject>, fc.Arbitrary<JsonObject>], (desired, live) => {
      const merged = mergeThreeWay(undefined, desired, live);
      for (const path of leavesOf(live)) {
        if (decidesAbout(desired, path)) continue;
        expect({ path, value: at(merged, path) }).toEqual({ path, value: at(live, path) });
      }
      for (const path of leavesOf(desired)) {
        if (!Array.isArray(at(desired, path))) expect(at(merged, path)).toEqual(at(desired, path));
      }
    });
  });

  test("does nothing the second time", () => {
    check(threePlain, (base, desired, live) => {
      const merged = mergeThreeWay(base, desired, live);
      expect(mergeThreeWay(base, desired, merged)).toEqual(merged);
      expect(mergeThreeWay(desired, structuredClone(desired), merged)).toEqual(merged);
    });
  });

  test("changes none of the three documents, and shares no change with them", () => {
    check(three, (base, desired, live) => {
      const before = JSON.stringify([base, desired, live]);
      mergeThreeWay(deepFreeze(base), deepFreeze(desired), deepFreeze(live));
      mergeThreeWay(undefined, desired, live);
      expect(JSON.stringify([base, desired, live])).toBe(before);
      expect(({} as { x?: unknown }).x).toBeUndefined();
    });
  });
});

describe("projectOnto()", () => {
  test("is the whole of a document onto itself", () => {
    check([aDocument] as [fc.Arbitrary<JsonObject>], (document) => {
      expect(projectOnto(document, structuredClone(document))).toEqual(document);
    });
  });

  test("has the live value, at declared paths only", () => {
    check(
      [aPlainDocument, aPlainDocument] as [fc.Arbitrary<JsonObject>, fc.Arbitrary<JsonObject>],
      (declared, live) => {
        const projected = projectOnto(declared, live) as Json;
        for (const path of leavesOf(projected)) {
          expect({ path, isDeclared: path.length === 0 || decidesAbout(declared, path) }).toEqual({
            path,
            isDeclared: true,
          });
          if (!Array.isArray(at(projected, path)) && !isJsonObject(at(projected, path) as Json)) {
            expect(at(projected, path)).toEqual(at(live, path));
          }
        }
      },
    );
  });

  test("put back over the live document changes nothing but the order of lists", () => {
    check(
      [aPlainDocument, aPlainDocument] as [fc.Arbitrary<JsonObject>, fc.Arbitrary<JsonObject>],
      (declared, live) => {
        const projected = projectOnto(declared, live);
        if (projected === undefined) return;
        expect(unordered(mergeThreeWay(undefined, projected, live))).toEqual(unordered(live));
      },
    );
  });
});

/** With sorted keys, `__proto__` among them, to compare as text. */
function sorted(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value ?? null;
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}

/** The same, with sorted lists too. */
function unordered(value: Json | undefined): Json {
  const byText = (one: Json, other: Json) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);
  if (Array.isArray(value)) return value.map(unordered).toSorted(byText);
  if (!isJsonObject(value)) return value ?? null;
  return Object.entries(value)
    .map(([key, inner]): Json => [key, unordered(inner)])
    .toSorted(byText);
}

function deepFreeze<T extends Json>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
