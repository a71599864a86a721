import { describe, expect, test } from "bun:test";
import { parseDefinition } from "../../lib/definition/definition.ts";
import { hideVariables } from "../../lib/cron/command.ts";
import { escapeControls } from "../../lib/printable.ts";
import { findDuplicateKeys } from "../../lib/text/duplicate-keys.ts";
import { createMasker } from "../../lib/text/masking.ts";
import { createRedactor } from "../../lib/text/redaction.ts";
import { maskArguments, maskJobText, maskText } from "../../lib/text/secrets.ts";
import { parseYamlDocuments } from "../../lib/text/yaml.ts";
import { findGrowth } from "../support/growth.ts";
import { PATTERN_TABLE } from "../support/pattern-table.ts";
import { findLiterals, isUnlimited, listPatterns, toPattern } from "../support/patterns.ts";

/** What is tried on every pattern, besides its own row. */
const USUAL = ["a", " ", "0", "-", ".", "/", '"', "a ", "a."];

/** What makes a pattern fail at the very end of a text. */
const ENDS = ["", "!", "\0"];

const repeat = (start: string, piece: string, end: string) => (size: number) =>
  start + piece.repeat(Math.ceil(size / piece.length)) + end;

describe("the table of patterns", () => {
  const inSources = listPatterns()
    .filter(({ literal }) => isUnlimited(literal))
    .map(({ file, literal }) => `${file}: ${literal}`);
  const inTable = Object.entries(PATTERN_TABLE).flatMap(([file, rows]) =>
    Object.keys(rows).map((literal) => `${file}: ${literal}`),
  );

  test("has each pattern that may repeat something without limit, and no other", () => {
    expect([...new Set(inSources)].toSorted()).toEqual(inTable.toSorted());
  });

  test("would miss no pattern", () => {
    const source = "const a = b / c / d; // /x+/\nf(/[/]+/g, `/${/\\/+/.test(x) ? `${1}/` : '/'}+/`); return /y*/;";
    expect(findLiterals(source)).toEqual(["/[/]+/g", "/\\/+/", "/y*/"]);
    expect(["/a+/", "/a*b/g", "/a{2,}/", "new RegExp(a)"].every(isUnlimited)).toBe(true);
    expect(["/a{2,3}/", "/[*+]/", "/\\+/", "/(?:a|b)?/i"].some(isUnlimited)).toBe(false);
  });

  test("would find a pattern that explodes, and one that grows by the square", () => {
    expect(findGrowth((text) => /^(?:a+)+$/.test(text), repeat("", "a", "!"))).toBeDefined();
    expect(findGrowth((text) => /a+$/.test(text), repeat("", "a", "!"))).toBeDefined();
    expect(findGrowth((text) => /^a+$/.test(text), repeat("", "a", "!"))).toBeUndefined();
  });
});

const ROWS = Object.entries(PATTERN_TABLE).flatMap(([file, rows]) =>
  Object.entries(rows).flatMap(([literal, row]) => ("pieces" in row ? [{ file, literal, pieces: row.pieces }] : [])),
);

describe("a pattern takes time in proportion to the text", () => {
  test.each(ROWS)("$file: $literal", ({ literal, pieces }) => {
    const pattern = toPattern(literal);
    const work = (text: string) => text.replace(pattern, "");
    for (const piece of [...USUAL, ...pieces]) {
      const [start, repeated] = typeof piece === "string" ? ["", piece] : piece;
      for (const end of ENDS) {
        const growth = findGrowth(work, repeat(start, repeated, end));
        expect({ piece, end, growth }).toEqual({ piece, end, growth: undefined });
      }
    }
  });
});

/** What a hostile gateway, config or job may repeat. */
const HOSTILE = [
  "a",
  " ",
  '"',
  "'",
  "\\",
  '\\"',
  "=",
  "token",
  "token ",
  "token=",
  "token='",
  "token: {",
  "token=$(",
  "token=${A}",
  " --token",
  " --token a",
  " -u",
  "mysql -p",
  "authorization: ",
  "authorization: bearer ",
  "cookie:",
  "bearer ",
  "machine a login b password ",
  "://",
  "a://",
  "a://b:c",
  "a://b@",
  "http://a/services/",
  "a:b@",
  "@",
  "a:5432:",
  "-----BEGIN ",
  "-----BEGIN A-----",
  "<<A\n",
  "<<A ",
  "token <<A\n",
  "<<<",
  "echo token|",
  "A=",
  "A=b ",
  "export ",
  "export a=",
  "ghp_",
  "eyJ.",
  "123456:",
  "a.b",
  "a[].",
  "/a",
  'expected "',
  "(allowed: ",
  "openclaw doctor --a",
  "a@a.",
  "+1",
  "\n",
  "\u2028",
  "{a:",
  "${A:-",
  "Set the environment variable ",
  "Set the environment variable a to '",
];

describe("what handles text from outside takes time in proportion to it", () => {
  const many = Array.from({ length: 400 }, (_, index) => `${"a ".repeat(index)}b`);
  const redact = createRedactor({ token: "hush hush", note: "s3cret", values: many.slice(0, 50) });
  const maskMany = createMasker(many);
  const job = { payload: { env: { A: "hush hush" }, argv: ["x", "--api-key", "hush"] } };
  const works: readonly (readonly [string, (text: string) => unknown])[] = [
    ["maskText()", maskText],
    ["maskArguments()", (text) => maskArguments([text, "--token", text])],
    ["maskJobText() of a message", (text) => maskJobText(text, job)],
    ["maskJobText() of a job", (text) => maskJobText("no", { message: text, argv: ["x", text] })],
    ["createRedactor() of a message", redact],
    ["createRedactor() of a config", (text) => createRedactor({ a: text, token: text, $include: text })("no")],
    ["createMasker() of values that begin alike", maskMany],
    ["hideVariables()", (text) => hideVariables(text, "***")],
    ["escapeControls()", escapeControls],
    ["findDuplicateKeys()", findDuplicateKeys],
    ["parseDefinition()", (text) => parseDefinition({ name: text, schedule: text, command: text })],
  ];
  test.each(works)("%s", (_, work) => {
    for (const piece of HOSTILE) {
      const growth = findGrowth(work, repeat("", piece, "!"));
      expect({ piece, growth }).toEqual({ piece, growth: undefined });
    }
  });

  test("parseYamlDocuments() of a text with an error", () => {
    for (const piece of ["a: b: ", "'", '"', "@", "&a ", "!", "%", "\t"]) {
      const growth = findGrowth((text) => parseYamlDocuments(text), repeat("a: b: ", piece, "\n}"));
      expect({ piece, growth }).toEqual({ piece, growth: undefined });
    }
  });
});
