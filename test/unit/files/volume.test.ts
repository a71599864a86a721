import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, setSystemTime, test } from "bun:test";
import { readVolume, readVolumeByName } from "../../../lib/files/volume.ts";
import { asOrdinaryUser, createScratch, refusalOf } from "../../support/fakes.ts";
import { mustRun } from "../../support/process.ts";
import { createVolume } from "../../support/volume.ts";

const all = () => true;

/** Names and contents of the files; undefined if there is no directory. */
async function read(directory: string, select: (name: string) => boolean = all) {
  const files = await readVolume(directory, select);
  return files && Object.fromEntries(files.map(({ name, bytes }) => [name, bytes.toString()]));
}

/** Publishes a generation of one file synchronously, and removes the one before. */
function swapAtOnce(directory: string, generation: string, text: string, previous?: string): void {
  mkdirSync(join(directory, generation), { recursive: true });
  writeFileSync(join(directory, generation, "a.json"), text);
  symlinkSync(generation, join(directory, "..data_tmp"));
  renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
  if (previous) rmSync(join(directory, previous), { recursive: true });
}

afterEach(() => {
  setSystemTime();
});

describe("readVolume()", () => {
  test("reads the files that the kubelet has published, each once, sorted by name", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("cron.d"));
    await volume.publish({ "b.json": "2", "a.json": "1", "c.yaml": "3" });
    const files = await readVolume(volume.path, all);
    expect(files?.map(({ name, bytes }) => `${name} ${bytes.toString()}`)).toEqual([
      "a.json 1",
      "b.json 2",
      "c.yaml 3",
    ]);
  });

  test("reads the selected files, and does not offer the kubelet's own names", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("cron.d"));
    await volume.publish({ "a.json": "1", "b.yaml": "2" });
    const asked: string[] = [];
    const select = (name: string) => asked.push(name) > 0 && name.endsWith(".yaml");
    expect(await read(volume.path, select)).toEqual({ "b.yaml": "2" });
    expect(asked.toSorted()).toEqual(["a.json", "b.yaml"]);
  });

  test("reads the new files after each swap", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("cron.d"));
    for (const files of [{ "a.json": "1" }, { "a.json": "2", "b.json": "2" }, { "b.json": "3" }, {}]) {
      await volume.publish(files);
      expect(await read(volume.path)).toEqual(files);
    }
  });

  test("reads the bytes unchanged", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("cron.d"));
    const bytes = new Uint8Array([0xff, 0, 0xc3, 0x28, 13, 10]);
    await volume.publish({ "a.json": bytes });
    expect((await readVolume(volume.path, all))?.[0]?.bytes).toEqual(Buffer.from(bytes));
  });

  test("reads a byte more than the limit of a larger file, so that it is seen to be larger", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("cron.d"));
    await volume.publish({ "a.json": Buffer.alloc(3 << 20) });
    const sizeOf = async (maxBytes?: number) => (await readVolume(volume.path, all, maxBytes))?.[0]?.bytes.length;
    expect(await sizeOf()).toBe((1 << 20) + 1);
    expect(await sizeOf(3 << 20)).toBe(3 << 20);
    const readFirst = (readByName: (name: string) => Promise<Buffer | undefined>) => readByName("a.json");
    expect(await readVolumeByName(volume.path, readFirst, 5)).toHaveLength(6);
  });

  test.each(["fifo", "zero"])("refuses a %s, which would never end", async (name) => {
    await using scratch = await createScratch();
    await mustRun("mkfifo", [scratch.in("fifo")]);
    await symlink("/dev/zero", scratch.in("zero"));
    expect(await refusalOf(readVolume(scratch.path, (each) => each === name))).toMatchObject({
      code: "file",
      message: `cannot read ${scratch.in(name)}: it is a pipe or a device, expected a file`,
    });
  });

  test("reads again if the volume is swapped between listing and reading", async () => {
    await using scratch = await createScratch();
    swapAtOnce(scratch.path, "..1", "old");
    let swaps = 0;
    const select = () => {
      swaps += 1;
      if (swaps === 1) swapAtOnce(scratch.path, "..2", "new", "..1");
      return true;
    };
    expect(await read(scratch.path, select)).toEqual({ "a.json": "new" });
  });

  test("throws if the volume is swapped during every attempt", async () => {
    await using scratch = await createScratch();
    swapAtOnce(scratch.path, "..0", "0");
    let swaps = 0;
    const select = () => {
      swaps += 1;
      swapAtOnce(scratch.path, `..${swaps}`, String(swaps), `..${swaps - 1}`);
      return true;
    };
    expect(await refusalOf(readVolume(scratch.path, select))).toMatchObject({ code: "file" });
    expect(swaps).toBeLessThan(100);
  });

  test("never mixes two generations, and never reports a volume as missing during a swap", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("cron.d"));
    await volume.publish({ "a.json": "0", "b.json": "0" });
    const done = new AbortController();
    const swap = async () => {
      for (let count = 1; !done.signal.aborted; count++) {
        await volume.publish({ "a.json": `${count}`, "b.json": `${count}` });
      }
    };
    const swapping = swap();
    for (let count = 0; count < 500; count++) {
      // readVolume() may throw if the swaps are too fast, but it never returns half a generation.
      const files = await read(volume.path).catch(() => ({ "a.json": "given up", "b.json": "given up" }));
      expect(Object.keys(files ?? {})).toEqual(["a.json", "b.json"]);
      expect(files?.["a.json"]).toBe(files?.["b.json"]);
    }
    done.abort();
    await swapping;
  });

  test("reads a plain directory", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("b.json"), "2");
    await writeFile(scratch.in("a.json"), "1");
    await writeFile(scratch.in("..old.json"), "3");
    await writeFile(scratch.in("c..json"), "4");
    expect(await read(scratch.path)).toEqual({ "a.json": "1", "b.json": "2", "c..json": "4" });
  });

  test("reads a file that is mounted with subPath, and a link", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("config.d"));
    await writeFile(scratch.in("elsewhere"), "2");
    await writeFile(scratch.in("config.d", "openclaw.json"), "1");
    await symlink(scratch.in("elsewhere"), scratch.in("config.d", "more.json"));
    expect(await read(scratch.in("config.d"))).toEqual({ "openclaw.json": "1", "more.json": "2" });
  });

  test("waits for a file in a plain directory that is being written", async () => {
    await using scratch = await createScratch();
    const path = scratch.in("a.json");
    const now = new Date();
    setSystemTime(now); // stops the clock, so that the file stays new on a slow machine
    const select = () => {
      writeFileSync(path, "[");
      utimesSync(path, now, new Date(now.getTime() - 10));
      setTimeout(() => appendFileSync(path, "]"), 20);
      return true;
    };
    await writeFile(path, "");
    expect(await read(scratch.path, select)).toEqual({ "a.json": "[]" });
  });

  test("does not wait forever for a file that is always modified", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("a.json"), "x");
    const now = new Date();
    setSystemTime(now);
    utimesSync(scratch.in("a.json"), now, now);
    expect(await read(scratch.path)).toEqual({ "a.json": "x" });
  });

  test("does not wait for a file from the future", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("a.json"), "x");
    utimesSync(scratch.in("a.json"), new Date(), new Date(Date.now() + 3_600_000));
    expect(await read(scratch.path)).toEqual({ "a.json": "x" });
  });

  test("distinguishes a missing directory from one without selected files", async () => {
    await using scratch = await createScratch();
    expect(await readVolume(scratch.in("nowhere"), all)).toBeUndefined();
    expect(await readVolume(scratch.path, all)).toEqual([]);
    await writeFile(scratch.in("a.json"), "1");
    expect(await readVolume(scratch.path, () => false)).toEqual([]);
    const volume = await createVolume(scratch.in("cron.d"));
    await volume.publish({});
    expect(await readVolume(volume.path, all)).toEqual([]);
  });

  test.each([
    ["the directory is a file", "a.json", "ENOTDIR"],
    ["a directory has a file's name", "directory", "EISDIR"],
    ["a link leads nowhere", "links", "ENOENT"],
  ])("throws if %s", async (_, name, code) => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("a.json"), "1");
    await mkdir(scratch.in("directory", "b.json"), { recursive: true });
    await mkdir(scratch.in("links"));
    await symlink("nowhere", scratch.in("links", "c.json"));
    expect(await refusalOf(readVolume(scratch.in(name), all))).toMatchObject({
      code: "file",
      message: `cannot read ${scratch.in(name)}: ${code}`,
      hint: expect.any(String),
    });
  });

  test("throws if one of several files may not be read", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o755);
    await writeFile(scratch.in("a.json"), "1");
    await writeFile(scratch.in("b.json"), "2", { mode: 0 });
    expect(await asOrdinaryUser(() => refusalOf(readVolume(scratch.path, all)))).toMatchObject({ code: "file" });
  });

  test("throws if the directory may not be listed", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("cron.d"), { mode: 0o300 });
    await chmod(scratch.path, 0o755);
    const refusal = await asOrdinaryUser(() => refusalOf(readVolume(scratch.in("cron.d"), all)));
    await chmod(scratch.in("cron.d"), 0o700);
    expect(refusal).toMatchObject({ code: "file", message: `cannot read ${scratch.in("cron.d")}: EACCES` });
  });
});

describe("readVolume() of a generation that is being removed", () => {
  test("reads the next generation, not the remaining files", async () => {
    await using scratch = await createScratch();
    for (const generation of ["..1", "..2"]) {
      mkdirSync(scratch.in(generation));
      for (const name of ["a.json", "b.json"]) writeFileSync(scratch.in(generation, name), generation);
    }
    symlinkSync("..1", scratch.in("..data"));
    rmSync(scratch.in("..1", "b.json"));
    const swapOnce = (name: string) => {
      if (name === "a.json") {
        rmSync(scratch.in("..data"));
        symlinkSync("..2", scratch.in("..data"));
      }
      return true;
    };
    const files = await readVolume(scratch.path, swapOnce);
    expect(files?.map(({ name, bytes }) => `${name} ${bytes.toString()}`)).toEqual(["a.json ..2", "b.json ..2"]);
  });

  test("throws if the volume is swapped during every attempt", async () => {
    await using scratch = await createScratch();
    mkdirSync(scratch.in("..0"));
    writeFileSync(scratch.in("..0", "a.json"), "[]");
    symlinkSync("..0", scratch.in("..data"));
    let swaps = 0;
    const swap = () => {
      swaps += 1;
      mkdirSync(scratch.in(`..${swaps}`));
      writeFileSync(scratch.in(`..${swaps}`, "a.json"), "[]");
      rmSync(scratch.in("..data"));
      symlinkSync(`..${swaps}`, scratch.in("..data"));
      return true;
    };
    expect(await refusalOf(readVolume(scratch.path, swap))).toMatchObject({ code: "file" });
  });
});

describe("readVolumeByName()", () => {
  /** Reads `root`, and the file that it names, and so on. */
  const follow = (directory: string) =>
    readVolumeByName(directory, async (readByName) => {
      const texts: string[] = [];
      for (let name: string | undefined = "root"; name !== undefined; ) {
        const bytes = await readByName(name);
        texts.push(bytes?.toString() ?? `no ${name}`);
        name = bytes?.toString().match(/-> (.*)/)?.[1];
      }
      return texts;
    });

  test("reads the file of this name, and the next one by what it says", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("config.d"));
    await volume.publish({ root: "-> agents.json5", "agents.json5": "-> main", main: "end", other: "-> root" });
    expect(await follow(volume.path)).toEqual(["-> agents.json5", "-> main", "end"]);
  });

  test("reads the bytes unchanged", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("config.d"));
    const bytes = new Uint8Array([0xff, 0, 0xc3, 0x28, 13, 10]);
    await volume.publish({ "openclaw.json": bytes });
    expect(await readVolumeByName(volume.path, (read) => read("openclaw.json"))).toEqual(Buffer.from(bytes));
  });

  test("finds no file that is not there, in a directory that is there or not", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("config.d"));
    await volume.publish({ root: "-> gone" });
    expect(await follow(volume.path)).toEqual(["-> gone", "no gone"]);
    expect(await follow(scratch.in("nowhere"))).toEqual(["no root"]);
    await writeFile(scratch.in("file"), "x");
    expect(await readVolumeByName(scratch.path, (read) => read("file/beneath"))).toBeUndefined();
  });

  test("reads files in folders, as items[].path of a volume places them", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("..1", "sub"), { recursive: true });
    await writeFile(scratch.in("..1", "root"), "-> sub/models.json5");
    await writeFile(scratch.in("..1", "sub", "models.json5"), "end");
    await symlink("..1", scratch.in("..data"));
    expect(await follow(scratch.path)).toEqual(["-> sub/models.json5", "end"]);
  });

  test("reads again from the start if the volume is swapped in between: never two generations", async () => {
    await using scratch = await createScratch();
    swapAtOnce(scratch.path, "..1", "old");
    let reads = 0;
    const read = await readVolumeByName(scratch.path, async (readByName) => {
      reads += 1;
      const first = (await readByName("a.json"))?.toString();
      if (reads === 1) swapAtOnce(scratch.path, "..2", "new", "..1");
      return [first, (await readByName("a.json"))?.toString()];
    });
    expect({ read, reads }).toEqual({ read: ["new", "new"], reads: 2 });
  });

  test("never mixes two generations while the kubelet publishes one after the other", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("config.d"));
    await volume.publish({ "a.json": "0", "b.json": "0" });
    const done = new AbortController();
    const swap = async () => {
      for (let count = 1; !done.signal.aborted; count++) {
        await volume.publish({ "a.json": `${count}`, "b.json": `${count}` });
      }
    };
    const swapping = swap();
    for (let count = 0; count < 300; count++) {
      const both = readVolumeByName(volume.path, async (read) => [await read("a.json"), await read("b.json")]);
      // It may throw if the swaps are too fast.
      const [a, b] = await both.catch(() => [Buffer.from("given up"), Buffer.from("given up")]);
      expect(a?.toString()).toBeString();
      expect(a?.toString()).toBe(b?.toString() as string);
    }
    done.abort();
    await swapping;
  });

  test("throws if the volume is swapped during every attempt", async () => {
    await using scratch = await createScratch();
    swapAtOnce(scratch.path, "..0", "0");
    let swaps = 0;
    const read = async () => {
      swaps += 1;
      swapAtOnce(scratch.path, `..${swaps}`, String(swaps), `..${swaps - 1}`);
    };
    expect(await refusalOf(readVolumeByName(scratch.path, read))).toMatchObject({ code: "file" });
    expect(swaps).toBeLessThan(100);
  });

  test("waits for a file in a plain directory that is being written", async () => {
    await using scratch = await createScratch();
    const path = scratch.in("a.json");
    const now = new Date();
    setSystemTime(now);
    writeFileSync(path, "[");
    utimesSync(path, now, new Date(now.getTime() - 10));
    setTimeout(() => appendFileSync(path, "]"), 20);
    expect((await readVolumeByName(scratch.path, (read) => read("a.json")))?.toString()).toBe("[]");
  });

  test("throws if a file may not be read, rather than treat it as missing", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o755);
    await writeFile(scratch.in("a.json"), "1", { mode: 0 });
    const read = () => refusalOf(readVolumeByName(scratch.path, (readByName) => readByName("a.json")));
    expect(await asOrdinaryUser(read)).toMatchObject({
      code: "file",
      message: `cannot read ${scratch.path}: EACCES`,
      hint: expect.any(String),
    });
  });
});
