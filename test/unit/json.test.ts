import { describe, expect, test } from "bun:test";
import { readOwn, readPath } from "../../lib/json.ts";

const INHERITED = ["toString", "__proto__", "constructor"];

describe("readOwn()", () => {
  test.each(INHERITED)("finds %s only if the object has it itself", (key) => {
    expect(readOwn({}, key)).toBeUndefined();
    expect(readOwn(Object.fromEntries([[key, 1]]), key)).toBe(1);
  });
});

describe("readPath()", () => {
  test("returns the value at a path, and undefined where there is none", () => {
    expect(readPath({ a: { b: [1] } }, "a.b")).toEqual([1]);
    expect(readPath({ a: 1 }, "a.b")).toBeUndefined();
    expect(readPath(undefined, "a")).toBeUndefined();
  });

  test.each(INHERITED)("finds nothing at %s unless it is there", (key) => {
    expect(readPath({ a: {} }, `a.${key}`)).toBeUndefined();
    expect(readPath({ a: Object.fromEntries([[key, 1]]) }, `a.${key}`)).toBe(1);
  });
});
