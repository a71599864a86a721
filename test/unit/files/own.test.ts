import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  formatOwnPath,
  isOwnFile,
  listTemporariesOf,
  ownFile,
  ownIn,
  removeOwnDirectory,
  removeOwnFile,
} from "../../../lib/files/own.ts";
import { temporaryPathOf } from "../../../lib/files/temporary.ts";
import { type Scratch, createScratch, refusalOf } from "../../support/fakes.ts";
import { mustRun } from "../../support/process.ts";

let scratch: Scratch;

beforeEach(async () => {
  scratch = await createScratch();
  await mkdir(scratch.in("ours"));
  await mkdir(scratch.in("theirs"));
  await writeFile(scratch.in("ours", "record"), "ours");
  await writeFile(scratch.in("theirs", "record"), "theirs");
});
afterEach(() => scratch[Symbol.asyncDispose]());

const names = async (directory: string) => (await readdir(scratch.in(directory))).toSorted();

describe("removeOwnFile()", () => {
  test("removes a file, once", async () => {
    const path = ownIn(scratch.in("ours"), "record");
    expect([await isOwnFile(path), await removeOwnFile(path), await removeOwnFile(path)]).toEqual([true, true, false]);
    expect(await names("ours")).toEqual([]);
  });

  test("takes a folder that is missing, at any depth, for no file", async () => {
    expect(await removeOwnFile(ownIn(scratch.in("gone"), "deep", "record"))).toBe(false);
    expect(await removeOwnFile(ownIn(scratch.in("gone", "deep"), "record"))).toBe(false);
  });

  test("removes nothing through a link on the way, nor a link itself", async () => {
    await symlink(scratch.in("theirs"), scratch.in("link"));
    await symlink(scratch.in("theirs", "record"), scratch.in("ours", "linked"));
    expect((await refusalOf(removeOwnFile(ownIn(scratch.in("link"), "record")))).message).toContain("symbolic link");
    expect((await refusalOf(removeOwnFile(ownIn(scratch.in("ours"), "linked")))).message).toContain("symbolic link");
    expect([await names("theirs"), await names("ours")]).toEqual([["record"], ["linked", "record"]]);
  });

  test("leaves a directory and a pipe in its place, and says which", async () => {
    await mkdir(scratch.in("ours", "directory"));
    await mustRun("mkfifo", [scratch.in("ours", "pipe")]);
    for (const [name, what] of [
      ["directory", "is a directory"],
      ["pipe", "is a pipe"],
    ] as const) {
      const { message } = await refusalOf(removeOwnFile(ownIn(scratch.in("ours"), name)));
      expect(message).toContain(`${scratch.in("ours", name)} ${what}`);
    }
    expect(await names("ours")).toEqual(["directory", "pipe", "record"]);
  });
});

describe("removeOwnDirectory()", () => {
  test("removes one that is empty, and leaves any other, a link and a file", async () => {
    await mkdir(scratch.in("empty"));
    await symlink(scratch.in("empty"), scratch.in("link"));
    for (const name of ["ours", "link", "missing"]) await removeOwnDirectory(ownIn(scratch.in(name)));
    await removeOwnDirectory(ownIn(scratch.in("ours"), "record"));
    expect((await readdir(scratch.path)).toSorted()).toEqual(["empty", "link", "ours", "theirs"]);
    expect(await names("ours")).toEqual(["record"]);
    await removeOwnDirectory(ownIn(scratch.in("empty")));
    expect((await readdir(scratch.path)).toSorted()).toEqual(["link", "ours", "theirs"]);
  });
});

test("listTemporariesOf() lists what a killed write has left, and nothing that is like it", async () => {
  const path = scratch.in("ours", "record");
  const left = temporaryPathOf(path);
  const like = [".record.config-manager-mine.tmp", ".record.config-manager-.tmp", ".records.tmp", "record.tmp"];
  for (const name of like) await writeFile(scratch.in("ours", name), "");
  await writeFile(left, "");
  await writeFile(temporaryPathOf(join(scratch.in("ours"), "another")), "");
  expect((await listTemporariesOf(ownFile(path))).map(formatOwnPath)).toEqual([left]);
  expect(await listTemporariesOf(ownFile(scratch.in("missing", "record")))).toEqual([]);
});
