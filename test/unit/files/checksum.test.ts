import { mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { computeChecksum, computeSetChecksum, readChecksum, writeChecksum } from "../../../lib/files/checksum.ts";
import { createScratch, refusalOf } from "../../support/fakes.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const file = (name: string, text: string) => ({ name, bytes: bytes(text) });

describe("computeChecksum()", () => {
  test("returns what md5sum prints", () => {
    expect(computeChecksum(bytes(""))).toBe("d41d8cd98f00b204e9800998ecf8427e");
    expect(computeChecksum(bytes("hello\n"))).toBe("b1946ac92492d2347c6235b4d2611184");
    expect(computeChecksum(new Uint8Array([0, 255, 10]))).toBe("daabad9de4c13765beb6e0a4ea14f25f");
  });

  test("returns none if there is no file, as in manager.sh", () => {
    expect(computeChecksum(undefined)).toBe("none");
  });
});

describe("computeSetChecksum()", () => {
  test("returns the checksum of a single file, as manager.sh did", () => {
    expect(computeSetChecksum([file("cron-jobs.json", "hello\n")])).toBe("b1946ac92492d2347c6235b4d2611184");
  });

  test("returns none for an empty set", () => {
    expect(computeSetChecksum([])).toBe("none");
  });

  test("returns the checksum of the output of md5sum for several files", () => {
    const list = "b1946ac92492d2347c6235b4d2611184  a.json\nd41d8cd98f00b204e9800998ecf8427e  b.json\n";
    expect(computeSetChecksum([file("a.json", "hello\n"), file("b.json", "")])).toBe(computeChecksum(bytes(list)));
  });

  test("differs with the names and the content of the files", () => {
    const sets = [
      [file("a", "1"), file("b", "2")],
      [file("a", "2"), file("b", "1")],
      [file("a", "1"), file("c", "2")],
      [file("a", "12"), file("b", "")],
      [file("a", "1"), file("b", "2"), file("c", "")],
      [file("a", "1")],
      [file("b", "2")],
    ];
    expect(new Set(sets.map(computeSetChecksum)).size).toBe(sets.length);
  });
});

describe("writeChecksum()", () => {
  test("writes the file of manager.sh, with its line end", async () => {
    await using scratch = await createScratch();
    await writeChecksum(scratch.in("new", "sums"), "config", "0123");
    await writeChecksum(scratch.in("new", "sums"), "cron", "4567");
    expect(await readChecksum(scratch.in("new", "sums"), "config")).toBe("0123");
    expect(await readChecksum(scratch.in("new", "sums"), "cron")).toBe("4567");
    expect(await readFile(scratch.in("new", "sums", "config"), "utf8")).toBe("0123\n");
  });

  test("replaces an old checksum", async () => {
    await using scratch = await createScratch();
    for (const checksum of ["0123", "none", "4567"]) {
      await writeChecksum(scratch.path, "config", checksum);
      expect(await readChecksum(scratch.path, "config")).toBe(checksum);
    }
  });

  test("writes nothing if the checksum is unchanged", async () => {
    await using scratch = await createScratch();
    await writeChecksum(scratch.path, "config", "0123");
    await utimes(scratch.in("config"), 1, 1);
    await writeChecksum(scratch.path, "config", "0123");
    expect((await stat(scratch.in("config"))).mtimeMs).toBe(1_000);
  });

  test("throws if the file cannot be written", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("config"));
    expect(await refusalOf(writeChecksum(scratch.path, "config", "0123"))).toMatchObject({ code: "file" });
  });
});

describe("readChecksum()", () => {
  test("returns undefined in a new container", async () => {
    await using scratch = await createScratch();
    expect(await readChecksum(scratch.in("nowhere"), "config")).toBeUndefined();
    expect(await readChecksum(scratch.path, "cron")).toBeUndefined();
  });

  test("returns undefined for an empty file", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("config"), "\n");
    expect(await readChecksum(scratch.path, "config")).toBeUndefined();
  });

  test("reads a file of manager.sh", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("config"), "b1946ac92492d2347c6235b4d2611184\n");
    expect(await readChecksum(scratch.path, "config")).toBe("b1946ac92492d2347c6235b4d2611184");
  });
});
