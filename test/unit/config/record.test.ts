import { chmod, mkdir, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import {
  type RecordName,
  forgetRejection,
  keepGood,
  keepRejection,
  pathOfRecord,
  readRecord,
  readRejection,
  removeRecord,
  writeRecord,
} from "../../../lib/config/record.ts";
import { asOrdinaryUser, createScratch, generationOf, refusalOf, textsOf } from "../../support/fakes.ts";

const REJECTION = {
  checksum: "8a80554c91d9fca8acb82f023de02f11",
  release: "2026.9.6",
  startedMs: 1_795_000_000_000,
  problems: ['agents: Unrecognized key: "x"', "gateway.port: zu groß 🦞\nsecond line"],
};

const NAMES: RecordName[] = ["good", "good-base", "applied", "accepted"];

/** A config in three files, one of them included by another one. */
const ROOT = '// 設定\r\n{gateway: {mode: "local"}, agents: {$include: "./agents.json5"}}\n\n';
const INCLUDES = {
  "agents.json5": '{defaults: {$include: "./sub/models.json5"}, list: [{id: "main"}]} // 🦞\n',
  "sub/models.json5": '{model: {primary: "litellm/claude"}, apiKey: "${LITELLM_KEY}"}',
};

/** The path of the live file. The file itself does not exist. */
async function createPlace() {
  const scratch = await createScratch();
  const pvcConfig = scratch.in("openclaw.json");
  const places = { directory: scratch.path, roots: [] };
  return {
    scratch,
    pvcConfig,
    places,
    read: (name: RecordName = "good") => readRecord(pvcConfig, name, places),
    texts: async (name: RecordName = "good") => textsOf(await readRecord(pvcConfig, name, places)),
    write: (text: string, includes = {}, name: RecordName = "good") =>
      writeRecord(pvcConfig, name, generationOf(text, includes)),
    files: async () => (await readdir(scratch.path)).toSorted(),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

describe("readRecord()", () => {
  test("finds nothing on a new volume", async () => {
    await using at = await createPlace();
    for (const name of NAMES) {
      expect(await at.read(name)).toBeUndefined();
      expect(await readRecord(at.scratch.in("nowhere", "openclaw.json"), name, at.places)).toBeUndefined();
    }
    expect(await readRejection(at.pvcConfig)).toBeUndefined();
  });

  test("returns what was kept, unchanged", async () => {
    await using at = await createPlace();
    const text = '\uFEFF// 設定\r\n{a: "\0",}\n\n';
    await at.write(text);
    await keepRejection(at.pvcConfig, REJECTION);
    expect(await at.texts()).toEqual({ "openclaw.json": text });
    expect((await at.read())?.md5).toBe(generationOf(text).md5);
    expect(await readRejection(at.pvcConfig)).toEqual(REJECTION);
  });

  test("returns a config of several files, unchanged", async () => {
    await using at = await createPlace();
    await at.write(ROOT, INCLUDES);
    expect(await at.texts()).toEqual({ "openclaw.json": ROOT, ...INCLUDES });
    const found = await at.read();
    expect(found?.md5).toBe(generationOf(ROOT, INCLUDES).md5);
    expect(found?.problems).toEqual([]);
  });

  test("keeps the records of each name and of two live files apart", async () => {
    await using at = await createPlace();
    for (const name of NAMES) await at.write(`{name: "${name}"}`, {}, name);
    for (const name of NAMES) expect(await at.texts(name)).toEqual({ "openclaw.json": `{name: "${name}"}` });
    await keepRejection(at.pvcConfig, REJECTION);
    const other = at.scratch.in("other.json");
    expect(await readRecord(other, "good", at.places)).toBeUndefined();
    expect(await readRejection(other)).toBeUndefined();
  });

  test("accepts an empty last good file: OpenClaw starts with one", async () => {
    await using at = await createPlace();
    await writeFile(pathOfRecord(at.pvcConfig, "good"), "");
    expect(await at.texts()).toEqual({ "openclaw.json": "" });
  });

  test("is absent if files cannot be read or directories are in the way", async () => {
    await using at = await createPlace();
    await chmod(at.scratch.path, 0o755);
    await writeFile(pathOfRecord(at.pvcConfig, "good"), "{}", { mode: 0 });
    await mkdir(pathOfRecord(at.pvcConfig, "rejected"));
    await mkdir(pathOfRecord(at.pvcConfig, "applied"));
    const found = await asOrdinaryUser(() => Promise.all([at.read("good"), at.read("applied")]));
    expect(found).toEqual([undefined, undefined]);
    expect(await asOrdinaryUser(() => readRejection(at.pvcConfig))).toBeUndefined();
  });

  test("reads nothing through a symbolic link: the agent can write there", async () => {
    await using at = await createPlace();
    await writeFile(at.scratch.in("elsewhere"), "{a: 1}");
    await symlink(at.scratch.in("elsewhere"), pathOfRecord(at.pvcConfig, "good"));
    await writeFile(at.scratch.in("rejection"), JSON.stringify(REJECTION));
    await symlink(at.scratch.in("rejection"), pathOfRecord(at.pvcConfig, "rejected"));
    expect(await at.read()).toBeUndefined();
    expect(await readRejection(at.pvcConfig)).toBeUndefined();
  });
});

describe("readRecord() of a config with includes that is torn", () => {
  const includesPath = (pvcConfig: string) => `${pathOfRecord(pvcConfig, "good")}-includes`;

  test("is absent if the included files are not there", async () => {
    await using at = await createPlace();
    await writeFile(pathOfRecord(at.pvcConfig, "good"), ROOT);
    expect(await at.read()).toBeUndefined();
  });

  test("is absent if the included files belong to another root", async () => {
    await using at = await createPlace();
    await at.write(ROOT, INCLUDES);
    await writeFile(pathOfRecord(at.pvcConfig, "good"), `${ROOT} `);
    expect(await at.read()).toBeUndefined();
  });

  test.each([
    ["nothing", ""],
    ["half of it", '{"root":"0123","files":{"a'],
    ["NUL bytes", "\0".repeat(64)],
    ["no files", JSON.stringify({ root: generationOf(ROOT).root.md5 })],
    ["a file that is no text", JSON.stringify({ root: generationOf(ROOT).root.md5, files: { "agents.json5": 5 } })],
    ["a list", "[]"],
  ])("is absent if their file holds %s", async (_, text) => {
    await using at = await createPlace();
    await at.write(ROOT, INCLUDES);
    await writeFile(includesPath(at.pvcConfig), text);
    expect(await at.read()).toBeUndefined();
  });

  test("does not believe names that lead elsewhere, or that the root does not include: the agent can write there", async () => {
    await using at = await createPlace();
    await at.write(ROOT, { ...INCLUDES, "../sums/config": "0123", "/etc/passwd": "x", "more.json5": "{}" });
    const names = Object.keys((await at.texts()) ?? {}).toSorted();
    expect(names).toEqual(["agents.json5", "openclaw.json", "sub/models.json5"]);
  });

  test("is there without the included files if the root has $include in a comment or a text only", async () => {
    await using at = await createPlace();
    const text = '{gateway: {mode: "local"}, note: "no $include"} // $include';
    await at.write(text);
    expect(await at.texts()).toEqual({ "openclaw.json": text });
  });

  test("ignores included files that were left by an earlier root without includes", async () => {
    await using at = await createPlace();
    await at.write(ROOT, INCLUDES);
    await writeFile(pathOfRecord(at.pvcConfig, "good"), "{a: 1}");
    expect(await at.texts()).toEqual({ "openclaw.json": "{a: 1}" });
  });
});

describe("writeRecord()", () => {
  test("writes beside the live file with mode 0600, since the content is the same", async () => {
    await using at = await createPlace();
    await at.write(ROOT, INCLUDES);
    const names = ["openclaw.json.config-manager-good", "openclaw.json.config-manager-good-includes"];
    expect(await at.files()).toEqual(names);
    for (const name of names) expect((await stat(at.scratch.in(name))).mode & 0o7777).toBe(0o600);
  });

  test("replaces a different file", async () => {
    await using at = await createPlace();
    for (const text of ["{a: 1}", "{a: 2}", "", "{a: 1}"]) {
      await at.write(text);
      expect(await readFile(pathOfRecord(at.pvcConfig, "good"), "utf8")).toBe(text);
    }
  });

  test("replaces files that are included by others, and removes those of a config that has none", async () => {
    await using at = await createPlace();
    await at.write(ROOT, INCLUDES);
    const others = { ...INCLUDES, "agents.json5": '{list: [], $include: "./sub/models.json5"}' };
    await at.write(ROOT, others);
    expect(await at.texts()).toEqual({ "openclaw.json": ROOT, ...others });
    await at.write("{a: 1}");
    expect(await at.files()).toEqual(["openclaw.json.config-manager-good"]);
  });

  test("reports a file that cannot be written", async () => {
    await using at = await createPlace();
    await mkdir(pathOfRecord(at.pvcConfig, "good"));
    expect(await refusalOf(at.write("{}"))).toMatchObject({ code: "file" });
  });
});

describe("keepGood()", () => {
  const live = generationOf('{"a":1,"plugins":{}}');
  const git = generationOf("{a: 1}");

  test("keeps the files that a gateway runs with, and what Git said then if that is something else", async () => {
    await using at = await createPlace();
    await keepGood(at.pvcConfig, at.places, live, git);
    expect(await at.texts("good")).toEqual(textsOf(live) as never);
    expect(await at.texts("good-base")).toEqual(textsOf(git) as never);
  });

  test("keeps no earlier base beside files that are Git's own, or of unknown origin", async () => {
    for (const [file, desired] of [
      [git, git],
      [generationOf("{b: 1}"), undefined],
    ] as const) {
      await using at = await createPlace();
      await keepGood(at.pvcConfig, at.places, live, git);
      await keepGood(at.pvcConfig, at.places, file, desired);
      expect(await at.texts("good")).toEqual(textsOf(file) as never);
      expect(await at.read("good-base")).toBeUndefined();
    }
  });

  test("does not write equal files again", async () => {
    await using at = await createPlace();
    await keepGood(at.pvcConfig, at.places, live, git);
    const { ino } = await stat(pathOfRecord(at.pvcConfig, "good"));
    await keepGood(at.pvcConfig, at.places, generationOf('{"a":1,"plugins":{}}'), git);
    expect((await stat(pathOfRecord(at.pvcConfig, "good"))).ino).toBe(ino);
  });
});

describe("removeRecord()", () => {
  test("removes all files of one record, and no other", async () => {
    await using at = await createPlace();
    for (const name of NAMES) await at.write(ROOT, INCLUDES, name);
    await removeRecord(at.pvcConfig, "accepted");
    expect(await at.read("accepted")).toBeUndefined();
    expect(await at.files()).toEqual([
      "openclaw.json.config-manager-applied",
      "openclaw.json.config-manager-applied-includes",
      "openclaw.json.config-manager-good",
      "openclaw.json.config-manager-good-base",
      "openclaw.json.config-manager-good-base-includes",
      "openclaw.json.config-manager-good-includes",
    ]);
    await removeRecord(at.pvcConfig, "accepted");
  });
});

describe("readRejection()", () => {
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
    ["a text for the start", JSON.stringify({ ...REJECTION, startedMs: "2026-11-22" })],
    ["no problems", JSON.stringify({ ...REJECTION, problems: undefined })],
    ["a text for the problems", JSON.stringify({ ...REJECTION, problems: "one" })],
    ["a problem that is no text", JSON.stringify({ ...REJECTION, problems: ["one", {}] })],
  ])("ignores a rejection file that holds %s", async (_, text) => {
    await using at = await createPlace();
    await at.write("{}");
    await writeFile(pathOfRecord(at.pvcConfig, "rejected"), text);
    expect(await readRejection(at.pvcConfig)).toBeUndefined();
    expect(await at.texts()).toEqual({ "openclaw.json": "{}" });
  });

  test("ignores fields that a later release may add", async () => {
    await using at = await createPlace();
    await writeFile(pathOfRecord(at.pvcConfig, "rejected"), JSON.stringify({ ...REJECTION, at: "2026-11-22" }));
    expect(await readRejection(at.pvcConfig)).toEqual(REJECTION);
  });

  test("reads one of an earlier release, and of a gateway that does not tell when it started", async () => {
    await using at = await createPlace();
    const { startedMs: _, ...rejection } = REJECTION;
    await keepRejection(at.pvcConfig, { ...rejection, startedMs: undefined });
    expect(await readRejection(at.pvcConfig)).toEqual(rejection);
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
    await writeFile(pathOfRecord(at.pvcConfig, "rejected"), "garbage");
    for (const release of ["2026.9.6", "dev"]) {
      await keepRejection(at.pvcConfig, { ...REJECTION, release });
      expect((await readRejection(at.pvcConfig))?.release).toBe(release);
    }
  });

  test("reports a file that cannot be written", async () => {
    await using at = await createPlace();
    await mkdir(pathOfRecord(at.pvcConfig, "rejected"));
    expect(await refusalOf(keepRejection(at.pvcConfig, REJECTION))).toMatchObject({ code: "file" });
  });
});

describe("forgetRejection()", () => {
  test("removes the rejection, and nothing else", async () => {
    await using at = await createPlace();
    await at.write("{}");
    await keepRejection(at.pvcConfig, REJECTION);
    await forgetRejection(at.pvcConfig);
    expect(await at.files()).toEqual(["openclaw.json.config-manager-good"]);
  });

  test("does nothing if there is none", async () => {
    await using at = await createPlace();
    await forgetRejection(at.pvcConfig);
    await forgetRejection(at.scratch.in("nowhere", "openclaw.json"));
  });
});
