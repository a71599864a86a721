// What the documents say of the log and of files, held against both.

import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "bun:test";
import { DOCUMENTS, REPOSITORY } from "../support/repository.ts";

/** Longer, and a reader has to look for what the first screen should say. */
const MAX_README_LINES = 130;

const read = (name: string) => readFile(join(REPOSITORY, name), "utf8");
const sources = await Promise.all(
  ["manager.ts", ...(await readdir(join(REPOSITORY, "lib"), { recursive: true })).map((name) => `lib/${name}`)]
    .filter((name) => name.endsWith(".ts"))
    .map(read),
);
const source = sources.join("\n");

const text = await read("docs/troubleshooting.md");

describe("docs/troubleshooting.md", () => {
  test("knows every WARNING that the log can have", () => {
    const warnings = [...source.matchAll(/[`"]WARNING: ([^`"$]*)/g)].map(([, start = ""]) => start.trim());
    const told = warnings.filter((start) => start !== "" && !text.includes(`WARNING: ${start}`));
    // The verb of these two is put in; the other one is a comment.
    expect(told.filter((start) => !["Failed to", "TOPIC: REASON"].includes(start))).toEqual([]);
    expect(warnings.length).toBeGreaterThan(10);
  });

  test("quotes no line that the log cannot have", () => {
    const cells = [...text.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = ""]) => cell);
    const literals = [...cells.join("\n").matchAll(/`([^`]+)`/g)]
      .flatMap(([, line = ""]) => line.split(/…|\b[A-Z]{2,}\b|: |, |\(|\)|\b(?:add|update|remove|30)\b/))
      .map((part) => part.trim())
      .filter((part) => /\w{3}.* .*\w{3}/.test(part));
    expect(literals.length).toBeGreaterThan(20);
    expect(literals.filter((literal) => !source.includes(literal))).toEqual([]);
  });
});

describe("README.md", () => {
  test(`has at most ${MAX_README_LINES} lines`, async () => {
    expect((await read("README.md")).split("\n").length - 1).toBeLessThanOrEqual(MAX_README_LINES);
  });
});

describe.each(DOCUMENTS)("%s", (name) => {
  test("links to what is there", async () => {
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

/** The anchor that a heading gets where the documents are shown. */
function toAnchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");
}
