import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, test } from "bun:test";
import { readMemoryLimit, readOomKills } from "../../../lib/gateway/memory.ts";
import { createScratch } from "../../support/fakes.ts";

/** Reads a control group with these files. */
async function read<T>(files: Record<string, string>, reader: (root: string) => Promise<T>): Promise<T> {
  await using scratch = await createScratch();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(scratch.in(name)), { recursive: true });
    await writeFile(scratch.in(name), text);
  }
  return await reader(scratch.path);
}

describe("readMemoryLimit()", () => {
  test.each<[string, Record<string, string>, number | undefined]>([
    ["version 2", { "memory.max": "134217728\n" }, 134_217_728],
    ["version 1", { "memory/memory.limit_in_bytes": "134217728\n" }, 134_217_728],
    ["version 2 without a limit", { "memory.max": "max\n" }, undefined],
    ["version 1 without a limit", { "memory/memory.limit_in_bytes": "9223372036854771712\n" }, undefined],
    ["no control group", {}, undefined],
    ["an empty file", { "memory.max": "" }, undefined],
  ])("reads %s", async (_, files, bytes) => {
    expect(await read(files, readMemoryLimit)).toBe(bytes);
  });

  test("follows no link", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("other"), "1\n");
    await symlink("other", scratch.in("memory.max"));
    expect(await readMemoryLimit(scratch.path)).toBeUndefined();
  });
});

describe("readOomKills()", () => {
  test.each<[string, Record<string, string>, number | undefined]>([
    ["version 2", { "memory.events": "low 0\noom 2\noom_kill 2\noom_group_kill 1\n" }, 2],
    ["version 1", { "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n" }, 3],
    ["an old kernel", { "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n" }, undefined],
    ["no control group", {}, undefined],
  ])("reads %s", async (_, files, kills) => {
    expect(await read(files, readOomKills)).toBe(kills);
  });

  test("reads this machine's files, whose size the kernel says is 0", async () => {
    if (await Bun.file("/sys/fs/cgroup/memory/memory.oom_control").exists()) {
      expect(await readOomKills()).toBeGreaterThanOrEqual(0);
    }
  });
});
