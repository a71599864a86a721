import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Json } from "../../../lib/json.ts";
import { type ParsedText, parseYamlDocuments } from "../../../lib/text/yaml.ts";
import { runs } from "../../support/soak.ts";

/** The only document of a text. */
function parseYaml(text: string): ParsedText {
  const [document, ...others] = parseYamlDocuments(text);
  if (!document || others.length > 0) throw new Error(`${others.length + 1} documents`);
  return document;
}

/** The value of a text; any problem fails the test. */
function valueOf(text: string): Json {
  const parsed = parseYaml(text);
  if (parsed.kind === "unreadable") throw new Error(parsed.problem);
  expect(parsed.problems).toEqual([]);
  return parsed.value;
}

/** `path: problem`, a line each. */
function problemsOf(text: string): string[] {
  const parsed = parseYaml(text);
  if (parsed.kind === "unreadable") return [parsed.problem];
  return parsed.problems.map(({ path, problem }) => `${path.join(".")}: ${problem}`);
}

/** Arbitrary text, and text made of these parts. */
function anyText(part: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(part).map((parts) => parts.join("")),
  );
}

describe("parseYamlDocuments() of one document", () => {
  test("reads JSON as JSON.parse() does", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(valueOf(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["a date as text", "2027-01-31", "2027-01-31"],
    ["a moment as text", "2027-01-31T09:00:00Z", "2027-01-31T09:00:00Z"],
    ["yes as text", "yes", "yes"],
    ["an octal of YAML 1.1 as the number it looks like", "010", 10],
    ["a time of day as text", "12:30", "12:30"],
    ["a version as a number", "1.10", 1.1],
    ["a tag of JSON's own", "!!str 123", "123"],
    ["lines as lines", "|\n  a\n  b\n", "a\nb\n"],
  ] satisfies [string, string, Json][])("reads %s", (_, text, value) => {
    expect(valueOf(`a: ${text}`)).toEqual({ a: value });
  });

  test("replaces aliases by the value of their anchor", () => {
    expect(valueOf("- &a {x: 1}\n- *a\n- [*a]")).toEqual([{ x: 1 }, { x: 1 }, [{ x: 1 }]]);
    const many = Array.from({ length: 500 }, (_, index) => `- {i: ${index}, env: *env}`).join("\n");
    expect(valueOf(`- &env {A: "1"}\n${many}`)).toHaveLength(501);
  });

  test("merges maps; own keys win over merged ones, earlier maps over later ones", () => {
    const text = "- &a {x: 1, y: 1}\n- &b {y: 2}\n- {<<: *a, x: 3}\n- {x: 3, <<: *a}\n- {<<: [*b, *a]}";
    expect(valueOf(text)).toEqual([{ x: 1, y: 1 }, { y: 2 }, { x: 3, y: 1 }, { x: 3, y: 1 }, { x: 1, y: 2 }]);
  });

  test.each([
    ["a key twice", "- a: 1\n- b:\n    c: 1\n    'c': 2\n  b: 3", ["1.b.c", "1.b"], "stands twice in one map"],
    ["a tag", "- a: !Sub x\n- b: !Ref {c: 1}\n- !Job {d: 1}", ["0.a", "1.b", "2"], "has a tag that means nothing here"],
    ["a date that says so", "a: !!timestamp 2027-01-31", ["a"], "has a tag that means nothing here"],
    ["bytes", "a: !!binary aGk=", ["a"], "has a tag that means nothing here"],
    ["a set", "a: !!set {x, y}", ["a"], "has a tag that means nothing here"],
    ["a number that is none", "a: !!int x", ["a"], "has a tag that means nothing here"],
    [
      "keys of other kinds",
      "- env: {1: x}\n- ~: y\n- true: z\n- ? [a]\n  : b",
      ["0.env", "1", "2", "3"],
      "has a key that is no text; put it in quotes",
    ],
    ["a key by another name", "- &a b\n- {*a : c}", ["1"], "has a key that is no text; put it in quotes"],
    ["a directive", "%FOO bar\n---\na: 1", [""], "has a directive that means nothing here"],
  ])("reports %s with its path", (_, text, paths, problem) => {
    expect(problemsOf(text).toSorted()).toEqual(paths.map((path) => `${path}: ${problem}`).toSorted());
  });

  test.each([
    ["schedule: */15 * * * *", "Unexpected alias at node end at line 1, column 16; put the text in quotes"],
    ["schedule: */15", "has an alias that no anchor stands before; put a text that begins with * in quotes"],
    ["schedule: * * * * *", "Alias cannot be an empty string at line 1, column 11; put the text in quotes"],
    [
      "schedule: @daily",
      "Plain value cannot start with reserved character @ at line 1, column 11; put the text in quotes",
    ],
    [
      "command: echo a: b",
      "Nested mappings are not allowed in compact mappings at line 1, column 10; put the text in quotes",
    ],
    ["a: [", "Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 5"],
    ["%YAML 1.1\n---\na: yes", "is YAML 1.1; only 1.2 is read here"],
    ["<<: 1", "merges something that is no map, or has no anchor before it in its document"],
    ["[".repeat(50_000), "is nested too deeply"],
    [`${"[".repeat(50_000)}${"]".repeat(50_000)}`, "is nested too deeply"],
    ["- ".repeat(20_000), "is nested too deeply"],
  ])("reports why a text cannot be read: %#", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test.each([
    "a: |",
    "a: >",
    "a: *",
    "a: !<",
    "a: !x!",
    "a: !!x",
    "a: @",
    "a: %",
    "a: `",
    "a: {",
    "a: [",
    "a: - ",
    "? ",
    "%",
    "%YAML ",
    "%TAG ",
    'a: "\\x',
    'a: "\\q',
    "a: '",
    'a: "b" ',
    "a: b: ",
    "- x\n",
    "a: &b ",
    "a: ,",
    "a:\n\t",
    "<<: ",
    "a: !!int ",
    "a: *b\nc: ",
  ])("quotes no value: %j", (start) => {
    for (const rest of ["s3cret", 's3cret"', "s3cret s3cret", "s3cret: s3cret", "s3cret! *s3cret"]) {
      const problems = problemsOf(`${start}${rest}`).map((line) => line.replace(/^.*?: (?=has|stands)/, ""));
      expect(problems.join()).not.toContain("s3cret");
    }
  });

  test("ends for a value that contains itself", () => {
    expect(parseYaml("a: &a\n  b: *a\n  c: [*a, *a]")).toMatchObject({ kind: "parsed", problems: [] });
  });

  test.each([
    ["a key twice", "{a: 1, a: 2}"],
    ["a key that is no text", "{1: a}"],
    ["a tag", "!x a"],
  ])("reports %s in each of many items", (_, item) => {
    const paths = problemsOf(`- ${item}\n`.repeat(2_000)).map((line) => Number.parseInt(line, 10));
    expect(paths).toEqual(Array.from({ length: 2_000 }, (_, index) => index));
  });

  test("reports one duplicate among many keys", () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => `k${index}`);
    expect(problemsOf(`{${[...keys, "k7"].map((key) => `${key}: 1`).join(", ")}}`)).toEqual([
      "k7: stands twice in one map",
    ]);
  });

  test("reports the first of many errors in one line", () => {
    expect(problemsOf('"'.repeat(100_000))).toEqual([
      "Unexpected double-quoted-scalar at node end at line 1, column 3; put the text in quotes",
    ]);
  });

  test("rejects aliases that expand to too many values", () => {
    const many = Array.from({ length: 2_000 }, (_, index) => `A${index}: x`).join(", ");
    const list = (count: number) => `- &a {${many}}\n${"- *a\n".repeat(count)}`;
    expect(problemsOf(list(400))).toEqual([]);
    expect(problemsOf(list(4_000))).toEqual(["has aliases of aliases that stand for too much"]);
  });

  test("never throws", () => {
    const part = fc.constantFrom(
      "a",
      "- ",
      ": ",
      "\n",
      "  ",
      "&a",
      "*a",
      "<<",
      "!x ",
      "? ",
      "[",
      "]",
      "{",
      "}",
      '"',
      "'",
      ",",
      "|",
      "#",
      "---",
      "%",
      "\t",
      "1",
    );
    fc.assert(
      fc.property(anyText(part), (text) => {
        for (const { kind } of parseYamlDocuments(text)) expect(kind).toBeOneOf(["parsed", "unreadable"]);
      }),
      { numRuns: runs(2_000) },
    );
  });
});

describe("parseYamlDocuments()", () => {
  test("reads each document separately", () => {
    const text = "a: 1\n---\n# nothing\n---\n- {b: 1, b: 2}\n---\nc: [\n---\nd: *d\n";
    expect(parseYamlDocuments(text)).toEqual([
      { kind: "parsed", value: { a: 1 }, problems: [] },
      { kind: "parsed", value: null, problems: [] },
      { kind: "parsed", value: [{ b: 2 }], problems: [{ path: [0, "b"], problem: "stands twice in one map" }] },
      {
        kind: "unreadable",
        problem: "Flow sequence in block collection must be sufficiently indented and end with a ] at line 8, column 1",
      },
      {
        kind: "unreadable",
        problem: "has an alias that no anchor stands before; put a text that begins with * in quotes",
      },
    ]);
  });

  test("reads an empty text, comments alone, and what stands between two markers, as one document", () => {
    for (const text of ["", "# nothing", "---\n", "---\n...\n"]) {
      expect(parseYamlDocuments(text)).toEqual([{ kind: "parsed", value: null, problems: [] }]);
    }
    expect(parseYamlDocuments("---\na: 1\n...\n")).toHaveLength(1);
  });

  test("allows as many repetitions in all documents together as in one", () => {
    // 500 times 1,000 values by aliases; three of these documents are over a million.
    const document = `a: &a [${"1,".repeat(999)}1]\nb: [${"*a,".repeat(498)}*a]\n`;
    expect(parseYamlDocuments(document)[0]?.kind).toBe("parsed");
    const kinds = parseYamlDocuments([document, document, document].join("---\n")).map(({ kind }) => kind);
    expect(kinds).toEqual(["parsed", "parsed", "unreadable"]);
  });

  test("counts the depth of each document by itself", () => {
    const deep = Array.from({ length: 150 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("");
    const flow = `${"[".repeat(100)}${"]".repeat(100)}\n`;
    expect(parseYamlDocuments(`${deep}---\n${flow}`).map(({ kind }) => kind)).toEqual(["parsed", "parsed"]);
  });

  test.each(["---\n", "--- 1\n", "...\n", "--- a\n...\n"])("does not parse very many documents: %j", (piece) => {
    expect(parseYamlDocuments(piece.repeat(100_000 / piece.length))[0]).toEqual({
      kind: "unreadable",
      problem: expect.stringContaining("is YAML of too many values for our memory"),
    });
  });

  test("never throws, and returns at least one document", () => {
    const part = fc.constantFrom(
      "a",
      "- ",
      ": ",
      "\n",
      "---\n",
      "...\n",
      "&a ",
      "*a",
      "!x ",
      "[",
      "{",
      '"',
      "|",
      "%",
      "\t",
    );
    fc.assert(
      fc.property(anyText(part), (text) => {
        expect(parseYamlDocuments(text).length).toBeGreaterThan(0);
      }),
      { numRuns: 1_000 },
    );
  });
});
