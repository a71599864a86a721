// Which releases are measured, and the table that comes of it.

import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findRemaining, listStable } from "../../releases/queue.ts";
import { CAPABILITIES, type Capability, type Results, type Row } from "../../releases/row.ts";
import { insertTable, isFull, joinRows, renderTable } from "../../releases/table.ts";
import { REPOSITORY } from "../../support/repository.ts";

const BEGAN = "2026-11-01T00:00:00.000Z";
const NOW = "2026-11-27T00:00:00.000Z";

const row = (release: string, measured: string, cells: Row["cells"] = {}): Row => ({
  release,
  measured,
  subject: "config-manager 0.1.0 (abc1234)",
  cells,
});
const allYes = () =>
  Object.fromEntries((Object.keys(CAPABILITIES) as Capability[]).map((key) => [key, { is: "yes" as const }]));

test("stable releases since the first supported one are measured, newest first", () => {
  const versions = ["0.0.1", "2026.2.3", "2026.2.9", "2026.10.1", "2026.9.6", "2026.9.7-beta.1", "2026.2.17"];
  expect(listStable(versions)).toEqual(["2026.10.1", "2026.9.6", "2026.2.17", "2026.2.9"]);
});

describe("a run", () => {
  const stable = ["2026.9.6", "2026.9.5", "2026.9.4"];

  test("goes on where it was broken off, and takes what is older as not measured", () => {
    const rows = [row("2026.9.6", "2026-11-02T00:00:00.000Z"), row("2026.9.5", "2026-10-01T00:00:00.000Z")];
    expect(findRemaining(stable, { began: BEGAN, rows }, NOW)).toEqual({
      began: BEGAN,
      remaining: ["2026.9.5", "2026.9.4"],
    });
  });

  test("begins anew once all has been measured", () => {
    const rows = stable.map((release) => row(release, "2026-11-02T00:00:00.000Z"));
    expect(findRemaining(stable, { began: BEGAN, rows }, NOW)).toEqual({ began: NOW, remaining: stable });
  });
});

test("rows of runs beside each other are joined: the last of each release", () => {
  const [early, late] = ["2026-11-02T00:00:00.000Z", "2026-11-03T00:00:00.000Z"];
  const ours = [row("2026.9.6", late), row("2026.9.4", early)];
  const theirs = [row("2026.9.6", early), row("2026.9.5", early)];
  const joined = [row("2026.9.6", late), row("2026.9.5", early), row("2026.9.4", early)];
  expect(joinRows(ours, theirs)).toEqual(joined);
  expect(joinRows(theirs, ours)).toEqual(joined);
});

describe("the table", () => {
  test("has a row for each release, newest first, and each reason once", () => {
    const reason = "the gateway restarts | for it";
    const table = renderTable([
      row("2026.9.6", NOW, { ...allYes(), hot: { is: "no", reason } }),
      row("2026.10.1", NOW, { ...allYes(), jobs: { is: "yes", note: "46 of 46" } }),
      row("2026.2.9", NOW, { ...allYes(), hot: { is: "no", reason } }),
      row("2026.2.12", NOW, { install: { is: "no", reason: "E404" } }),
    ]);
    const lines = table.split("\n");
    expect(lines[0]).toBe("4 releases, 3 of them with a full row: all was measured, and what is there works.");
    expect(lines.slice(4, 8).map((line) => line.split(" | ")[0])).toEqual([
      "| 2026.10.1",
      "| 2026.9.6",
      "| 2026.2.12",
      "| 2026.2.9",
    ]);
    expect(lines[4]).toContain("| 46 of 46 |");
    expect(lines[5]).toContain("| no (1) |");
    expect(lines[7]).toContain("| no (1) |");
    expect(lines.slice(8)).toEqual(["", "1. config, hot: the gateway restarts \\| for it", "2. installs: E404"]);
  });

  test("counts a row as full where the release lacks something, not where something fails or was not tried", () => {
    expect(isFull(row("2026.9.6", NOW, { ...allYes(), approvals: { is: "no", reason: "none" } }))).toBe(true);
    const failed = { is: "no", reason: "none", isFailure: true } as const;
    expect(isFull(row("2026.9.6", NOW, { ...allYes(), approvals: failed }))).toBe(false);
    expect(isFull(row("2026.9.6", NOW, { ...allYes(), approvals: { is: "not tried", reason: "" } }))).toBe(false);
    expect(isFull(row("2026.9.6", NOW, { install: { is: "yes" } }))).toBe(false);
  });

  test("takes the place of the former one, and of nothing else", () => {
    const document = insertTable(
      "# Head\n\n<!-- what `./build.sh test --every-release` has written -->\nold\n<!-- until here -->\n\nTail\n",
      "new",
    );
    expect(document).toBe(
      "# Head\n\n<!-- what `./build.sh test --every-release` has written -->\n\nnew\n\n<!-- until here -->\n\nTail\n",
    );
    expect(() => insertTable("# Head\n", "new")).toThrow(/the document has no <!--/);
  });

  test("in docs/compatibility.md is what was measured", async () => {
    const results = JSON.parse(await readFile(join(REPOSITORY, "test/releases/results.json"), "utf8")) as Results;
    const document = await readFile(join(REPOSITORY, "docs/compatibility.md"), "utf8");
    expect(insertTable(document, renderTable(results.rows))).toBe(document);
  });
});
