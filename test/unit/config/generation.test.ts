import { createHash } from "node:crypto";
import { describe, expect, test } from "bun:test";
import { collectGeneration } from "../../../lib/config/collect.ts";
import { Generation } from "../../../lib/config/generation.ts";
import { fileOf, generationOf, textsOf } from "../../support/fakes.ts";

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

const ROOT = `// openclaw.json
{
  gateway: { mode: "local", auth: { mode: "token", token: "\${OPENCLAW_GATEWAY_TOKEN}" } },
  agents: { $include: "./agents.json5" },
  channels: { $include: ["./channels/discord.json5", "./channels/telegram.json5"] },
}
`;
const FILES = {
  "agents.json5": '{ list: [{ $include: "./main.json5" }] }',
  "main.json5": '{ id: "main", model: "litellm/claude" }',
  "channels/discord.json5": '{ discord: { token: "${DISCORD_TOKEN}" } }',
  "channels/telegram.json5": '{ telegram: { botToken: "${TELEGRAM_TOKEN}" } }',
};
const RESOLVED = {
  gateway: { mode: "local", auth: { mode: "token", token: "${OPENCLAW_GATEWAY_TOKEN}" } },
  agents: { list: [{ id: "main", model: "litellm/claude" }] },
  channels: { discord: { token: "${DISCORD_TOKEN}" }, telegram: { botToken: "${TELEGRAM_TOKEN}" } },
};

const ROOTS = { directory: "/home/node/.openclaw", roots: ["/shared"] };

/** A config that includes one file outside; undefined if we cannot read it. */
const withOutside = (text: string | undefined, root = '{ $include: "/shared/x.json5" }') =>
  new Generation(
    fileOf(root),
    ROOTS,
    new Map(),
    new Map([["/shared/x.json5", text === undefined ? undefined : fileOf(text)]]),
  );

describe("Generation", () => {
  test("is resolved as OpenClaw reads it", () => {
    const generation = generationOf(ROOT, FILES);
    expect(generation.resolved).toEqual({ kind: "parsed", value: RESOLVED });
    expect(generation.problems).toEqual([]);
    expect(generation.hasIncludes).toBeTrue();
    expect(generation.mayInclude).toBeTrue();
  });

  test("is what its only file says if it includes nothing", () => {
    const generation = generationOf('{ a: { b: 1 } } // "include"');
    expect(generation.resolved).toEqual({ kind: "parsed", value: { a: { b: 1 } } });
    expect([generation.hasIncludes, generation.mayInclude]).toEqual([false, false]);
  });

  test("is another one for a verdict beside other secrets, if it may refer to them", () => {
    const keyOf = (text: string, stamp: string) => generationOf(text).besideSecrets(stamp).verdictKey;
    const referring = "{ secrets: { providers: {} } }";
    expect(keyOf(referring, "")).toBe(md5(referring));
    expect(keyOf(referring, "1 2 3  token")).not.toBe(keyOf(referring, "1 3 3  token"));
    expect(keyOf("{}", "1 2 3  token")).toBe(md5("{}"));
    const generation = generationOf(referring).besideSecrets("1 2 3  token");
    expect(generation.with(generation.root, new Map()).verdictKey).toBe(generation.verdictKey);
    expect(generation.md5).toBe(md5(referring));
  });

  test("is resolved once", () => {
    const generation = generationOf(ROOT, FILES);
    expect(generation.resolved).toBe(generation.resolved);
  });

  test.each([
    ["", "the file is empty"],
    ["[]", "expected an object at the top"],
    ["null", "expected an object at the top"],
    ["{", "invalid end of input at 1:2"],
  ])("is broken if its root holds %j", (text, problem) => {
    expect(generationOf(text).resolved).toEqual({ kind: "broken", problem });
    expect(generationOf(text).problems).toEqual([problem]);
  });

  test("is broken if the root includes no object", () => {
    const generation = generationOf('{ $include: "./list.json5" }', { "list.json5": "[1]" });
    expect(generation.problems).toEqual(["expected an object at the top"]);
  });

  test("is broken if an included file is missing or broken, and tells all reasons", () => {
    const generation = generationOf(ROOT, { "agents.json5": FILES["agents.json5"], "channels/discord.json5": "{" });
    const problems = [
      "$include: main.json5: the ConfigMap has no such key",
      "$include: channels/discord.json5: invalid end of input at 1:2",
      "$include: channels/telegram.json5: the ConfigMap has no such key",
    ];
    expect(generation.problems).toEqual(problems);
    expect(generation.resolved).toEqual({ kind: "broken", problem: problems[0] as string });
  });
});

describe("md5", () => {
  test("is that of the file if there is only one, as md5sum prints it", () => {
    expect(generationOf("{}\n").md5).toBe("8a80554c91d9fca8acb82f023de02f11");
    expect(generationOf(ROOT).md5).toBe(md5(ROOT));
  });

  test("is that of the list that md5sum prints if there are several, the root first", () => {
    const names = ["agents.json5", "channels/discord.json5", "channels/telegram.json5", "main.json5"] as const;
    const lines = [`${md5(ROOT)}  openclaw.json\n`, ...names.map((name) => `${md5(FILES[name])}  ${name}\n`)];
    expect(generationOf(ROOT, FILES).md5).toBe(md5(lines.join("")));
  });

  test("does not depend on the order in which the files were read", () => {
    const reversed = Object.fromEntries(Object.entries(FILES).toReversed());
    expect(generationOf(ROOT, reversed).md5).toBe(generationOf(ROOT, FILES).md5);
  });

  test("changes with the content, and with the name, of each file", () => {
    const sums = [
      generationOf(ROOT, FILES),
      generationOf(`${ROOT} `, FILES),
      ...Object.keys(FILES).map((name) => generationOf(ROOT, { ...FILES, [name]: "{}" })),
      generationOf(ROOT, { ...FILES, "more.json5": "{}" }),
      generationOf(ROOT, { ...FILES, "other.json5": "{}" }),
    ].map((generation) => generation.md5);
    expect(new Set(sums).size).toBe(sums.length);
  });

  test("does not depend on files outside, which are not delivered", () => {
    expect(withOutside("{}").md5).toBe(withOutside("{a: 1}").md5);
  });
});

describe("verdictKey", () => {
  test("is the md5 if all that a gateway reads is delivered", () => {
    for (const generation of [generationOf(ROOT), generationOf(ROOT, FILES)]) {
      expect(generation.verdictKey).toBe(generation.md5);
    }
  });

  test("changes with the files outside: the gateway's verdict depends on them", () => {
    const keys = [withOutside("{}"), withOutside("{a: 1}"), withOutside(undefined)].map((each) => each.verdictKey);
    expect(new Set(keys).size).toBe(3);
    expect(withOutside("{}").verdictKey).toBe(withOutside("{}").verdictKey);
  });
});

describe("equals()", () => {
  test("is true for the same bytes in the same files, and for nothing else", () => {
    const generation = generationOf(ROOT, FILES);
    expect(generation.equals(generation)).toBeTrue();
    expect(generation.equals(generationOf(ROOT, { ...FILES }))).toBeTrue();
    const { "main.json5": _, ...fewer } = FILES;
    for (const other of [
      undefined,
      generationOf(`${ROOT} `, FILES),
      generationOf(ROOT, fewer),
      generationOf(ROOT, { ...FILES, "main.json5": "{}" }),
      generationOf(ROOT, { ...fewer, "other.json5": FILES["main.json5"] }),
      generationOf(ROOT, { ...FILES, "more.json5": "{}" }),
    ]) {
      expect(generation.equals(other)).toBeFalse();
      expect(other?.equals(generation) ?? false).toBeFalse();
    }
  });
});

describe("with()", () => {
  test("has other files at the same places", () => {
    const generation = new Generation(fileOf("{}"), ROOTS).with(
      fileOf('{ $include: ["./x.json5", "/home/node/.openclaw/y.json5"] }'),
      new Map([
        ["x.json5", fileOf("{a: 1}")],
        ["y.json5", fileOf("{b: 1}")],
      ]),
    );
    expect(generation.resolved).toEqual({ kind: "parsed", value: { a: 1, b: 1 } });
  });
});

describe("pruned()", () => {
  test("leaves out the files that nothing includes, directly or by another file", () => {
    const generation = generationOf(ROOT, {
      ...FILES,
      "old.json5": '{ $include: "./older.json5" }',
      "older.json5": "{}",
    });
    expect(textsOf(generation.pruned())).toEqual({ "openclaw.json": ROOT, ...FILES });
    expect(textsOf(generationOf("{ a: 1 }", FILES).pruned())).toEqual({ "openclaw.json": "{ a: 1 }" });
  });

  test("keeps a file that is named after another one that was met before", () => {
    const generation = generationOf('{ $include: ["./a", "./a", "./b"] }', { a: "{}", b: "{}" });
    expect([...generation.pruned().includes.keys()].toSorted()).toEqual(["a", "b"]);
  });

  test("ends for files that include each other", () => {
    const files = { "a.json5": '{ $include: "./b.json5" }', "b.json5": '{ x: { $include: "./a.json5" } }' };
    expect(generationOf('{ $include: "./a.json5" }', files).pruned().includes.size).toBe(2);
  });
});

describe("collectGeneration()", () => {
  /** Reads from these files, and notes each read. */
  async function collect(root: string, inside: Record<string, string>, outside: Record<string, string> = {}) {
    const read: string[] = [];
    const reader = (files: Record<string, string>) => async (name: string) => {
      read.push(name);
      const text = files[name];
      return text === undefined ? undefined : Buffer.from(text);
    };
    return { generation: await collectGeneration(fileOf(root), ROOTS, reader(inside), reader(outside)), read };
  }

  test("reads each included file once, nested ones too, and no other file", async () => {
    const files = { ...FILES, "unrelated.json5": "{}" };
    const root = ROOT.replace("channels:", 'again: { $include: "agents.json5" }, channels:');
    const { generation, read } = await collect(root, files);
    expect(textsOf(generation)).toEqual({ "openclaw.json": root, ...FILES });
    expect(read.toSorted()).toEqual(Object.keys(FILES).toSorted());
  });

  test("leaves a missing file out, and the generation names it", async () => {
    const { generation } = await collect(ROOT, {});
    expect(generation.includes.size).toBe(0);
    expect(generation.problems).toHaveLength(3);
  });

  test("reads nothing of a root that does not parse, and nothing that leads out", async () => {
    for (const root of ['{ $include: "./agents.json5"', '{ $include: ["../x", "/etc/passwd", "", "..data/x"] }']) {
      expect((await collect(root, FILES)).read).toEqual([]);
    }
  });

  test("follows files in a circle only once", async () => {
    const files = { a: '{ $include: "./b" }', b: '{ $include: ["./a", "./openclaw.json"] }' };
    const { generation, read } = await collect('{ $include: "./a" }', files);
    expect(read).toEqual(["a", "b"]);
    expect(generation.problems[0]).toContain("circular");
  });

  test("reads files outside, and knows of those that it cannot read", async () => {
    const root = '{ $include: ["/shared/x.json5", "/shared/y.json5"] }';
    const { generation } = await collect(root, {}, { "/shared/x.json5": "{ a: 1 }" });
    expect([...generation.outside.keys()]).toEqual(["/shared/x.json5", "/shared/y.json5"]);
    expect(generation.outside.get("/shared/y.json5")).toBeUndefined();
    expect(generation.resolved).toEqual({ kind: "parsed", value: { a: 1 } });
    expect(generation.hasIncludes).toBeTrue();
  });

  test("does not read more than 200 files: the live ones are not ours alone", async () => {
    const names = Array.from({ length: 300 }, (_, index) => `f${index}`);
    const files = Object.fromEntries(names.map((name) => [name, "{}"]));
    const { read } = await collect(`{ $include: ${JSON.stringify(names)} }`, files);
    expect(read.length).toBeWithin(199, 202);
  });
});
