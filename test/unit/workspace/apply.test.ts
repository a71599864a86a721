// What an agent writes between our look at a file and our write, and what a killed pass has left.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, link, lstat, mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Folder, FolderError } from "../../../lib/files/folder.ts";
import { applyPlan } from "../../../lib/workspace/apply.ts";
import { type DesiredFile, markOf } from "../../../lib/workspace/read.ts";
import { type IsOurs, repairWorkspace } from "../../../lib/workspace/stage.ts";
import { type Scratch, createScratch, thrownBy } from "../../support/fakes.ts";

let scratch: Scratch;
let root: Folder;
let kept: string[];

beforeEach(async () => {
  scratch = await createScratch();
  root = await Folder.open(scratch.path);
  kept = [];
});
afterEach(async () => {
  await root[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

const onKept = (path: string, copy: string) => void kept.push(`${path} > ${copy}`);
const ours =
  (...texts: string[]): IsOurs =>
  (_, mark) =>
    texts.some((text) => markOf(Buffer.from(text), false) === mark);
const fileOf = (path: string, text: string): DesiredFile => {
  const bytes = Buffer.from(text);
  return { path, bytes, isExecutable: false, mark: markOf(bytes, false) };
};
async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(scratch.in(path)), { recursive: true });
  await writeFile(scratch.in(path), text);
}
async function files(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(scratch.path, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found[path.slice(scratch.path.length + 1)] = await readFile(path, "utf8");
  }
  return found;
}
const apply = (writes: DesiredFile[], removals: string[], isOurs: IsOurs) =>
  applyPlan(root, { writes, removals }, isOurs, onKept);

describe("applyPlan()", () => {
  test("keeps what came in after the plan was made: edits, new files, and the file that was to go", async () => {
    // The plan took all of these for ours; then an agent wrote.
    for (const path of ["AGENTS.md", "gone.md", "skills/a/SKILL.md", "skills/a/gone.md"]) await put(path, "agent");
    await put("skills/a/new.md", "agent too");
    const writes = [fileOf("AGENTS.md", "git"), fileOf("skills/a/SKILL.md", "git"), fileOf("skills/a/x/y", "git")];
    const { failures } = await apply(writes, ["gone.md", "skills/a/gone.md"], ours("old", "git"));
    expect(failures).toEqual([]);
    expect(await files()).toEqual({
      "AGENTS.md": "git",
      "AGENTS.md.from-agent": "agent",
      "gone.md": "agent",
      "skills/a/SKILL.md": "git",
      "skills/a/SKILL.md.from-agent": "agent",
      "skills/a/gone.md": "agent",
      "skills/a/new.md": "agent too",
      "skills/a/x/y": "git",
    });
    expect(kept).toEqual(["AGENTS.md > AGENTS.md.from-agent", "skills/a/SKILL.md > skills/a/SKILL.md.from-agent"]);
    expect((await readdir(scratch.path)).toSorted()).toEqual([
      "AGENTS.md",
      "AGENTS.md.from-agent",
      "gone.md",
      "skills",
    ]);
  });

  test("keeps the agent's files of a skill as they are: links, folders, modes", async () => {
    await put("skills/a/deep/own.sh", "own");
    await chmod(scratch.in("skills/a/deep/own.sh"), 0o700);
    await mkdir(scratch.in("skills/a/empty"));
    await symlink("/etc/hostname", scratch.in("skills/a/link"));
    const { ino } = await lstat(scratch.in("skills/a/deep/own.sh"));
    await apply([fileOf("skills/a/SKILL.md", "git")], [], ours());
    const own = await lstat(scratch.in("skills/a/deep/own.sh"));
    expect([own.ino, own.mode & 0o777]).toEqual([ino, 0o700]);
    expect((await lstat(scratch.in("skills/a/link"))).isSymbolicLink()).toBe(true);
    expect((await readdir(scratch.in("skills/a"))).toSorted()).toEqual(["SKILL.md", "deep", "empty", "link"]);
  });

  test("does one thing although another fails", async () => {
    await put("skills/a", "a file");
    const writes = [fileOf("skills/a/SKILL.md", "git"), fileOf("b", "git")];
    const { failures, written } = await apply(writes, [], ours());
    expect(failures).toEqual([{ path: "skills/a", action: "write", reason: expect.stringContaining("is a file") }]);
    expect(written.map(({ path }) => path)).toEqual(["b"]);
    expect(await files()).toEqual({ "skills/a": "a file", b: "git" });
  });
});

describe("repairWorkspace()", () => {
  const STAGE = ".workspace.config-manager-1.tmp";

  test("does nothing where nothing is left", async () => {
    await put("AGENTS.md", "git");
    expect(await repairWorkspace(root, ours(), onKept)).toBe(false);
  });

  test("puts a skill back that was taken out and has no successor", async () => {
    await put(`${STAGE}/old/skills/a/SKILL.md`, "old");
    await put(`${STAGE}/new/skills/a/SKILL.md`, "half");
    expect(await repairWorkspace(root, ours("old"), onKept)).toBe(true);
    expect(await files()).toEqual({ "skills/a/SKILL.md": "old" });
    expect(await readdir(scratch.path)).toEqual(["skills"]);
  });

  test("keeps the agent's of what was taken out, and drops ours", async () => {
    await put("AGENTS.md", "git");
    await put("skills/a/SKILL.md", "git");
    await put("skills/a/shared.md", "agent");
    for (const [path, text] of Object.entries({ "AGENTS.md": "agent", "SOUL.md": "old", "skills/a/SKILL.md": "old" })) {
      await put(`${STAGE}/old/${path}`, text);
    }
    await link(scratch.in("skills/a/shared.md"), scratch.in(`${STAGE}/old/skills/a/shared.md`));
    await put(`${STAGE}/old/skills/a/late.md`, "agent");
    await repairWorkspace(root, ours("old", "git"), onKept);
    expect(await files()).toEqual({
      "AGENTS.md": "git",
      "AGENTS.md.from-agent": "agent",
      "skills/a/SKILL.md": "git",
      "skills/a/shared.md": "agent",
      "skills/a/late.md": "agent",
    });
  });

  test("follows no link that has the name of such a folder", async () => {
    await put("outside/old/x", "not ours");
    await symlink(scratch.in("outside"), scratch.in(STAGE));
    await repairWorkspace(root, ours(), onKept);
    expect(await readFile(scratch.in("outside/old/x"), "utf8")).toBe("not ours");
    expect((await readdir(scratch.path)).toSorted()).toEqual([STAGE, "outside"]);
  });
});

describe("Folder", () => {
  test("works in the folder that it opened, whatever takes its place", async () => {
    await mkdir(scratch.in("a/b"), { recursive: true });
    await mkdir(scratch.in("elsewhere"));
    await using folder = await root.descend(["a", "b"]);
    await rm(scratch.in("a"), { recursive: true });
    await symlink(scratch.in("elsewhere"), scratch.in("a"));
    await writeFile(folder?.at("x") ?? "", "x").catch(() => undefined);
    expect(await readdir(scratch.in("elsewhere"))).toEqual([]);
    expect(await thrownBy(root.descend(["a", "b"], true))).toBeInstanceOf(FolderError);
  });

  test("is undefined where nothing is, and is made if it may be", async () => {
    expect(await root.descend(["a", "b"])).toBeUndefined();
    await using made = await root.descend(["a", "b"], true);
    expect(made?.path).toBe(scratch.in("a", "b"));
    expect(await readdir(scratch.in("a"))).toEqual(["b"]);
  });
});
