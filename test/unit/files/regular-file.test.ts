import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { readRegularFile } from "../../../lib/files/regular-file.ts";
import { asOrdinaryUser, createScratch } from "../../support/fakes.ts";
import { mustRun } from "../../support/process.ts";

describe("readRegularFile()", () => {
  test("reads a file up to the limit", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "text");
    expect(await readRegularFile(scratch.in("file"), 4)).toEqual(Buffer.from("text"));
    expect(await readRegularFile(scratch.in("file"), 3)).toBeUndefined();
  });

  test("returns undefined for a link, a directory, a pipe and nothing at all, and does not block", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "text");
    await symlink("file", scratch.in("link"));
    await mkdir(scratch.in("directory"));
    await mustRun("mkfifo", [scratch.in("pipe")]);
    for (const name of ["link", "directory", "pipe", "nothing"]) {
      expect(await readRegularFile(scratch.in(name), 100)).toBeUndefined();
    }
  });

  test("returns undefined for a file that may not be read", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o755);
    await writeFile(scratch.in("file"), "text", { mode: 0o600 });
    expect(await asOrdinaryUser(() => readRegularFile(scratch.in("file"), 100))).toBeUndefined();
  });
});
