import { chmod, rename, stat, utimes, writeFile } from "node:fs/promises";
import { expect, test } from "bun:test";
import { createMarks } from "../../../lib/workspace/marks.ts";
import { createScratch } from "../../support/fakes.ts";
import { until } from "../../support/until.ts";

/** A clock by which a file that was just written is old. */
const later = () => Date.now() + 60_000;

test("knows a file that nobody has touched", async () => {
  await using scratch = await createScratch();
  await writeFile(scratch.in("a"), "text");
  const marks = createMarks(later);
  const stats = await stat(scratch.in("a"));
  expect(marks.get("a", stats)).toBeUndefined();
  marks.set("a", stats, "its mark");
  expect(marks.get("a", await stat(scratch.in("a")))).toBe("its mark");
  expect(marks.get("b", stats)).toBeUndefined();
});

const CHANGES: [string, (path: string) => Promise<unknown>][] = [
  ["is written with as many bytes", (path) => writeFile(path, "TEXT")],
  ["may be run", (path) => chmod(path, 0o755)],
  ["is replaced", async (path) => (await writeFile(`${path}.new`, "TEXT"), rename(`${path}.new`, path))],
  [
    "is written, and says that it was not",
    async (path) => {
      const { atime, mtime } = await stat(path);
      await writeFile(path, "TEXT");
      await utimes(path, atime, mtime);
    },
  ],
];

test.each(CHANGES)("does not know a file that %s", async (_, change) => {
  await using scratch = await createScratch();
  const path = scratch.in("a");
  await writeFile(path, "text");
  const before = await stat(path);
  const marks = createMarks(later);
  marks.set("a", before, "its mark");
  const other = scratch.in("other");
  await until("the clock of the volume to go on", async () => {
    await writeFile(other, "");
    return (await stat(other)).ctimeMs > before.ctimeMs;
  });
  await change(path);
  expect(marks.get("a", await stat(path))).toBeUndefined();
});

test("does not keep a file that was just written, or that is from the future", async () => {
  await using scratch = await createScratch();
  await writeFile(scratch.in("a"), "text");
  const stats = await stat(scratch.in("a"));
  for (const nowMs of [stats.ctimeMs, stats.ctimeMs + 2_000, stats.ctimeMs - 60_000]) {
    const marks = createMarks(() => nowMs);
    marks.set("a", stats, "its mark");
    expect(marks.get("a", stats)).toBeUndefined();
  }
});
