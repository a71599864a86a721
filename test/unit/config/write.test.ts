import { existsSync, watch } from "node:fs";
import { mkdir, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { removeDropped, restoreGeneration, writeGeneration } from "../../../lib/config/write.ts";
import { createScratch, fileOf, generationOf, refusalOf } from "../../support/fakes.ts";
import { until } from "../../support/until.ts";

const ROOT = '{ agents: { $include: "./agents.json5" }, models: { $include: "./sub/models.json5" } }';
const FILES = { "agents.json5": '{ list: [{ id: "main" }] }', "sub/models.json5": "{ providers: {} }" };
const SPLIT = generationOf(ROOT, FILES);
const FLAT = generationOf('{ gateway: { mode: "local" } } // flat\n');

/** A directory with these live files. */
async function start(files: Record<string, string> = {}) {
  const scratch = await createScratch();
  await mkdir(scratch.in("pvc"));
  const path = (name: string) => scratch.in("pvc", name);
  for (const [name, text] of Object.entries(files)) {
    if (name.includes("/")) await mkdir(path(name.slice(0, name.lastIndexOf("/"))), { recursive: true });
    await writeFile(path(name), text);
  }
  return {
    scratch,
    path,
    pvcConfig: path("openclaw.json"),
    text: (name: string) => readFile(path(name), "utf8"),
    names: async () => (await readdir(path("."), { recursive: true })).toSorted(),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

const LIVE = { "openclaw.json": ROOT, ...FILES };

describe("writeGeneration()", () => {
  test("writes all files, the directories of which it creates, with mode 0600", async () => {
    await using at = await start();
    const replaced = await writeGeneration(at.pvcConfig, SPLIT, undefined);
    for (const [name, text] of Object.entries(LIVE)) {
      expect(await at.text(name)).toBe(text);
      expect((await stat(at.path(name))).mode & 0o7777).toBe(0o600);
    }
    expect(await at.names()).toEqual(["agents.json5", "openclaw.json", "sub", "sub/models.json5"]);
    expect(replaced).toEqual({
      generation: undefined,
      beside: new Map([
        ["agents.json5", undefined],
        ["sub/models.json5", undefined],
      ]),
      losses: [],
      spares: new Map(),
    });
  });

  test("writes the included files before the root, so that no root ever includes a file that is not there", async () => {
    await using at = await start({ "openclaw.json": "{}" });
    const order: string[] = [];
    const watcher = watch(at.path("."), (_, name) => {
      if (name !== "openclaw.json" && name !== "agents.json5") return;
      order.push(name);
      if (name === "openclaw.json" && !existsSync(at.path("sub/models.json5"))) order.push("before sub/models.json5");
    });
    await writeGeneration(at.pvcConfig, SPLIT, generationOf("{}"));
    await until("the root to be seen", () => order.includes("openclaw.json"));
    watcher.close();
    expect(order.indexOf("agents.json5")).toBeWithin(0, order.indexOf("openclaw.json"));
    expect(order).not.toContain("before sub/models.json5");
  });

  test("leaves the old root in place if an included file cannot be written", async () => {
    await using at = await start({ "openclaw.json": "{ old: 1 }" });
    await mkdir(at.path("agents.json5"));
    const error = await refusalOf(writeGeneration(at.pvcConfig, SPLIT, generationOf("{ old: 1 }")));
    expect(error).toMatchObject({ code: "file", message: expect.stringContaining("is a directory") });
    expect(await at.text("openclaw.json")).toBe("{ old: 1 }");
  });

  test("does not write an included file that stays the same, but always the root: old releases watch only that", async () => {
    await using at = await start(LIVE);
    const inodes = async () => Promise.all(Object.keys(LIVE).map(async (name) => (await stat(at.path(name))).ino));
    const [root, agents, models] = await inodes();
    const next = generationOf(ROOT, { ...FILES, "agents.json5": "{ list: [] }" });
    await writeGeneration(at.pvcConfig, next, SPLIT);
    const [rootAfter, agentsAfter, modelsAfter] = await inodes();
    expect([rootAfter === root, agentsAfter === agents, modelsAfter === models]).toEqual([false, false, true]);
    expect(await at.text("agents.json5")).toBe("{ list: [] }");
  });

  test("returns what was there before: the live files, and a file that the old root did not include", async () => {
    await using at = await start({ "openclaw.json": "{}", "agents.json5": "an old note" });
    const previous = generationOf("{}");
    const { generation, beside } = await writeGeneration(at.pvcConfig, SPLIT, previous);
    expect(generation).toBe(previous);
    expect(Buffer.from(beside.get("agents.json5")?.bytes ?? []).toString()).toBe("an old note");
    expect(beside.get("sub/models.json5")).toBeUndefined();
  });

  test("writes through no symbolic link, neither a file nor a directory", async () => {
    await using at = await start({ "openclaw.json": "{}" });
    await mkdir(at.scratch.in("elsewhere"));
    await symlink(at.scratch.in("elsewhere"), at.path("sub"));
    expect(await refusalOf(writeGeneration(at.pvcConfig, SPLIT, undefined))).toMatchObject({
      code: "file",
      message: `${at.path("sub")} is a symbolic link, expected a directory`,
      hint: expect.any(String),
    });
    expect(await readdir(at.scratch.in("elsewhere"))).toEqual([]);
    expect(await at.text("openclaw.json")).toBe("{}");
    await symlink(at.scratch.in("elsewhere", "x"), at.path("linked.json5"));
    const linked = generationOf('{ $include: "./linked.json5" }', { "linked.json5": "{}" });
    expect(await refusalOf(writeGeneration(at.pvcConfig, linked, undefined))).toMatchObject({ code: "file" });
    expect(await readdir(at.scratch.in("elsewhere"))).toEqual([]);
  });

  test("creates no directory behind a symbolic link", async () => {
    await using at = await start({ "openclaw.json": "{}" });
    await mkdir(at.scratch.in("elsewhere"));
    await symlink(at.scratch.in("elsewhere"), at.path("sub"));
    const deep = generationOf('{ $include: "./sub/deeper/x.json5" }', { "sub/deeper/x.json5": "{}" });
    expect(await refusalOf(writeGeneration(at.pvcConfig, deep, undefined))).toMatchObject({ code: "file" });
    expect(await readdir(at.scratch.in("elsewhere"))).toEqual([]);
  });

  test("works where the directory of the live file is a symbolic link itself", async () => {
    await using at = await start();
    await symlink(at.path("."), at.scratch.in("state"));
    await writeGeneration(at.scratch.in("state", "openclaw.json"), SPLIT, undefined);
    for (const [name, text] of Object.entries(LIVE)) expect(await at.text(name)).toBe(text);
  });
});

describe("restoreGeneration()", () => {
  test("puts all files back, and removes those that were not there", async () => {
    await using at = await start({ "openclaw.json": "{ old: 1 }" });
    const old = generationOf("{ old: 1 }");
    const replaced = await writeGeneration(at.pvcConfig, SPLIT, old);
    await restoreGeneration(at.pvcConfig, old, SPLIT, replaced);
    expect(await at.names()).toEqual(["openclaw.json", "sub"]);
    expect(await at.text("openclaw.json")).toBe("{ old: 1 }");
  });

  test("puts back a file that lay there without being included", async () => {
    await using at = await start({ "openclaw.json": "{}", "agents.json5": "an old note" });
    const old = generationOf("{}");
    const replaced = await writeGeneration(at.pvcConfig, SPLIT, old);
    await restoreGeneration(at.pvcConfig, old, SPLIT, replaced);
    expect(await at.text("agents.json5")).toBe("an old note");
  });

  test("puts back included files that were changed, and those that the rejected root no longer included", async () => {
    await using at = await start(LIVE);
    const next = generationOf('{ agents: { $include: "./agents.json5" } }', { "agents.json5": "{ nonsense: 1 }" });
    const replaced = await writeGeneration(at.pvcConfig, next, SPLIT);
    expect(replaced.beside.size).toBe(0);
    await restoreGeneration(at.pvcConfig, SPLIT, next, replaced);
    for (const [name, text] of Object.entries(LIVE)) expect(await at.text(name)).toBe(text);
  });

  test("restores a generation other than the replaced one, as the last good one", async () => {
    await using at = await start();
    const replaced = await writeGeneration(at.pvcConfig, SPLIT, undefined);
    await restoreGeneration(at.pvcConfig, FLAT, SPLIT, replaced);
    expect(await at.names()).toEqual(["openclaw.json", "sub"]);
  });
});

describe("restoreGeneration() of the last good files", () => {
  test("keeps a file that they include and the rejected root replaced, whatever lay there before", async () => {
    for (const before of [{}, { "agents.json5": "an old note" }]) {
      await using at = await start(before);
      const rejected = generationOf(ROOT, { ...FILES, "agents.json5": "{ nonsense: 1 }" });
      const replaced = await writeGeneration(at.pvcConfig, rejected, undefined);
      await restoreGeneration(at.pvcConfig, SPLIT, rejected, replaced);
      for (const [name, text] of Object.entries(LIVE)) expect(await at.text(name)).toBe(text);
    }
  });
});

describe("removeDropped()", () => {
  const dropped = new Map(Object.entries(FILES).map(([name, text]) => [name, fileOf(text)]));

  test("removes files that are still as they were delivered, and leaves the directory", async () => {
    await using at = await start(LIVE);
    expect(await removeDropped(at.pvcConfig, dropped)).toEqual([]);
    expect(await at.names()).toEqual(["openclaw.json", "sub"]);
  });

  test("leaves and names a file that something else has changed", async () => {
    await using at = await start({ ...LIVE, "agents.json5": `${FILES["agents.json5"]} ` });
    expect(await removeDropped(at.pvcConfig, dropped)).toEqual(["agents.json5"]);
    expect(await at.names()).toEqual(["agents.json5", "openclaw.json", "sub"]);
  });

  test("does nothing if the file is gone, or something else lies there", async () => {
    await using at = await start({ "openclaw.json": "{}" });
    await mkdir(at.path("agents.json5"));
    expect(await removeDropped(at.pvcConfig, dropped)).toEqual([]);
    expect(await at.names()).toEqual(["agents.json5", "openclaw.json"]);
  });

  test("removes nothing through a symbolic link", async () => {
    await using at = await start({ "openclaw.json": "{}" });
    await mkdir(at.scratch.in("elsewhere"));
    await writeFile(at.scratch.in("elsewhere", "models.json5"), FILES["sub/models.json5"]);
    await writeFile(at.scratch.in("elsewhere", "agents.json5"), FILES["agents.json5"]);
    await symlink(at.scratch.in("elsewhere"), at.path("sub"));
    await symlink(at.scratch.in("elsewhere", "agents.json5"), at.path("agents.json5"));
    await removeDropped(at.pvcConfig, dropped);
    expect((await readdir(at.scratch.in("elsewhere"))).toSorted()).toEqual(["agents.json5", "models.json5"]);
  });

  test("removes nothing outside the directory of the live file, whatever a forged record names", async () => {
    await using at = await start({ "openclaw.json": "{}" });
    await writeFile(at.scratch.in("sums"), "8a80554c91d9fca8acb82f023de02f11\n");
    const forged = new Map([["../sums", fileOf("8a80554c91d9fca8acb82f023de02f11\n")]]);
    await removeDropped(at.pvcConfig, forged).catch(() => undefined);
    expect(existsSync(at.scratch.in("sums"))).toBeTrue();
  });
});
