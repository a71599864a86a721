// `$include`, as all releases of OpenClaw resolve it. The cases are those that the releases' own code was run over.

import { describe, expect, test } from "bun:test";
import { parseDocument } from "../../../lib/text/document.ts";
import {
  type IncludePlaces,
  type Reference,
  listReferences,
  mayInclude,
  readIncludeRoots,
  resolveIncludes,
} from "../../../lib/text/include-files.ts";
import type { Json } from "../../../lib/json.ts";

const PLACES: IncludePlaces = { directory: "/home/node/.openclaw", roots: ["/shared", "/team/conf"] };

function parse(text: string): Json {
  const parsed = parseDocument(Buffer.from(text));
  if (parsed.kind === "broken") throw new Error(parsed.problem);
  return parsed.value;
}

/** Resolves a root with these files; a path that begins with a slash lies outside. */
function resolve(root: string, files: Record<string, string> = {}) {
  const look = (reference: Exclude<Reference, { kind: "refused" }>) => {
    const text = files[reference.kind === "inside" ? reference.name : reference.path];
    return text === undefined ? undefined : parseDocument(Buffer.from(text));
  };
  return resolveIncludes(parse(root), "openclaw.json", PLACES, look);
}

/** The value, if all can be resolved. */
function valueOf(root: string, files: Record<string, string> = {}): Json {
  const { value, problems } = resolve(root, files);
  expect(problems).toEqual([]);
  return value;
}

const problemsOf = (root: string, files: Record<string, string> = {}) => resolve(root, files).problems;

describe("resolveIncludes() of one file", () => {
  test("replaces $include by its content: at the top, nested, and in a list", () => {
    const files = { "base.json5": '{gateway: {mode: "local"}}', "main.json5": '{id: "main"}' };
    expect(valueOf('{$include: "./base.json5"}', files)).toEqual({ gateway: { mode: "local" } });
    expect(valueOf('{a: {b: {$include: "base.json5"}}}', files)).toEqual({ a: { b: { gateway: { mode: "local" } } } });
    expect(valueOf('{agents: {list: [{$include: "./main.json5"}, {id: "ops"}]}}', files)).toEqual({
      agents: { list: [{ id: "main" }, { id: "ops" }] },
    });
  });

  test.each<[string, string, Json]>([
    ["an object", "{a: 1}", { a: 1 }],
    ["a list", "[1, {b: 2}]", [1, { b: 2 }]],
    ["a text", "'${DISCORD_TOKEN}'", "${DISCORD_TOKEN}"],
    ["a number", "0x10", 16],
    ["null", "null", null],
    ["false", "false", false],
  ])("may bring in %s", (_, text, value) => {
    expect(valueOf('{here: {$include: "./x.json5"}}', { "x.json5": text })).toEqual({ here: value });
  });

  test("puts a list in a list, without splicing it", () => {
    expect(valueOf('{a: [0, {$include: "./x"}]}', { x: "[1, 2]" })).toEqual({ a: [0, [1, 2]] });
  });

  test("never looks at the extension: whatever parses as JSON5 counts", () => {
    for (const name of ["x", "x.json", "x.yaml", "x.tar.gz"]) {
      expect(valueOf(`{$include: "./${name}"}`, { [name]: "\uFEFF// a comment\n{a: 1,}" })).toEqual({ a: 1 });
    }
  });

  test("leaves ${VAR} to OpenClaw, which replaces it later", () => {
    expect(valueOf('{$include: "./x"}', { x: '{token: "${DISCORD_TOKEN}"}' })).toEqual({ token: "${DISCORD_TOKEN}" });
    expect(problemsOf('{$include: "./${NAME}.json5"}')).toEqual([
      "$include: ${NAME}.json5: the ConfigMap has no such key",
    ]);
  });
});

describe("resolveIncludes() of a list of files", () => {
  test("merges them in order, the later one over the earlier one", () => {
    const files = {
      one: '{channels: {discord: {enabled: true, token: "${A}"}}, x: 1, list: [1]}',
      two: '{channels: {discord: {token: "${B}"}, telegram: {}}, x: {y: 2}, list: [2]}',
    };
    expect(valueOf('{$include: ["./one", "./two"]}', files)).toEqual({
      channels: { discord: { enabled: true, token: "${B}" }, telegram: {} },
      x: { y: 2 },
      list: [1, 2],
    });
    expect(valueOf('{$include: ["./two", "./one"]}', files)).toMatchObject({ x: 1, list: [2, 1] });
  });

  test("is an empty object for an empty list", () => {
    expect(valueOf("{agents: {$include: []}}")).toEqual({ agents: {} });
  });

  test("appends lists, and lets a later value of another kind replace the earlier one", () => {
    const files = { object: "{a: 1}", list: "[1]", more: "[2]", text: "'x'", nothing: "null" };
    const fold = (...names: string[]) => valueOf(`{here: {$include: ${JSON.stringify(names)}}}`, files);
    expect(fold("list", "more")).toEqual({ here: [1, 2] });
    expect(fold("object", "list")).toEqual({ here: [1] });
    expect(fold("list", "object")).toEqual({ here: { a: 1 } });
    expect(fold("object", "text")).toEqual({ here: "x" });
    expect(fold("object", "nothing")).toEqual({ here: null });
  });

  test("sets null where the later file says null, rather than taking the key out", () => {
    expect(valueOf('{$include: ["a", "b"]}', { a: "{x: {y: 1}}", b: "{x: null}" })).toEqual({ x: null });
  });

  test("allows a file twice, and doubles its lists", () => {
    expect(valueOf('{$include: ["./a", "./a"]}', { a: "{list: [1], x: 1}" })).toEqual({ list: [1, 1], x: 1 });
  });

  test("does not replace an empty value by what was there", () => {
    expect(valueOf('{$include: ["a", "b"]}', { a: "{x: {y: 1}, l: [1]}", b: "{x: {}, l: []}" })).toEqual({
      x: { y: 1 },
      l: [1],
    });
  });
});

describe("resolveIncludes() with keys beside $include", () => {
  const files = { x: '{mode: "local", port: 1, tools: {deny: ["browser"]}, list: [1]}' };

  test("lets them win, wherever $include stands among them", () => {
    for (const root of ['{$include: "./x", port: 2, more: 3}', '{port: 2, $include: "./x", more: 3}']) {
      expect(valueOf(root, files)).toEqual({
        mode: "local",
        port: 2,
        tools: { deny: ["browser"] },
        list: [1],
        more: 3,
      });
    }
  });

  test("appends their lists to those of the file, at every depth", () => {
    expect(valueOf('{$include: "./x", tools: {deny: ["canvas"]}, list: [2]}', files)).toMatchObject({
      tools: { deny: ["browser", "canvas"] },
      list: [1, 2],
    });
  });

  test("puts the included keys first", () => {
    expect(Object.keys(valueOf('{a: 1, $include: "./x", port: 2}', files) as object)).toEqual([
      "mode",
      "port",
      "tools",
      "list",
      "a",
    ]);
  });

  test("may include something themselves", () => {
    const more = { ...files, y: '{token: "${OPENCLAW_GATEWAY_TOKEN}"}' };
    expect(valueOf('{$include: "./x", auth: {$include: "./y"}}', more)).toMatchObject({
      mode: "local",
      auth: { token: "${OPENCLAW_GATEWAY_TOKEN}" },
    });
  });

  test.each(["[1]", "'text'", "5", "null"])("refuses a file that holds %s", (text) => {
    expect(problemsOf('{$include: "./x", a: 1}', { x: text })).toEqual([
      "$include: keys stand beside it, so the included file has to hold an object",
    ]);
  });

  test("does not lose __proto__ or constructor of one side, and pollutes nothing", () => {
    const value = valueOf('{$include: "./x", "__proto__": {"b": 1}}', {
      x: '{"__proto__": {"a": 1}, "constructor": 1}',
    });
    expect(JSON.stringify(value)).toBe('{"__proto__":{"a":1,"b":1},"constructor":1}');
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });
});

describe("resolveIncludes() of files that include files", () => {
  test("resolves a name against the file that has it", () => {
    const files = {
      "agents/all.json5": '{list: [{$include: "./main.json5"}], defaults: {$include: "../defaults.json5"}}',
      "agents/main.json5": '{id: "main"}',
      "defaults.json5": '{workspace: "~/ghq"}',
      "main.json5": '{id: "wrong"}',
    };
    expect(valueOf('{agents: {$include: "./agents/all.json5"}}', files)).toEqual({
      agents: { list: [{ id: "main" }], defaults: { workspace: "~/ghq" } },
    });
  });

  test("allows a file that two others include", () => {
    const files = { a: '{x: {$include: "./c"}}', b: '{y: {$include: "./c"}}', c: "{z: [1]}" };
    expect(valueOf('{$include: ["./a", "./b"]}', files)).toEqual({ x: { z: [1] }, y: { z: [1] } });
  });

  test.each([
    ["a file that includes itself", { a: '{$include: "./a"}' }, "openclaw.json -> a -> a"],
    [
      "two files that include each other",
      { a: '{$include: "./b"}', b: '{$include: "./a"}' },
      "openclaw.json -> a -> b -> a",
    ],
    [
      "a file that includes the root",
      { a: '{x: {$include: "./openclaw.json"}}' },
      "openclaw.json -> a -> openclaw.json",
    ],
    [
      "a circle under another spelling",
      { a: '{$include: "sub/../././b"}', b: '{$include: "/home/node/.openclaw/a"}' },
      "openclaw.json -> a -> b -> a",
    ],
  ])("names the circle of %s", (_, files, chain) => {
    expect(problemsOf('{$include: "./a"}', files)).toEqual([`$include: circular: ${chain}`]);
  });

  /** n1 includes n2, and so on; the last one holds a value. */
  function chainOf(depth: number): Record<string, string> {
    const names = Array.from({ length: depth }, (_, index) => `n${index + 1}`);
    return Object.fromEntries(
      names.map((name, index) => [name, index + 1 < depth ? `{$include: "./n${index + 2}"}` : "{deep: 1}"]),
    );
  }

  test("follows a chain of ten files, and refuses the eleventh", () => {
    expect(valueOf('{$include: "./n1"}', chainOf(10))).toEqual({ deep: 1 });
    expect(problemsOf('{$include: "./n1"}', chainOf(11))).toEqual(["$include: n11: nested deeper than 10 files"]);
  });

  test("counts the depth of each chain for itself", () => {
    // n2 alone is nine files deep, and was met before; through n1 and `first` it is eleven.
    const files = { ...chainOf(10), first: '{$include: "./n1"}' };
    expect(problemsOf('{a: {$include: "./n2"}, b: {$include: "./first"}}', files)).toEqual([
      "$include: n2: nested deeper than 10 files",
    ]);
  });

  test("resolves a file once, however many others include it", () => {
    const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
    const files = Object.fromEntries(
      names.map((name, index) => [name, `{$include: ${JSON.stringify(Array(9).fill(`./n${index + 1}`))}}`]),
    );
    expect(valueOf('{$include: "./n1"}', { ...files, n9: "{deep: 1}" })).toEqual({ deep: 1 });
  });

  test("does not take exponential time or memory for files that include each other twice", () => {
    const files = Object.fromEntries(
      Array.from({ length: 9 }, (_, index) => [
        `n${index}`,
        `{list: [1, 2], $include: ["./n${index + 1}", "./n${index + 1}"]}`,
      ]),
    );
    expect(valueOf('{$include: "./n0"}', { ...files, n9: "{list: []}" })).toMatchObject({ list: { length: 1_022 } });
    const wide = { n0: '{$include: ["./n1", "./n1", "./n1", "./n1"]}', n1: `[${"1,".repeat(40_000)}]` };
    expect(problemsOf('{a: {$include: "./n0"}}', wide)).toEqual(["$include: the list is too long"]);
  });
});

describe("resolveIncludes() of names that lead somewhere else", () => {
  test.each([
    ["out of the directory", "../x.json5"],
    ["out of it by a detour", "./sub/../../x.json5"],
    ["to an absolute path outside", "/etc/passwd"],
    ["to a sibling of an allowed directory", "/sharedX/x.json5"],
    ["out of an allowed directory", "/shared/../etc/x"],
    ["to the directory itself by its name", "."],
    ["to the kubelet's own files", "..data/x.json5"],
  ])("refuses one that leads %s", (_, name) => {
    expect(problemsOf(`{$include: ${JSON.stringify(name)}}`, { "x.json5": "{}" })).toEqual([
      `$include: ${name}: leads out of /home/node/.openclaw; only files of the ConfigMap can be included`,
    ]);
  });

  test.each([
    ["is empty", ""],
    ["has a NUL", "x\0y"],
    ["is too long for the system", `./${"x".repeat(300)}`],
  ])("refuses one that %s", (_, name) => {
    expect(problemsOf(`{$include: ${JSON.stringify(name)}}`, {})).toEqual([
      `$include: ${name.slice(0, 100)}: is no file name`,
    ]);
  });

  test("follows an absolute path, or one with dots, that ends up inside", () => {
    for (const name of [
      "/home/node/.openclaw/x.json5",
      "../.openclaw/x.json5",
      "./sub/../x.json5",
      "sub/./../x.json5",
    ]) {
      expect(valueOf(`{$include: "${name}"}`, { "x.json5": "{a: 1}" })).toEqual({ a: 1 });
    }
  });

  test("takes blanks, tildes and stars for parts of a name", () => {
    for (const name of [" x", "~/x", "*.json5", "x?y", "https:/x"]) {
      expect(valueOf(`{$include: "${name}"}`, { [name]: "{a: 1}" })).toEqual({ a: 1 });
    }
  });

  test("refuses our own records beside the live file", () => {
    expect(problemsOf('{$include: "./openclaw.json.config-manager-good"}')).toEqual([
      "$include: ./openclaw.json.config-manager-good: is a record of config-manager",
    ]);
  });

  test("reads a file of OPENCLAW_INCLUDE_ROOTS, and takes one that only the gateway can read for empty", () => {
    const files = { "/shared/channels.json5": "{discord: {enabled: true}}" };
    const root =
      '{channels: {$include: "/shared/channels.json5"}, agents: {$include: "/team/conf/agents.json5"}, a: 1}';
    expect(valueOf(root, files)).toEqual({ channels: { discord: { enabled: true } }, agents: {}, a: 1 });
  });

  test("names a broken file outside", () => {
    expect(problemsOf('{$include: "/shared/x"}', { "/shared/x": "{" })).toEqual([
      "$include: /shared/x: invalid end of input at 1:2",
    ]);
  });
});

describe("resolveIncludes() of mistakes", () => {
  test.each([
    ["5", "expected a file name, or a list of file names"],
    ["null", "expected a file name, or a list of file names"],
    ["true", "expected a file name, or a list of file names"],
    ['{file: "x"}', "expected a file name, or a list of file names"],
    ["[5]", "expected a list of file names"],
    ['[["x"]]', "expected a list of file names"],
    ["[null]", "expected a list of file names"],
  ])("refuses $include: %s", (value, problem) => {
    expect(problemsOf(`{a: {$include: ${value}}}`, { x: "{}" })).toEqual([`$include: ${problem}`]);
  });

  test("names a missing and a broken file, with the place of the mistake and without its content", () => {
    const files = { "bad.json5": '{token: "s3cret" oops}', "empty.json5": "  " };
    expect(problemsOf('{$include: ["./no.json5", "./bad.json5", "./empty.json5"]}', files)).toEqual([
      "$include: no.json5: the ConfigMap has no such key",
      "$include: bad.json5: invalid character 'o' at 1:18",
      "$include: empty.json5: the file is empty",
    ]);
  });

  test("finds all of them at once, each once, in all files", () => {
    const root = '{a: {$include: "./one"}, b: {$include: "./no"}, c: {$include: "./no"}, d: {$include: 5}}';
    const one = '{x: {$include: "./no2"}, y: {$include: "../out"}, z: {$include: "./one"}, w: {$include: "./bad"}}';
    expect(problemsOf(root, { one, bad: "[" })).toEqual([
      "$include: no2: the ConfigMap has no such key",
      "$include: ../out: leads out of /home/node/.openclaw; only files of the ConfigMap can be included",
      "$include: circular: openclaw.json -> one -> one",
      "$include: bad: invalid end of input at 1:2",
      "$include: no: the ConfigMap has no such key",
      "$include: expected a file name, or a list of file names",
    ]);
  });

  test("does not take another spelling of the key for it", () => {
    for (const key of ["include", "$Include", "$includes", " $include"]) {
      expect(valueOf(`{"${key}": "./no"}`)).toEqual({ [key]: "./no" });
    }
  });
});

describe("listReferences()", () => {
  test("lists all names of one document in order, with where they lead", () => {
    const text = `{
      $include: ["./one.json5", 5, "../out"],
      agents: { list: [{ $include: "sub/main.json5" }], $include: "/shared/agents.json5" },
      note: "$include",
    }`;
    expect(listReferences(parse(text), "openclaw.json", PLACES)).toEqual([
      { kind: "inside", name: "one.json5" },
      { kind: "refused", problem: expect.stringContaining("../out: leads out of") },
      { kind: "inside", name: "sub/main.json5" },
      { kind: "outside", path: "/shared/agents.json5" },
    ]);
  });

  test("resolves them against the file that has them", () => {
    const references = listReferences(parse('{$include: ["./x", "../y"]}'), "sub/z.json5", PLACES);
    expect(references).toEqual([
      { kind: "inside", name: "sub/x" },
      { kind: "inside", name: "y" },
    ]);
  });

  test("finds nothing in a document that is no object", () => {
    for (const text of ["5", "null", "'$include'", "[]"]) {
      expect(listReferences(parse(text), "openclaw.json", PLACES)).toEqual([]);
    }
  });
});

describe("mayInclude()", () => {
  test.each([
    ['{$include: "./x"}', true],
    [String.raw`{"\u0024include": "./x"}`, true],
    [String.raw`{'\x24include': "./x"}`, true],
    ["{a: 1} // $include", true],
    ['{include: "./x", $: 1}', false],
    ["", false],
  ])("of %s is %s", (text, expected) => {
    expect(mayInclude(Buffer.from(text))).toBe(expected);
    expect(mayInclude(new Uint8Array(Buffer.from(`  ${text}`)).subarray(2))).toBe(expected);
  });
});

describe("readIncludeRoots()", () => {
  test("reads directories that are separated by colons", () => {
    expect(readIncludeRoots({ OPENCLAW_INCLUDE_ROOTS: "/shared::/team/../other:/x/" })).toEqual([
      "/shared",
      "/other",
      "/x",
    ]);
  });

  test("puts HOME in place of a tilde", () => {
    const env = { HOME: "/home/node", OPENCLAW_INCLUDE_ROOTS: "~/shared:~:/a/~/b:/~x" };
    expect(readIncludeRoots(env)).toEqual(["/home/node/shared", "/home/node", "/a/~/b", "/~x"]);
  });

  test("are none if the variable is unset or empty", () => {
    expect(readIncludeRoots({})).toEqual([]);
    expect(readIncludeRoots({ OPENCLAW_INCLUDE_ROOTS: "" })).toEqual([]);
  });
});
