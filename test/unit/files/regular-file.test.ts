import { chmod, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { systemCode } from "../../../lib/errors.ts";
import { readRegularFile } from "../../../lib/files/regular-file.ts";
import { asOrdinaryUser, createScratch, thrownBy } from "../../support/fakes.ts";
import { mustRun } from "../../support/process.ts";

describe("readRegularFile()", () => {
  test("reads the bytes unchanged", async () => {
    await using scratch = await createScratch();
    const bytes = Buffer.from([0xef, 0xbb, 0xbf, 0, 0xff, 13, 10]);
    await writeFile(scratch.in("file"), bytes);
    expect(await readRegularFile(scratch.in("file"))).toEqual(bytes);
    await truncate(scratch.in("file"), 0);
    expect(await readRegularFile(scratch.in("file"))).toEqual(Buffer.alloc(0));
  });

  test("reads a file up to the limit", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "text");
    expect(await readRegularFile(scratch.in("file"), { maxBytes: 4 })).toEqual(Buffer.from("text"));
    expect(systemCode(await thrownBy(readRegularFile(scratch.in("file"), { maxBytes: 3 })))).toBe("EFBIG");
  });

  test("finds nothing where there is nothing, or a directory", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "x");
    for (const path of ["nowhere", "nowhere/beneath", "file/beneath", "."]) {
      expect(await readRegularFile(scratch.in(path))).toBeUndefined();
    }
  });

  test("follows a link only if it is told to", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "x");
    await symlink(scratch.in("file"), scratch.in("link"));
    await symlink("nowhere", scratch.in("dangling"));
    await symlink("loop", scratch.in("loop"));
    expect(await readRegularFile(scratch.in("link"))).toBeUndefined();
    expect((await readRegularFile(scratch.in("link"), { follow: true }))?.toString()).toBe("x");
    for (const name of ["dangling", "loop"]) {
      expect(await readRegularFile(scratch.in(name))).toBeUndefined();
      expect(await readRegularFile(scratch.in(name), { follow: true })).toBeUndefined();
    }
  });

  test("does not wait for a pipe, nor read from a device or a socket", async () => {
    await using scratch = await createScratch();
    await mustRun("mkfifo", [scratch.in("pipe")]);
    await mkdir(scratch.in("directory"));
    const server = Bun.listen({ unix: scratch.in("socket"), socket: { data() {} } });
    await symlink("/dev/zero", scratch.in("device"));
    for (const name of ["pipe", "directory", "socket", "device"]) {
      expect(await readRegularFile(scratch.in(name))).toBeUndefined();
      expect(await readRegularFile(scratch.in(name), { follow: true })).toBeUndefined();
    }
    server.stop(true);
  });

  test("throws the system's error for a file that may not be read", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o755);
    await writeFile(scratch.in("file"), "x", { mode: 0 });
    const error = await asOrdinaryUser(() => thrownBy(readRegularFile(scratch.in("file"))));
    expect(systemCode(error)).toBe("EACCES");
  });
});
