// What is new on npm, and what becomes of a release that is added.

import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { KNOWN_RELEASES } from "../../../lib/schema/releases.ts";
import { addRelease, findNewKeys, findUnknown, listNews, writeReleases } from "../../releases/news.ts";
import { compareNewestFirst } from "../../releases/queue.ts";
import { ALL_RELEASES } from "../../support/release.ts";
import { REPOSITORY } from "../../support/repository.ts";

describe("findUnknown()", () => {
  const known = ["2026.2.9", "2026.7.35", "2026.9.6"];

  test("takes what is newer than all that is known: the last of each month, the oldest first", () => {
    const stable = [
      "2026.10.1",
      "2026.10.12",
      "2026.10.3",
      "2026.9.7",
      "2026.9.6",
      "2026.9.4",
      "2026.7.36",
      "2026.2.9",
    ];
    expect(findUnknown(stable, known)).toEqual(["2026.9.7", "2026.10.12"]);
    expect(findUnknown(["2026.12.1", "2027.1.1"], known)).toEqual(["2026.12.1", "2027.1.1"]);
  });

  test("takes nothing where the newest is known", () => {
    expect(findUnknown(["2026.9.6", "2026.9.5", "2026.7.36"], known)).toEqual([]);
  });
});

test("listNews() tells which releases would become known, and which have no row", () => {
  const stable = ["2026.9.5", "2026.10.2", "2026.9.6", "2026.10.1", "2026.2.9"];
  const measured = ["2026.10.2", "2026.9.6", "2026.2.9"];
  expect(listNews(stable, { known: ["2026.2.9", "2026.9.6"], measured })).toEqual([
    "2026.10.2 would become known: its schema, its features and its row",
    "2026.10.1 has no row",
    "2026.9.5 has no row",
  ]);
  expect(listNews(["2026.9.6"], { known: ["2026.9.6"], measured })).toEqual([]);
});

describe("the list of releases", () => {
  const all = ["2026.9.6", "2026.8.2", "2026.2.26", "2026.2.9"];

  test.each([
    ["a new month", "2026.10.1", ["2026.10.1", ...all]],
    ["a newer one of a month", "2026.9.12", ["2026.9.12", "2026.8.2", "2026.2.26", "2026.2.9"]],
    ["a newer one of the first month", "2026.2.27", ["2026.9.6", "2026.8.2", "2026.2.27", "2026.2.9"]],
    ["an older one of a month", "2026.9.4", all],
    ["a month between", "2026.7.35", ["2026.9.6", "2026.8.2", "2026.7.35", "2026.2.26", "2026.2.9"]],
    ["one that is there", "2026.8.2", all],
  ])("takes %s", (_, release, expected) => {
    expect(addRelease(all, release)).toEqual(expected);
  });

  test("is kept as it is by what is in it", async () => {
    const source = await readFile(join(REPOSITORY, "test/support/release.ts"), "utf8");
    for (const release of ALL_RELEASES) expect(addRelease(ALL_RELEASES, release)).toEqual([...ALL_RELEASES]);
    expect(writeReleases(source, ALL_RELEASES)).toBe(source);
    expect(writeReleases(source, ["9999.1.1", "2026.2.9"])).toContain('= [\n  "9999.1.1",\n  "2026.2.9",\n] as const;');
    expect(() => writeReleases("export const OTHER = [];", [])).toThrow("has no ALL_RELEASES");
  });

  test("has only releases whose schema is known, and the newest of them", () => {
    expect(ALL_RELEASES.filter((release) => !KNOWN_RELEASES.includes(release))).toEqual([]);
    expect(KNOWN_RELEASES.toSorted(compareNewestFirst)[0]).toBe(ALL_RELEASES[0]);
  });
});

test("findNewKeys() names each new key, and of a new object only its own", () => {
  const former = {
    properties: { a: { properties: { old: true } }, list: { items: { properties: { id: true } } }, gone: true },
  };
  const schema = {
    properties: {
      a: { properties: { old: true, fresh: { enum: [1] } } },
      list: { items: { anyOf: [{ properties: { id: true, name: true } }, { type: "string" }] } },
      block: { properties: { inner: { properties: { deep: true } } } },
      map: { additionalProperties: { properties: { x: true } } },
      refused: false,
    },
  };
  expect(findNewKeys(former, schema)).toEqual(["a.fresh", "block", "list.name", "map"]);
  expect(findNewKeys(schema, schema)).toEqual([]);
});
