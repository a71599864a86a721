import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import JSON5 from "json5";
import type { KeyPath } from "../../../lib/text/duplicate-keys.ts";
import { findPositions } from "../../../lib/text/positions.ts";

/** A config as people write it. */
const CONFIG = `// The gateway of the team
{
  gateway: { mode: 'local', port: 18789, /* port: 1, */ auth: { "token": "\${TOKEN}" } },
  "agents": {
    list: [
      { id: "main", /* [ */ tools: { allow: ["read", "write",] } },
      {
        id: 'it\\'s: {"a": [',
        model: "x", // model: "y"
      },
    ],
  },
  'a.b': [[], [1, {c: -Infinity}]],
  \\u0063hannels: {},
}
`;

const lineOf = (text: string, ...path: KeyPath) => findPositions(text, [path])[0]?.line;

describe("findPositions()", () => {
  test.each<[KeyPath, number, number]>([
    [[], 1, 1],
    [["gateway"], 3, 3],
    [["gateway", "mode"], 3, 14],
    [["gateway", "port"], 3, 29],
    [["gateway", "auth", "token"], 3, 65],
    [["agents"], 4, 3],
    [["agents", "list", 0], 6, 7],
    [["agents", "list", 0, "tools", "allow", 1], 6, 54],
    [["agents", "list", 1], 7, 7],
    [["agents", "list", 1, "model"], 9, 9],
    [["a.b"], 13, 3],
    [["a.b", 1, 1, "c"], 13, 20],
    [["channels"], 14, 3],
  ])("finds %j at %d:%d", (path, line, column) => {
    expect(findPositions(CONFIG, [path])).toEqual([{ line, column }]);
  });

  test("answers for many paths at once, in their order", () => {
    const paths: KeyPath[] = [["channels"], ["gateway"], ["a.b"], ["gateway", "port"]];
    expect(findPositions(CONFIG, paths).map(({ line }) => line)).toEqual([14, 3, 13, 3]);
  });

  test("answers for a key that is not there with what it would be in", () => {
    expect(lineOf(CONFIG, "agents", "list", 1, "workspace")).toBe(7);
    expect(lineOf(CONFIG, "agents", "list", 7, "id")).toBe(5);
    expect(lineOf(CONFIG, "gateway", "port", "x")).toBe(3);
    expect(lineOf(CONFIG, "nowhere", "at", "all")).toBe(1);
    expect(lineOf("\n\n  {}", "a")).toBe(3);
  });

  test("answers for the last of several, as the parser does", () => {
    const text = '{\na: {x: 1,\ny: 1},\nb: 1,\n"a": {y: 2}}';
    expect(lineOf(text, "a", "y")).toBe(5);
    expect(lineOf(text, "a")).toBe(5);
    // It stands in the first one alone, and so nowhere.
    expect(lineOf(text, "a", "x")).toBe(5);
  });

  test.each([
    ["CR LF", "{\r\n a: 1,\r\n b: 2}"],
    ["CR", "{\r a: 1,\r b: 2}"],
    ["a comment over lines", "{/*\n*/ a: 1,\n b: 2}"],
    ["a text over lines", "{a: 'x\\\ny',\n b: 2}"],
    ["U+2028 in a text", '{a: "\u2028",\n\n b: 2}'],
    ["a byte order mark", "\uFEFF{\n\n b: 2}"],
  ])("counts lines as an editor does: %s", (_, text) => {
    JSON5.parse(text);
    expect(lineOf(text, "b")).toBe(3);
  });

  test("finds each key of what JSON.stringify() has written", () => {
    // Each entry on a line of its own: its line is how many lines there are before it.
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value, undefined, 1);
        const keys = Object.keys(JSON.parse(text) as object);
        const found = findPositions(
          text,
          keys.map((key) => [key]),
        );
        let line = 2;
        const expected = Object.values(value).map((inner) => {
          const at = line;
          line += JSON.stringify(inner, undefined, 1).split("\n").length;
          return { line: at, column: 2 };
        });
        expect(found).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test("needs linear time, whatever stands there", () => {
    const start = performance.now();
    const many = `{${Array.from({ length: 30_000 }, () => "a: {x: 1},").join("\n")}}`;
    expect(
      findPositions(
        many,
        Array.from({ length: 2_000 }, (_, index) => ["a", `k${index}`]),
      )[0]?.line,
    ).toBe(30_000);
    for (const text of [
      "[{a:".repeat(50_000),
      `"${'\\"'.repeat(200_000)}`,
      "/*".repeat(200_000),
      "1 ".repeat(200_000),
    ]) {
      findPositions(text, [["a", 0]]);
    }
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test("answers something for text that does not parse", () => {
    for (const text of ["", "}", "]}{[", ":::", '{"', "{a:", "\0", "[1 2, 3]"]) {
      expect(findPositions(text, [["a"], [0]])).toHaveLength(2);
    }
  });
});
