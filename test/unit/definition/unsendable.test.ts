import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Json } from "../../../lib/json.ts";
import { findUnsendable } from "../../../lib/definition/unsendable.ts";

const HALF = "\ud83e";
const NO_NUMBER = "expected a finite number";
const NO_CHARACTER = "holds half a character, an unpaired surrogate";

function nest(depth: number): Json {
  let value: Json = 1;
  for (let level = 0; level < depth; level++) value = { a: value };
  return value;
}

describe("findUnsendable()", () => {
  test("returns nothing for values that JSON keeps", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const withoutLong = (_: string, part: unknown) => (Number.isInteger(part) ? 1 : part);
        expect(findUnsendable(JSON.parse(JSON.stringify(value, withoutLong)) as Json)).toEqual([]);
      }),
    );
  });

  test.each([
    [{ timeout: Number.NaN }, "timeout", NO_NUMBER],
    [{ delivery: { threadId: Number.POSITIVE_INFINITY } }, "delivery.threadId", NO_NUMBER],
    [
      { delivery: { threadId: 2 ** 60 } },
      "delivery.threadId",
      "has more digits than a number keeps; write it as text, in quotes",
    ],
    [{ name: `a${HALF}` }, "name", NO_CHARACTER],
    [{ command: ["a", `${HALF}b`] }, "command.1", NO_CHARACTER],
    [{ env: { [HALF]: "x" } }, "env", "has a key with half a character in it, an unpaired surrogate"],
    [{ env: nest(1_000) }, "env", "is nested too deeply"],
  ] satisfies [Json, string, string][])(
    "returns the path of a value that JSON does not keep: %#",
    (value, field, problem) => {
      expect(findUnsendable(value)).toEqual([{ field, problem }]);
    },
  );

  test("accepts characters of several code units", () => {
    expect(findUnsendable(["🦞", "👩‍👩‍👧", "\u0000", "\ufffe", "𠮷"])).toEqual([]);
  });

  test("ends for a value that contains itself", () => {
    const value: { [key: string]: Json } = { a: Number.NaN };
    value.b = [value, value, { c: value }];
    expect(findUnsendable(value)).toEqual([{ field: "a", problem: NO_NUMBER }]);
  });
});
