import { chmod, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import {
  forgetRejection,
  keepLastGood,
  keepRejection,
  pathOfLastGood,
  pathOfRejection,
  readConfigRecord,
} from "../../../lib/config/record.ts";
import { ConfigFile } from "../../../lib/config/config-file.ts";
import { asOrdinaryUser, createScratch, fileOf, refusalOf } from "../../support/fakes.ts";

const REJECTION = {
  checksum: "8a80554c91d9fca8acb82f023de02f11",
  release: "2026.9.6",
  problems: ['agents: Unrecognized key: "x"', "gateway.port: zu groß 🦞\nsecond line"],
};

/** The path of the live file. The file itself does not exist. */
async function createPlace() {
  const scratch = await createScratch();
  return {
    scratch,
    pvcConfig: scratch.in("openclaw.json"),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

describe("readConfigRecord()", () => {
  test("is empty on a new volume", async () => {
    await using at = await createPlace();
    expect(await readConfigRecord(at.pvcConfig)).toEqual({ lastGood: undefined, rejection: undefined });
    expect(await readConfigRecord(at.scratch.in("nowhere", "openclaw.json"))).toEqual({
      lastGood: undefined,
      rejection: undefined,
    });
  });

  test("returns what was kept, unchanged", async () => {
    await using at = await createPlace();
    const lastGood = fileOf('\uFEFF// 設定\r\n{a: "\0",}\n\n');
    await keepLastGood(at.pvcConfig, lastGood);
    await keepRejection(at.pvcConfig, REJECTION);
    expect(await readConfigRecord(at.pvcConfig)).toEqual({ lastGood, rejection: REJECTION });
  });

  test("keeps the records of two live files apart", async () => {
    await using at = await createPlace();
    await keepLastGood(at.pvcConfig, fileOf("{}"));
    await keepRejection(at.pvcConfig, REJECTION);
    expect(await readConfigRecord(at.scratch.in("other.json"))).toEqual({ lastGood: undefined, rejection: undefined });
  });

  test("accepts an empty last good file: OpenClaw starts with one", async () => {
    await using at = await createPlace();
    await writeFile(pathOfLastGood(at.pvcConfig), "");
    expect((await readConfigRecord(at.pvcConfig)).lastGood).toEqual(fileOf(""));
  });

  test.each([
    ["nothing", ""],
    ["half of it", JSON.stringify(REJECTION).slice(0, 40)],
    ["NUL bytes", "\0".repeat(64)],
    ["null", "null"],
    ["a list", "[]"],
    ["a text", '"refused"'],
    ["no checksum", JSON.stringify({ ...REJECTION, checksum: undefined })],
    ["a number for the checksum", JSON.stringify({ ...REJECTION, checksum: 5 })],
    ["no release", JSON.stringify({ ...REJECTION, release: null })],
    ["no problems", JSON.stringify({ ...REJECTION, problems: undefined })],
    ["a text for the problems", JSON.stringify({ ...REJECTION, problems: "one" })],
    ["a problem that is no text", JSON.stringify({ ...REJECTION, problems: ["one", {}] })],
  ])("ignores a rejection file that holds %s", async (_, text) => {
    await using at = await createPlace();
    await keepLastGood(at.pvcConfig, fileOf("{}"));
    await writeFile(pathOfRejection(at.pvcConfig), text);
    expect(await readConfigRecord(at.pvcConfig)).toEqual({ lastGood: fileOf("{}"), rejection: undefined });
  });

  test("ignores fields that a later release may add", async () => {
    await using at = await createPlace();
    await writeFile(pathOfRejection(at.pvcConfig), JSON.stringify({ ...REJECTION, at: "2026-11-22" }));
    expect((await readConfigRecord(at.pvcConfig)).rejection).toEqual(REJECTION);
  });

  test("is empty if files cannot be read or directories are in the way", async () => {
    await using at = await createPlace();
    await chmod(at.scratch.path, 0o755);
    await writeFile(pathOfLastGood(at.pvcConfig), "{}", { mode: 0 });
    await mkdir(pathOfRejection(at.pvcConfig));
    expect(await asOrdinaryUser(() => readConfigRecord(at.pvcConfig))).toEqual({
      lastGood: undefined,
      rejection: undefined,
    });
  });
});

describe("keepLastGood()", () => {
  test("writes beside the live file with mode 0600, since the content is the same", async () => {
    await using at = await createPlace();
    await keepLastGood(at.pvcConfig, fileOf("{}"));
    expect(await readdir(at.scratch.path)).toEqual(["openclaw.json.config-manager-good"]);
    expect((await stat(at.scratch.in("openclaw.json.config-manager-good"))).mode & 0o7777).toBe(0o600);
  });

  test("replaces a different file", async () => {
    await using at = await createPlace();
    for (const text of ["{a: 1}", "{a: 2}", "", "{a: 1}"]) {
      await keepLastGood(at.pvcConfig, fileOf(text));
      expect(await readFile(pathOfLastGood(at.pvcConfig), "utf8")).toBe(text);
    }
  });

  test("does not write equal bytes again", async () => {
    await using at = await createPlace();
    await keepLastGood(at.pvcConfig, fileOf("{}"));
    const { ino } = await stat(pathOfLastGood(at.pvcConfig));
    await keepLastGood(at.pvcConfig, new ConfigFile(new Uint8Array(Buffer.from("{}"))));
    expect((await stat(pathOfLastGood(at.pvcConfig))).ino).toBe(ino);
    await keepLastGood(at.pvcConfig, fileOf("{a: 1}"));
    expect((await stat(pathOfLastGood(at.pvcConfig))).ino).not.toBe(ino);
  });

  test("reports a file that cannot be written", async () => {
    await using at = await createPlace();
    await mkdir(pathOfLastGood(at.pvcConfig));
    expect(await refusalOf(keepLastGood(at.pvcConfig, fileOf("{}")))).toMatchObject({ code: "file" });
  });
});

describe("keepRejection()", () => {
  test("writes one line of JSON beside the live file, with mode 0600", async () => {
    await using at = await createPlace();
    await keepRejection(at.pvcConfig, REJECTION);
    const path = at.scratch.in("openclaw.json.config-manager-rejected");
    expect(await readFile(path, "utf8")).toBe(`${JSON.stringify(REJECTION)}\n`);
    expect((await stat(path)).mode & 0o7777).toBe(0o600);
  });

  test("replaces the previous record, even a broken one", async () => {
    await using at = await createPlace();
    await writeFile(pathOfRejection(at.pvcConfig), "garbage");
    for (const release of ["2026.9.6", "dev"]) {
      await keepRejection(at.pvcConfig, { ...REJECTION, release });
      expect((await readConfigRecord(at.pvcConfig)).rejection?.release).toBe(release);
    }
  });

  test("reports a file that cannot be written", async () => {
    await using at = await createPlace();
    await mkdir(pathOfRejection(at.pvcConfig));
    expect(await refusalOf(keepRejection(at.pvcConfig, REJECTION))).toMatchObject({ code: "file" });
  });
});

describe("forgetRejection()", () => {
  test("removes the rejection, and nothing else", async () => {
    await using at = await createPlace();
    await keepLastGood(at.pvcConfig, fileOf("{}"));
    await keepRejection(at.pvcConfig, REJECTION);
    await forgetRejection(at.pvcConfig);
    expect(await readdir(at.scratch.path)).toEqual(["openclaw.json.config-manager-good"]);
  });

  test("does nothing if there is none", async () => {
    await using at = await createPlace();
    await forgetRejection(at.pvcConfig);
    await forgetRejection(at.scratch.in("nowhere", "openclaw.json"));
  });
});
