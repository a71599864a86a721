import { describe, expect, test } from "bun:test";
import type { Json } from "../../../lib/json.ts";
import { findIncludes } from "../../../lib/text/includes.ts";
import { parseJson5 } from "../../../lib/text/json5.ts";

describe("findIncludes()", () => {
  test("lists single names and lists of names, at any depth", () => {
    const config = parseJson5(`{
      $include: './base.json5',
      agents: { list: [{ $include: ["./main.json5", "other.json5"] }, { id: "x" }] },
      channels: { telegram: { $include: "../telegram.json5" } },
    }`);
    expect(findIncludes(config).toSorted()).toEqual([
      "../telegram.json5",
      "./base.json5",
      "./main.json5",
      "other.json5",
    ]);
  });

  test("names each once", () => {
    expect(findIncludes([{ $include: "a" }, { $include: ["a", "b", "b"] }])).toEqual(["a", "b"]);
  });

  test.each<[string, Json]>([
    ["no object", "x"],
    ["null", null],
    ["an object without", { include: "a" }],
    ["names that are no text", { $include: [1, null, { $include: 2 }] }],
  ])("finds nothing in %s", (_, value) => {
    expect(findIncludes(value)).toEqual([]);
  });

  test("does not overflow the stack", () => {
    let value: Json = { $include: "deep" };
    for (let depth = 0; depth < 100_000; depth++) value = [value];
    expect(findIncludes(value)).toEqual(["deep"]);
  });
});
