import { chmod, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { ObstacleError, type ReadOptions, readHint, readRegularFile } from "../../../lib/files/regular-file.ts";
import { asOrdinaryUser, createScratch, thrownBy } from "../../support/fakes.ts";
import { mustRun } from "../../support/process.ts";

async function obstacleAt(path: string, options?: ReadOptions): Promise<ObstacleError> {
  const error = await thrownBy(readRegularFile(path, options));
  if (error instanceof ObstacleError) return error;
  throw error;
}

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
    expect(await obstacleAt(scratch.in("file"), { maxBytes: 3 })).toMatchObject({
      kind: "large",
      message: `${scratch.in("file")} has 4 bytes; at most 3 are read`,
    });
    await truncate(scratch.in("file"), 1_610_612_736); // sparse: it has this size, and takes no space
    expect(await obstacleAt(scratch.in("file"))).toMatchObject({ kind: "large" });
  });

  test("finds nothing where there is nothing", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "x");
    for (const path of ["nowhere", "nowhere/beneath", "file/beneath"]) {
      expect(await readRegularFile(scratch.in(path))).toBeUndefined();
    }
  });

  test("follows a link only if it is told to", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "x");
    await symlink(scratch.in("file"), scratch.in("link"));
    await symlink("nowhere", scratch.in("dangling"));
    await symlink("loop", scratch.in("loop"));
    expect((await readRegularFile(scratch.in("link"), { follow: true }))?.toString()).toBe("x");
    expect(await readRegularFile(scratch.in("dangling"), { follow: true })).toBeUndefined();
    expect(await obstacleAt(scratch.in("loop"), { follow: true })).toMatchObject({ kind: "link" });
    for (const name of ["link", "dangling", "loop"]) {
      expect(await obstacleAt(scratch.in(name))).toMatchObject({
        kind: "link",
        message: `${scratch.in(name)} is a symbolic link, expected a regular file`,
        hint: "remove it; config-manager reads and writes no file through it",
      });
    }
  });

  test("does not wait for a pipe, nor read from a device, a socket or a directory", async () => {
    await using scratch = await createScratch();
    await mustRun("mkfifo", [scratch.in("pipe")]);
    await mkdir(scratch.in("directory"));
    const server = Bun.listen({ unix: scratch.in("socket"), socket: { data() {} } });
    await symlink("/dev/zero", scratch.in("device"));
    for (const [name, what] of Object.entries({ pipe: "a pipe", directory: "a directory", socket: "a socket" })) {
      for (const follow of [false, true]) {
        expect(await obstacleAt(scratch.in(name), { follow })).toMatchObject({
          message: `${scratch.in(name)} is ${what}, expected a regular file`,
        });
      }
    }
    expect(await obstacleAt(scratch.in("device"), { follow: true })).toMatchObject({
      kind: "special",
      message: `${scratch.in("device")} is a device, expected a regular file`,
    });
    server.stop(true);
  });

  test("names the system's reason if the file may not be read", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o755);
    await writeFile(scratch.in("file"), "x", { mode: 0 });
    const obstacle = await asOrdinaryUser(() => obstacleAt(scratch.in("file")));
    expect(obstacle).toMatchObject({ kind: "unreadable", message: `cannot read ${scratch.in("file")}: EACCES` });
  });
});

describe("readHint()", () => {
  test("reports what is in the way, and takes it for nothing", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("directory"));
    await writeFile(scratch.in("file"), "x");
    const obstacles: ObstacleError[] = [];
    const read = (name: string) => readHint(scratch.in(name), {}, (obstacle) => obstacles.push(obstacle));
    expect(await read("directory")).toBeUndefined();
    expect(obstacles).toMatchObject([{ path: scratch.in("directory"), kind: "directory" }]);
    expect((await read("file"))?.toString()).toBe("x");
    expect(await read("nowhere")).toBeUndefined();
    expect(obstacles.length).toBe(1);
  });
});
