import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { findDuplicateKeys, findDuplicates } from "../../../lib/text/duplicate-keys.ts";

describe("findDuplicates()", () => {
  test.each([
    ["[{a: 1}, {b: {c: 1, c: 2}}]", [[1, "b", "c"]]],
    ["[[1, 2], [{}, {a: [], a: [,]}]]", [[1, 1, "a"]]],
    ["{a: 1, a: 2, b: {a: 1, a: 2}, a: 3}", [["a"], ["b", "a"]]],
    ["{'a.b': 1, \"a.b\": 2, a: {b: 1}}", [["a.b"]]],
  ])("returns the paths of duplicate keys in %s", (text, paths) => {
    expect(findDuplicates(text)).toEqual(paths);
  });

  test("returns nothing for the output of JSON.stringify()", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), fc.constantFrom(0, 1, 2), (value, indent) => {
        expect(findDuplicates(JSON.stringify(value, undefined, indent))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("finds any key that is repeated", () => {
    const key = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(key, fc.jsonValue(), fc.jsonValue(), (name, one, other) => {
        const text = `[0, {${JSON.stringify(name)}: ${JSON.stringify(one)}, ${JSON.stringify(name)}: ${JSON.stringify(other)}}]`;
        expect(findDuplicates(text)).toEqual([[1, name]]);
      }),
      { numRuns: 500 },
    );
  });

  test("needs linear time for a text that never ends", () => {
    const start = performance.now();
    for (const text of [
      `"${'\\"'.repeat(200_000)}`,
      '"\\'.repeat(200_000),
      "/*".repeat(200_000),
      "[{".repeat(200_000),
    ]) {
      findDuplicates(text);
    }
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe("findDuplicates() of deeply nested text", () => {
  const nested = (depth: number, inner: string) => `${"[".repeat(depth)}${inner}${"]".repeat(depth)}`;

  test("finds a key at the greatest depth that is checked", () => {
    expect(findDuplicates(nested(199, "{a: 1, a: 2}"))).toHaveLength(1);
  });

  test("ignores deeper keys", () => {
    const many = Array.from({ length: 20_000 }, (_, index) => `"k${index}":1,"k${index}":2`).join(",");
    expect(findDuplicates(nested(100_000, `{${many}}`))).toEqual([]);
  });
});

describe("findDuplicateKeys()", () => {
  test.each([
    ["nothing in an object without", '{"a": 1, "b": {"a": 1}, "c": [{"a": 1}, {"a": 1}]}', []],
    ["a key that stands twice", '{"a": 1, "a": 2}', ["a"]],
    ["it once, however often it stands there", "{a: 1, a: 2, a: 3}", ["a"]],
    ["one deep inside", '{"gateway": {"auth": {"token": "x", "token": "y"}}}', ["gateway.auth.token"]],
    ["one in a list's item", "{agents: {list: [{id: 1}, {id: 1, id: 2}]}}", ["agents.list.[].id"]],
    ["one after an inner object", "{a: {b: 1}, b: 2, a: 3}", ["a"]],
    ["an object that was merged twice", "{a: {x: 1}, a: {y: 2}}", ["a"]],
    ["keys that are quoted differently", `{a: 1, "a": 2, 'b': 3, b: 4, "c": 5, '\\u0063': 6}`, ["a", "b", "c"]],
    ["no key in a comment", "{a: 1, // a: 2\n /* a: 3, {a: */ b: 2}", []],
    ["no key in a text", `{a: "a: 1, {a:", b: 'a: "2"', c: "\\"a\\": 1"}`, []],
    ["no key in a value", "{a: b, c: -1.5e3, d: Infinity}", []],
    ["a quoted key that a dotted path could not hold", '{"a.b": 1, "a.b": 2}', ['"a.b"']],
    ["the key __proto__", '{"__proto__": 1, "__proto__": 2, constructor: 1}', ["__proto__"]],
  ])("finds %s", (_, text, paths) => {
    expect(findDuplicateKeys(text)).toEqual(paths);
  });

  test("returns nothing for text that does not parse", () => {
    for (const text of ["", "}", "]}{[", ":::", '{"', "{a:", "\0"]) expect(findDuplicateKeys(text)).toEqual([]);
  });
});
