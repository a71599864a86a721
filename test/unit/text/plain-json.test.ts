import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import JSON5 from "json5";
import { parseJson5 } from "../../../lib/text/json5.ts";
import { toPlainJson } from "../../../lib/text/plain-json.ts";
import { runs } from "../../support/soak.ts";

const TOKENS = [
  Array.from("{}[],:a1-/\"' \n\t\uFEFF\u00a0é"),
  ["b1", "$x", "__proto__", "\\u0061", "a-b", "nulll", "null", "true", "NaN", "Infinity", "-Infinity"],
  ["'s'", '"d"', "'q\"q'", "'\\'e\\x41\\n'", "'\\01'", "'\\x4'", "'\\\n'", "'\t'", "'\0'", "'\ud800'"],
  ["-1", "+1", ".5", "5.", "0x1f", "01", "1e3", "/*c*/", "//c\n"],
].flat();

const outcomeOf = (parse: () => unknown) => {
  try {
    return { value: JSON.stringify(parse()) };
  } catch {
    return "refused";
  }
};

describe("toPlainJson()", () => {
  test("has the value that json5 finds, or is no JSON, for any tokens", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...TOKENS), { maxLength: 14 }), (tokens) => {
        const text = tokens.join("");
        const plain = outcomeOf(() => JSON.parse(toPlainJson(text) ?? ""));
        if (plain !== "refused") expect([text, plain]).toEqual([text, outcomeOf(() => JSON5.parse(text))]);
        expect([text, outcomeOf(() => parseJson5(text))]).toEqual([text, outcomeOf(() => JSON5.parse(text))]);
      }),
      { numRuns: runs(20_000) },
    );
  });

  test("can say all but numbers of JSON5's own", () => {
    const { value } = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom("1", "'a'", '"b"', "null", "true", "-2.5e3", "'x\\'y'", '"\\u0041\\b\\\n"'),
        fc.array(tie("value")).map((items) => `[ ${items.join(" , ")}${items.length > 0 ? "," : ""}/*x*/]`),
        fc
          .array(fc.tuple(fc.constantFrom("a", "$b", '"c d"', "'e'", "__proto__"), tie("value")))
          .map(
            (all) =>
              `{${all.map(([key, inner]) => `${key} :\n${inner}`).join(",")}${all.length > 0 ? " ," : ""} //z\n}`,
          ),
      ),
    }));
    fc.assert(
      fc.property(value, (text) => {
        expect(JSON.parse(toPlainJson(text) ?? "")).toEqual(JSON5.parse(text));
      }),
      { numRuns: runs(2_000) },
    );
  });
});
