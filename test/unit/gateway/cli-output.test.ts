import { describe, expect, test } from "bun:test";
import { findJsonObjects } from "../../../lib/gateway/cli-output.ts";
import { formatJson } from "../../../lib/json.ts";

const PAGE = { jobs: [{ name: "a {", description: "}\n{\n}", state: {} }], total: 1 };
const PRETTY = formatJson(PAGE);
const SHORT = `${JSON.stringify(PAGE)}\n`;

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
const readAll = (output: string) => [...findJsonObjects(output)].map(parse).filter((value) => value !== undefined);

describe("findJsonObjects()", () => {
  test.each([
    ["alone", "", ""],
    ["without the last line break", "", "\u0000"],
    ["after and before lines", "[plugins] x\n", "[plugins] y\n"],
    ["after a brace in a line", "(node:1) [DEP0040] {\n", ""],
    ["after a brace on a line of its own", "{\n", ""],
    ["after a brace that ends a line of its own", "}\n", ""],
    ["before a brace on a line of its own", "", "{\n"],
    ["before both", "", "}\n{\n"],
    ["after colours", "\u001b[33m{ x }\u001b[39m\n", "\u001b[2m}\u001b[22m\n"],
  ])("finds an object %s", (_, before, after) => {
    for (const text of [PRETTY, SHORT]) {
      expect(readAll(`${before}${text}${after}`.replace("\n\u0000", ""))).toEqual([PAGE]);
    }
  });

  test("finds each of several, and nothing in other lines", () => {
    expect(readAll(`x\n${SHORT}y {}\n${PRETTY}${SHORT}{}`)).toEqual([PAGE, PAGE, PAGE, {}]);
    expect(readAll("")).toEqual([]);
    expect(readAll("x {}\n  {}\n[{}]")).toEqual([]);
  });

  test.each(["{\n", "}\n", "{}\n", "{\n}\n", "{x\n}x\n", "\n{", "{"])(
    "yields no character twice of very much %j",
    (line) => {
      const output = line.repeat(400_000);
      let length = 0;
      for (const text of findJsonObjects(output)) length += text.length;
      expect(length).toBeLessThanOrEqual(output.length);
    },
  );
});
