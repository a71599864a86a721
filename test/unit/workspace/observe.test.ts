import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { expect, test } from "bun:test";
import { Folder } from "../../../lib/files/folder.ts";
import { observeFiles } from "../../../lib/workspace/observe.ts";
import { markOf } from "../../../lib/workspace/read.ts";
import { createScratch } from "../../support/fakes.ts";

const openFiles = async () => (await readdir("/proc/self/fd")).length;

test("observeFiles() tells of each path what is there, through no link", async () => {
  await using scratch = await createScratch();
  await mkdir(scratch.in("skills/a"), { recursive: true });
  await mkdir(scratch.in("elsewhere"));
  for (const index of [1, 2, 3]) await writeFile(scratch.in(`skills/a/${index}.md`), `${index}`);
  await symlink("1.md", scratch.in("skills/a/link.md"));
  await symlink("../elsewhere", scratch.in("skills/b"));
  await writeFile(scratch.in("skills/file"), "");
  await using root = await Folder.open(scratch.path);
  const before = await openFiles();
  const observed = await observeFiles(root, [
    "skills/a/3.md",
    "skills/b/1.md",
    "skills/a/1.md",
    "skills/c/1.md",
    "skills/a/gone.md",
    "skills/file/1.md",
    "skills/a/link.md",
    "skills/a",
    "AGENTS.md",
  ]);
  expect(Object.fromEntries(observed)).toEqual({
    "skills/a/3.md": { kind: "file", mark: markOf(Buffer.from("3"), false) },
    "skills/b/1.md": { kind: "obstacle", what: "cannot be there: skills/b is a symbolic link, expected a folder" },
    "skills/a/1.md": { kind: "file", mark: markOf(Buffer.from("1"), false) },
    "skills/c/1.md": { kind: "absent" },
    "skills/a/gone.md": { kind: "absent" },
    "skills/file/1.md": { kind: "obstacle", what: "cannot be there: skills/file is a file, expected a folder" },
    "skills/a/link.md": { kind: "obstacle", what: "is a symbolic link, expected a file" },
    "skills/a": { kind: "obstacle", what: "is a folder, expected a file" },
    "AGENTS.md": { kind: "absent" },
  });
  expect(await openFiles()).toBe(before);
});
