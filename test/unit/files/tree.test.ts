import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { expect, test } from "bun:test";
import { readTree } from "../../../lib/files/tree.ts";
import { createScratch } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

const LIMITS = { files: 40, bytesPerFile: 1_000, bytes: 8_000 };

const numbered = (count: number) => Array.from({ length: count }, (_, index) => index);

test("reads all files, sorted by path, with what their owner may run", async () => {
  await using scratch = await createScratch();
  const volume = await createVolume(scratch.in("workspace.d"));
  const files = Object.fromEntries(numbered(30).map((index) => [`skills/${index % 3}/${index}.md`, `${index}`]));
  await volume.publish({ ...files, "AGENTS.md": "rules", "skills/0/run.sh": { content: "x", mode: 0o755 } });
  const tree = await readTree(volume.path, LIMITS);
  if (tree?.kind !== "read") throw new Error("it was not read");
  expect(tree.problems).toEqual([]);
  const paths = tree.files.map(({ path }) => path);
  expect(paths).toEqual(paths.toSorted());
  expect(Object.fromEntries(tree.files.map(({ path, bytes }) => [path, bytes.toString()]))).toEqual({
    ...files,
    "AGENTS.md": "rules",
    "skills/0/run.sh": "x",
  });
  expect(tree.files.filter(({ isExecutable }) => isExecutable).map(({ path }) => path)).toEqual(["skills/0/run.sh"]);
});

test("tells of what it refuses in the same order each time", async () => {
  await using scratch = await createScratch();
  await mkdir(scratch.in("b"));
  for (const name of ["a", "b/c", "d", "e"]) await symlink("/etc/hostname", scratch.in(name));
  const tree = await readTree(scratch.path, LIMITS);
  const problems = ["a", "b/c", "d", "e"].map((path) => `${path}: is a link that leads out of the volume`);
  expect(tree).toEqual({ kind: "read", files: [], problems });
});

test.each([
  ["it has more than 40 files", 41, 10],
  ["its files have more than 8000 bytes together", 20, 500],
])("%s: nothing of it counts, though several are read at once", async (problem, count, size) => {
  await using scratch = await createScratch();
  await mkdir(scratch.in("skills"));
  for (const index of numbered(count)) await writeFile(scratch.in(`skills/${index}`), "x".repeat(size));
  expect(await readTree(scratch.path, LIMITS)).toEqual({ kind: "excess", problem });
});

test("a large file is not read", async () => {
  await using scratch = await createScratch();
  await writeFile(scratch.in("large"), "");
  await truncate(scratch.in("large"), 2 ** 40);
  const problem = "large has 1099511627776 bytes; at most 1000 are read";
  expect(await readTree(scratch.path, LIMITS)).toEqual({ kind: "excess", problem });
});
