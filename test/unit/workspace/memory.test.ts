import { symlink, writeFile } from "node:fs/promises";
import { expect, test } from "bun:test";
import { createMemory } from "../../../lib/workspace/memory.ts";
import { readDesired } from "../../../lib/workspace/read.ts";
import { createScratch, refusalOf } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

const clock = { uptimeMs: () => 0, nowMs: () => Date.now() };

test("reads each generation of a volume once", async () => {
  await using scratch = await createScratch();
  const volume = await createVolume(scratch.in("workspace.d"));
  const memory = createMemory(clock);
  expect(await memory.readDesired(volume.path)).toMatchObject({ kind: "read", checksum: "none" });
  await volume.publish({ "AGENTS.md": "one" });
  const first = await memory.readDesired(volume.path);
  expect(first).toMatchObject({ byAgent: new Map([["", [{ path: "AGENTS.md", bytes: Buffer.from("one") }]]]) });
  expect(await memory.readDesired(volume.path)).toBe(first);
  await volume.publish({ "AGENTS.md": "two" });
  const second = await memory.readDesired(volume.path);
  expect(second).toMatchObject({ byAgent: new Map([["", [{ path: "AGENTS.md", bytes: Buffer.from("two") }]]]) });
});

test("reads a plain directory each time", async () => {
  await using scratch = await createScratch();
  const memory = createMemory(clock);
  for (const text of ["one", "two"]) {
    await writeFile(scratch.in("AGENTS.md"), text);
    expect(await memory.readDesired(scratch.path)).toMatchObject({
      byAgent: new Map([["", [{ path: "AGENTS.md", bytes: Buffer.from(text) }]]]),
    });
  }
  expect(await memory.readDesired(scratch.in("gone"))).toEqual({ kind: "missing" });
});

test("says what is wrong with a volume that cannot be read, as readDesired() does", async () => {
  await using scratch = await createScratch();
  await symlink("..data", scratch.in("..data"));
  const { readDesired: read } = createMemory(clock);
  expect(await refusalOf(read(scratch.path))).toEqual(await refusalOf(readDesired(scratch.path)));
});
