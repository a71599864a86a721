import { describe, expect, test } from "bun:test";
import { findChangedPaths, findDifferences, formatKey } from "../../../lib/text/changed-paths.ts";
import type { JsonObject } from "../../../lib/json.ts";

describe("findChangedPaths()", () => {
  test("returns nothing for equal configs, in any order of keys", () => {
    expect(findChangedPaths({}, {})).toEqual([]);
    expect(findChangedPaths({ a: 1, b: { c: [1, { d: 2 }] } }, { b: { c: [1, { d: 2 }] }, a: 1 })).toEqual([]);
  });

  test("returns added, changed and removed paths, sorted", () => {
    const before = { same: 1, gone: 1, changed: 1, deep: { same: 1, changed: { further: 1 }, gone: 1 } };
    const after = { same: 1, changed: 2, added: 1, deep: { same: 1, changed: { further: 2 }, added: 1 } };
    expect(findChangedPaths(before, after)).toEqual([
      "added",
      "changed",
      "deep.added",
      "deep.changed.further",
      "deep.gone",
      "gone",
    ]);
  });

  test("returns the leaves of an added or removed object", () => {
    expect(findChangedPaths({}, { gateway: { auth: { token: "x" }, port: 1 } })).toEqual([
      "gateway.auth.token",
      "gateway.port",
    ]);
    expect(findChangedPaths({ gateway: { port: 1 } }, {})).toEqual(["gateway.port"]);
  });

  test("returns the path of an added or removed empty object", () => {
    expect(findChangedPaths({}, { a: {} })).toEqual(["a"]);
    expect(findChangedPaths({ a: {} }, {})).toEqual(["a"]);
    expect(findChangedPaths({ a: null }, { a: {} })).toEqual(["a"]);
  });

  test("compares a list as one value", () => {
    expect(findChangedPaths({ a: [1, { b: 1 }] }, { a: [1, { b: 2 }] })).toEqual(["a"]);
    expect(findChangedPaths({ a: [1, 2] }, { a: [2, 1] })).toEqual(["a"]);
  });

  test.each([
    [1, "1"],
    [0, false],
    [null, 0],
    ["", null],
    [{ b: 1 }, [1]],
    [[], {}],
    [{ b: 1 }, "b"],
  ])("distinguishes %j from %j", (one, other) => {
    expect(findChangedPaths({ a: one }, { a: other })).toEqual(["a"]);
    expect(findChangedPaths({ a: other }, { a: one })).toEqual(["a"]);
  });

  test("quotes keys with other characters than words have", () => {
    const after = { "a.b": 1, a: { "c d": 1, "": 1, 'e"f': 1 }, 日本: 1, $include: "x", "memory-core": 1 };
    expect(findChangedPaths({}, after)).toEqual([
      "$include",
      'a.""',
      'a."c d"',
      'a."e\\"f"',
      '"a.b"',
      "memory-core",
      '"日本"',
    ]);
  });

  test("handles __proto__, constructor and toString as keys", () => {
    const after: JsonObject = JSON.parse('{"__proto__": {"a": 1}, "constructor": 1, "toString": 2}');
    expect(findChangedPaths({}, after)).toEqual(["__proto__.a", "constructor", "toString"]);
    expect(findChangedPaths(after, {})).toEqual(["__proto__.a", "constructor", "toString"]);
    expect(findChangedPaths(after, structuredClone(after))).toEqual([]);
  });

  test("returns no values", () => {
    const paths = findChangedPaths(
      { token: "old-s3cret" },
      { token: "s3cret", list: ["s3cret"], deep: { a: "s3cret" } },
    );
    expect(paths).toEqual(["deep.a", "list", "token"]);
  });
});

describe("findDifferences()", () => {
  test("tells added, removed and changed paths apart", () => {
    const before = { gateway: { port: 1, mode: "local" }, routing: { allowFrom: [] }, list: [1], same: {} };
    const after = { gateway: { port: 2, mode: "local", bind: "lan" }, list: [1, 2], same: {} };
    expect(findDifferences(before, after)).toEqual([
      { path: "gateway.bind", kind: "added" },
      { path: "gateway.port", kind: "changed" },
      { path: "list", kind: "changed" },
      { path: "routing.allowFrom", kind: "removed" },
    ]);
  });

  test("counts null and an empty object as values", () => {
    expect(findDifferences({ a: null }, { b: {} })).toEqual([
      { path: "a", kind: "removed" },
      { path: "b", kind: "added" },
    ]);
    expect(findDifferences({ a: null }, { a: {} })).toEqual([{ path: "a", kind: "changed" }]);
  });

  test("calls a path changed that is another kind of value now", () => {
    expect(findDifferences({ a: { b: 1 } }, { a: [1] })).toEqual([{ path: "a", kind: "changed" }]);
    expect(findDifferences({ a: "x" }, { a: { b: 1 } })).toEqual([{ path: "a", kind: "changed" }]);
  });

  test("does not take an inherited property for a value", () => {
    expect(findDifferences({}, JSON.parse('{"toString": 1}'))).toEqual([{ path: "toString", kind: "added" }]);
  });
});

test("formatKey() quotes what could be mistaken in a dotted path", () => {
  expect(["memory-core", "$include", "a.b", "", "日本", 'x"y'].map(formatKey)).toEqual([
    "memory-core",
    "$include",
    '"a.b"',
    '""',
    '"日本"',
    '"x\\"y"',
  ]);
});
