// Holds the documents against the log lines, files, commands and settings.

import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "bun:test";
import { createProgram } from "../../lib/commands/program.ts";
import { SETTING_SOURCES } from "../../lib/setting-sources.ts";
import { DOCUMENTS, REPOSITORY } from "../support/repository.ts";

/** A longer README is no tour any more. */
const MAX_README_LINES = 130;

const read = (name: string) => readFile(join(REPOSITORY, name), "utf8");
const sources = await Promise.all(
  ["manager.ts", ...(await readdir(join(REPOSITORY, "lib"), { recursive: true })).map((name) => `lib/${name}`)]
    .filter((name) => name.endsWith(".ts"))
    .map(read),
);
const source = sources.join("\n");

const text = await read("docs/troubleshooting.md");

const PROGRAM = createProgram(() => undefined, {});
const COMMANDS = PROGRAM.commands.map((command) => command.name());

describe("docs/troubleshooting.md", () => {
  test("covers every WARNING of the log", () => {
    const warnings = [...source.matchAll(/[`"]WARNING: ([^`"$]*)/g)].map(([, start = ""]) => start.trim());
    const told = warnings.filter((start) => start !== "" && !text.includes(`WARNING: ${start}`));
    // These two have a variable verb; the other one is in a comment.
    expect(told.filter((start) => !["Failed to", "TOPIC: REASON"].includes(start))).toEqual([]);
    expect(warnings.length).toBeGreaterThan(10);
  });

  test("quotes only lines that the log can have", () => {
    const cells = [...text.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = ""]) => cell);
    const literals = [...cells.join("\n").matchAll(/`([^`]+)`/g)]
      .flatMap(([, line = ""]) => line.split(/…|\b[A-Z]{2,}\b|: |, |\(|\)|\b(?:add|update|remove|30|4)\b/))
      .map((part) => part.trim())
      .filter((part) => /\w{3}.* .*\w{3}/.test(part));
    expect(literals.length).toBeGreaterThan(20);
    expect(literals.filter((literal) => !source.includes(literal))).toEqual([]);
  });
});

describe("SECURITY.md", () => {
  test("names tests that are there", async () => {
    const rows = (await read("SECURITY.md")).matchAll(/`([a-z]+\/[\w/-]+\.test\.ts)` ((?:"[^"]+"(?:, )?)+)/g);
    const named = [...rows].flatMap(([, file = "", names = ""]) =>
      [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => ({ file, name })),
    );
    expect(named.length).toBeGreaterThan(20);
    const missing = [];
    for (const { file, name } of named)
      if (!(await read(`test/${file}`)).includes(name)) missing.push(`${file}: ${name}`);
    expect(missing).toEqual([]);
  });
});

describe("README.md", () => {
  test(`has at most ${MAX_README_LINES} lines`, async () => {
    expect((await read("README.md")).split("\n").length - 1).toBeLessThanOrEqual(MAX_README_LINES);
  });

  test("has every command in its table", async () => {
    const cells = [...(await read("README.md")).matchAll(/^\| (`.*?) \|/gm)].map(([, cell = ""]) => cell);
    const named = cells.flatMap((cell) => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, command = ""]) => command));
    expect(named.toSorted()).toEqual(COMMANDS.toSorted());
  });
});

describe("README.ja.md beside README.md", () => {
  const both = async (find: (text: string) => unknown[]) =>
    [find(await read("README.ja.md")), find(await read("README.md"))] as const;
  const findAll = (pattern: RegExp) => (text: string) => [...text.matchAll(pattern)].map(([, found = ""]) => found);

  test.each([
    ["headings of the same levels", findAll(/^(#+) /gm)],
    ["tables of as many rows, and the same commands in them", findAll(/^\|(?: (`[^|]*`) )?.*\|$/gm)],
    ["the same output and diagrams", findAll(/^```text\n([^]*?)^```$/gm)],
    ["the same objects", findAll(/^```yaml\n([^]*?)^```$/gm)],
    ["the same commands to type", findAll(/^(\S+ \S+) +# /gm)],
  ])("has %s", async (_, find) => {
    const [japanese, english] = await both(find);
    expect(english.length).toBeGreaterThan(1);
    expect(japanese).toEqual(english);
  });

  test("leads to the same pages, and each to the other", async () => {
    const [japanese, english] = await both((text) => [...new Set(findAll(/\]\(([^)]+)\)/g)(text))].toSorted());
    const isOther = (link: unknown) => link !== "README.md" && link !== "README.ja.md";
    expect(japanese.filter(isOther)).toEqual(english.filter(isOther));
    expect([japanese, english]).toEqual([
      expect.arrayContaining(["README.md"]),
      expect.arrayContaining(["README.ja.md"]),
    ]);
  });

  test("is in Japanese, heading by heading", async () => {
    const headings = findAll(/^##+ (.*)$/gm)(await read("README.ja.md"));
    expect(headings.filter((heading) => !/[ぁ-ヿ一-鿿]/.test(heading))).toEqual([]);
  });
});

describe("docs/commands.md", () => {
  test("has a heading for every command", async () => {
    const headings = [...(await read("docs/commands.md")).matchAll(/^### (.*)$/gm)].map(([, title = ""]) => title);
    expect(headings.flatMap((title) => title.split(", ")).toSorted()).toEqual(COMMANDS.toSorted());
  });

  test("lists every setting, with its variable and its flag", async () => {
    const rows = [...(await read("docs/commands.md")).matchAll(/^\| `([A-Z_]+)` \| `(--[a-z-]+)` \|/gm)];
    expect(rows.map(([, variable, flag]) => ({ variable, flag }))).toEqual(
      Object.values(SETTING_SOURCES).map(({ env, flag }) => ({ variable: env, flag })),
    );
  });

  test("names every flag", async () => {
    const document = await read("docs/commands.md");
    const flags = [PROGRAM, ...PROGRAM.commands].flatMap(({ options }) => options.map(({ long }) => long ?? ""));
    expect(flags.filter((flag) => flag !== "--version" && !document.includes(flag))).toEqual([]);
  });
});

describe("docs/operations.md", () => {
  test("names only metrics that exist", async () => {
    const named = [...(await read("docs/operations.md")).matchAll(/`config_manager_([a-z_]+)`/g)];
    expect(named.length).toBeGreaterThan(10);
    const isThere = (metric: string) => source.includes(`"${metric}"`) || source.includes(`}${metric}\``);
    expect(named.map(([, metric = ""]) => metric).filter((metric) => !isThere(metric))).toEqual([]);
  });

  test("names every alert, and no others", async () => {
    const named = [...(await read("docs/operations.md")).matchAll(/^\| `(ConfigManager\w+)`/gm)];
    const alerts = [...(await read("deploy/alerts/config-manager.yaml")).matchAll(/- alert: (\w+)/g)];
    expect(named.map(([, alert]) => alert)).toEqual(alerts.map(([, alert]) => alert));
  });
});

describe.each(DOCUMENTS)("%s", (name) => {
  test("has tables that render: each row has as many cells as the head", async () => {
    expect(findBrokenRows(await read(name))).toEqual([]);
  });

  test("has links that work", async () => {
    const links = [...(await read(name)).matchAll(/\]\((?!https?:)([^)]*)\)/g)].map(([, link = ""]) => link);
    const broken = await Promise.all(
      links.map(async (link) => {
        const [path = "", heading] = link.split("#");
        const file = path === "" ? name : join(dirname(name), path);
        if (!existsSync(join(REPOSITORY, file))) return link;
        if (heading === undefined) return undefined;
        const headings = [...(await read(file)).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => toAnchor(title));
        return headings.includes(heading) ? undefined : link;
      }),
    );
    expect(broken.filter((link) => link !== undefined)).toEqual([]);
  });
});

/** The anchor of a heading. */
function toAnchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");
}

/** Rows that a renderer would cut off or show as text: a pipe ends a cell, even in code. */
function findBrokenRows(document: string): string[] {
  const countCells = (row: string) => row.replaceAll("\\|", "").split("|").length;
  const broken: string[] = [];
  let head: string | undefined;
  for (const line of document.split("\n").map((indented) => indented.trim())) {
    if (!line.startsWith("|")) head = undefined;
    else if (head === undefined) head = line;
    else if (countCells(line) !== countCells(head)) broken.push(line);
  }
  return broken;
}
