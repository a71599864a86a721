import { mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { computeChecksum, computeSetChecksum, readChecksum, writeChecksum } from "../../../lib/files/checksum.ts";
import { createScratch, refusalOf } from "../../support/fakes.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const file = (name: string, text: string) => ({ name, bytes: bytes(text) });

describe("computeChecksum()", () => {
  test("is what md5sum prints", () => {
    expect(computeChecksum(bytes(""))).toBe("d41d8cd98f00b204e9800998ecf8427e");
    expect(computeChecksum(bytes("hello\n"))).toBe("b1946ac92492d2347c6235b4d2611184");
    expect(computeChecksum(new Uint8Array([0, 255, 10]))).toBe("daabad9de4c13765beb6e0a4ea14f25f");
  });

  test("is none where there is no file, as in manager.sh", () => {
    expect(computeChecksum(undefined)).toBe("none");
  });
});

describe("computeSetChecksum()", () => {
  test("is the file's own where there is one, as manager.sh had it", () => {
    expect(computeSetChecksum([file("cron-jobs.json", "hello\n")])).toBe("b1946ac92492d2347c6235b4d2611184");
  });

  test("is none for an empty set", () => {
    expect(computeSetChecksum([])).toBe("none");
  });

  test("is that of the list that md5sum prints where there are several", () => {
    const list = "b1946ac92492d2347c6235b4d2611184  a.json\nd41d8cd98f00b204e9800998ecf8427e  b.json\n";
    expect(computeSetChecksum([file("a.json", "hello\n"), file("b.json", "")])).toBe(computeChecksum(bytes(list)));
  });

  test("differs with content, names, and what belongs to which", () => {
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
  test("is read back, in the file that manager.sh had, with its line end", async () => {
    await using scratch = await createScratch();
    await writeChecksum(scratch.in("new", "sums"), "config", "0123");
    await writeChecksum(scratch.in("new", "sums"), "cron", "4567");
    expect(await readChecksum(scratch.in("new", "sums"), "config")).toBe("0123");
    expect(await readChecksum(scratch.in("new", "sums"), "cron")).toBe("4567");
    expect(await readFile(scratch.in("new", "sums", "config"), "utf8")).toBe("0123\n");
  });

  test("replaces what was there", async () => {
    await using scratch = await createScratch();
    for (const checksum of ["0123", "none", "4567"]) {
      await writeChecksum(scratch.path, "config", checksum);
      expect(await readChecksum(scratch.path, "config")).toBe(checksum);
    }
  });

  test("writes nothing where it is there already", async () => {
    await using scratch = await createScratch();
    await writeChecksum(scratch.path, "config", "0123");
    await utimes(scratch.in("config"), 1, 1);
    await writeChecksum(scratch.path, "config", "0123");
    expect((await stat(scratch.in("config"))).mtimeMs).toBe(1_000);
  });

  test("says where it cannot", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("config"));
    expect(await refusalOf(writeChecksum(scratch.path, "config", "0123"))).toMatchObject({ code: "file" });
  });
});

describe("readChecksum()", () => {
  test("finds none in a new container", async () => {
    await using scratch = await createScratch();
    expect(await readChecksum(scratch.in("nowhere"), "config")).toBeUndefined();
    expect(await readChecksum(scratch.path, "cron")).toBeUndefined();
  });

  test("finds none in an empty file: the last write was cut off", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("config"), "\n");
    expect(await readChecksum(scratch.path, "config")).toBeUndefined();
  });

  test("reads what manager.sh wrote", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("config"), "b1946ac92492d2347c6235b4d2611184\n");
    expect(await readChecksum(scratch.path, "config")).toBe("b1946ac92492d2347c6235b4d2611184");
  });
});
