import { describe, expect, test } from "bun:test";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { capLines, capProblems, cutLine, escapeAll, escapeControls, escapeText } from "../../lib/printable.ts";
import { REPOSITORY } from "../support/repository.ts";

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Every character that must not be printed. */
const HOSTILE = [
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f),
  0xad,
  0x061c,
  0x180e,
  0xfeff,
  ...range(0x200b, 0x200f),
  ...range(0x2028, 0x202e),
  ...range(0x2060, 0x206f),
  ...range(0xfff9, 0xfffb),
  ...range(0xe0000, 0xe007f),
].map((code) => String.fromCodePoint(code));

const HALVES = ["\ud800", "\udbff", "\udc00", "\udfff"];

describe("escapeControls()", () => {
  test("leaves nothing of them", () => {
    for (const character of [...HOSTILE, ...HALVES]) {
      expect(escapeControls(`a${character}b`)).toMatch(/^a(?:\\(?:[nrt]|u[0-9a-f]{4})){1,2}b$/);
    }
  });

  test("keeps letters of all scripts, and emoji", () => {
    const text = "설정 設定 إعداد גיבוי é 🦞 ❤️ \\n";
    expect(escapeControls(text)).toBe(text);
  });
});

describe("escapeText()", () => {
  test("keeps newlines, tabs and, on a terminal, colours", () => {
    expect(escapeText("a\n\tb\r\nc")).toBe("a\n\tb\r\nc");
    const painted = "\u001b[31mred\u001b[39m";
    expect(escapeText(painted, { hasColours: true })).toBe(painted);
    expect(escapeText(painted)).toBe("\\u001b[31mred\\u001b[39m");
    expect(escapeText("\u001b[2J\u001b]0;x\u0007\r", { hasColours: true })).toBe("\\u001b[2J\\u001b]0;x\\u0007\\u000d");
  });

  test("keeps JSON as JSON with the same values", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.constantFrom(...HOSTILE, ...HALVES)), (value, hostile) => {
        const all = { value, text: hostile.join("x"), [hostile.join("")]: 1 };
        const printed = escapeText(JSON.stringify(all, undefined, 2));
        expect(JSON.parse(printed)).toEqual(JSON.parse(JSON.stringify(all)));
        expect(printed.replaceAll("\n", "")).toBe(escapeControls(printed.replaceAll("\n", "")));
      }),
    );
  });
});

describe("escapeAll()", () => {
  test("escapes each text at any depth, and nothing else", () => {
    expect(escapeAll({ a: ["\u202e", { b: "\n", c: 1, d: undefined }], e: null, f: true })).toEqual({
      a: ["\\u202e", { b: "\\n", c: 1, d: undefined }],
      e: null,
      f: true,
    });
  });
});

describe("cutLine(), capLines() and capProblems()", () => {
  test("say how much is left out", () => {
    expect(cutLine("x".repeat(8_192))).toBe("x".repeat(8_192));
    expect(cutLine("x".repeat(20_000_000))).toBe(`${"x".repeat(8_192)}… (19991808 more characters)`);
    const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index}`);
    expect(capLines(lines, 2, (count) => `${count} more`)).toEqual(["line 0", "line 1", "49998 more"]);
    expect(capLines(["a", "b"], 2, String)).toEqual(["a", "b"]);
    expect(capProblems(lines)).toHaveLength(101);
    expect(capProblems(lines).at(-1)).toBe("… and 49900 more");
  });
});

test("only lib/commands/print.ts and progress.ts write to a stream of this process", async () => {
  const names = (await readdir(join(REPOSITORY, "lib"), { recursive: true })).filter((name) => name.endsWith(".ts"));
  const writers: string[] = [];
  for (const name of ["../manager.ts", ...names]) {
    const source = await readFile(join(REPOSITORY, "lib", name), "utf8");
    if (/\b(?:stdout|stderr|stream|output)\.write\b|\bconsole\./.test(source)) writers.push(name);
  }
  expect(writers.toSorted()).toEqual(["commands/print.ts", "commands/progress.ts"]);
});
