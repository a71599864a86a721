import { describe, expect, test } from "bun:test";
import { CONFIG_LIMITS, findExcess } from "../../../lib/text/limits.ts";
import { parseJson5 } from "../../../lib/text/json5.ts";
import { findYamlExcess } from "../../../lib/text/yaml-limits.ts";

const excessOf = (text: string) => findExcess(text, CONFIG_LIMITS);
const yamlExcessOf = (text: string) => findYamlExcess(text, CONFIG_LIMITS);
const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

/** 500 jobs with 20 fields each. */
const JOBS = lines(500, (job) => `- name: job-${job}\n${lines(19, (field) => `  field${field}: value ${field}\n`)}`);

/** A megabyte, as OpenClaw writes it. */
const CONFIG = JSON.stringify(
  {
    channels: Object.fromEntries(
      Array.from({ length: 6_000 }, (_, i) => [`c${i}`, { on: true, names: ["a", "b"], n: i }]),
    ),
  },
  undefined,
  2,
);

describe("findExcess()", () => {
  test("accepts a config of a megabyte", () => {
    expect(CONFIG.length).toBeGreaterThan(600_000);
    expect(excessOf(CONFIG)).toBeUndefined();
  });

  test.each([
    ["[".repeat(390 * 1024), "nested too deeply"],
    ['{"a":'.repeat(50_000), "nested too deeply"],
    [`[${"{},".repeat(200_000)}]`, "made of more than 100000 values"],
    [`{${lines(100_001, (i) => `k${i}:1,`)}}`, "made of more than 100000 values"],
    [`{'${"k".repeat(1 << 20)}': [${"1,".repeat(50_000)}]}`, "made of too many values below long keys"],
    [`"${"x".repeat(4 << 20)}"`, "larger than 4 MiB"],
  ])("refuses %#", (text, excess) => {
    expect(excessOf(text)).toBe(excess);
    expect(() => parseJson5(text)).toThrow(excess);
  });

  test.each([
    ["a string", `"${"[".repeat(1_000)}"`],
    ["a string with escaped quotes", `'${"\\'[".repeat(1_000)}'`],
    ["a comment", `// ${"[".repeat(1_000)}\u2028 /*${"[".repeat(1_000)}*/ 1`],
    ["lists that end", `[${"[],".repeat(1_000)}]`],
  ])("does not count the brackets of %s as nesting", (_, text) => {
    expect(excessOf(text)).toBeUndefined();
    expect(() => parseJson5(text)).not.toThrow();
  });

  test("finds what stands behind a string or a comment that seems to go on", () => {
    for (const start of [`["\\\\",`, `['"',`, `[/* " */`, `[// '\n`]) {
      expect(excessOf(start + "[".repeat(300))).toBe("nested too deeply");
    }
  });
});

describe("parseJson5()", () => {
  test("reads JSON of more than a megabyte, with comments or without, and no numbers of JSON5 in that size", () => {
    const text = `"${"x".repeat(2 << 20)}"`;
    for (const each of [text, `${text} // a comment`]) expect(parseJson5(each) as string).toHaveLength(2 << 20);
    expect(() => parseJson5(`[0x1f, ${text}]`)).toThrow("larger than 0.5 MiB, and no plain JSON");
  });
});

describe("findYamlExcess()", () => {
  test("accepts 500 jobs with 20 fields each, and texts full of brackets, dashes and colons", () => {
    expect(yamlExcessOf(JOBS)).toBeUndefined();
    const texts =
      "- 'a[[[['\n- \"{{{\"\n- a[[[ {{ - - -\n- |\n   [[[[[[[ a: b:\n     - - -\n- >\n   [x\n- # [[[\n- b\n";
    expect(yamlExcessOf(texts.repeat(300))).toBeUndefined();
    expect(yamlExcessOf(lines(100, (i) => `${"  ".repeat(i)}key:\n`))).toBeUndefined();
  });

  test.each([
    ["brackets", "[".repeat(390 * 1024)],
    ["braces behind a text", `- "["\n- |\n   ]\n- ${"{a: ".repeat(300)}`],
    ["dashes", "- ".repeat(300)],
    ["question marks", "? ".repeat(300)],
    ["keys in one line", "a: ".repeat(300)],
    ["indented keys", lines(300, (i) => `${" ".repeat(i)}a:\n`)],
    ["indented dashes", lines(300, (i) => `${" ".repeat(i)}-\n`)],
  ])("refuses %s nested too deeply", (_, text) => {
    expect(yamlExcessOf(text)).toBe("nested too deeply");
  });

  test.each([
    ["values", "- a\n"],
    ["nulls", "-\n"],
    ["maps", "- {}\n"],
    ["keys", ":\n"],
    ["newlines", "\n"],
    ["comments", "#\n"],
    ["stray brackets", "]"],
    ["tags", "- !a b\n"],
    ["documents", "--- a\n"],
  ])("refuses a megabyte of %s", (_, unit) => {
    expect(yamlExcessOf(unit.repeat(1_000_000 / unit.length))).toStartWith("YAML of too many values");
  });

  test("refuses more bytes than the limit", () => {
    expect(yamlExcessOf(" ".repeat(5 << 20))).toBe("larger than 4 MiB");
  });
});
