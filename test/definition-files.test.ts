import { chmod, mkdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { computeSetChecksum } from "../lib/checksum.ts";
import {
  describeSource,
  describeProblem,
  isDefinitionFile,
  parseDefinitionFiles,
  readDefinitions,
  type DefinitionProblem,
} from "../lib/definition-files.ts";
import type { VolumeFile } from "../lib/volume.ts";
import { asOrdinaryUser, createScratch, define, ODD_NAMES, refusalOf } from "./support/doubles.ts";
import { createVolume } from "./support/volume.ts";

function file(content: string | Uint8Array | object, name = "cron-jobs.json"): VolumeFile {
  const isRaw = typeof content === "string" || content instanceof Uint8Array;
  return { name, bytes: Buffer.from(isRaw ? content : JSON.stringify(content)) };
}

/** `file: job: field: problem`. */
function wordProblem(problem: DefinitionProblem): string {
  return describeProblem(problem).replace("WARNING: Cron config rejected: ", "");
}

function problemsOf(...files: VolumeFile[]): string[] {
  const set = parseDefinitionFiles(files);
  return set.kind === "valid" ? [] : set.problems.map(wordProblem);
}

function namesIn(...files: VolumeFile[]): string[] {
  const set = parseDefinitionFiles(files);
  if (set.kind === "invalid") throw new Error(set.problems.map(wordProblem).join("\n"));
  return set.definitions.map(({ name }) => name);
}

describe("isDefinitionFile()", () => {
  test.each(["cron-jobs.json", "a.json5", "a.yaml", "a.yml", "a b.json", "é.yaml"])("takes %s", (name) => {
    expect(isDefinitionFile(name)).toBeTrue();
  });

  test.each(["a.txt", "a.json.bak", "json", "a.JSON", "a.json~", "a.jsonc", "a.tmp", ".a.json.swp"])(
    "leaves %s alone",
    (name) => {
      expect(isDefinitionFile(name)).toBeFalse();
    },
  );
});

describe("parseDefinitionFiles()", () => {
  test("takes a list of jobs, or one job", () => {
    expect(namesIn(file([define({ name: "a" }), define({ name: "b" })]))).toEqual(["a", "b"]);
    expect(namesIn(file(define({ name: "a" })))).toEqual(["a"]);
  });

  test("reads JSON5 in .json and .json5", () => {
    const text = "// jobs\n[{name: 'a', schedule: '* * * * *', command: 'true',},]";
    expect(namesIn(file(text, "a.json"))).toEqual(["a"]);
    expect(namesIn(file(text, "a.json5"))).toEqual(["a"]);
  });

  test("reads YAML in .yaml and .yml", () => {
    const text = "# jobs\n- name: a\n  schedule: '* * * * *'\n  command: |\n    true\n    false\n";
    expect(namesIn(file(text, "a.yaml"))).toEqual(["a"]);
    expect(namesIn(file(text, "a.yml"))).toEqual(["a"]);
  });

  test("keeps a moment in YAML as it is written", () => {
    const set = parseDefinitionFiles([
      file("name: a\nschedule: {kind: at, at: 2027-01-31T09:00:00Z}\ncommand: x\n", "a.yaml"),
    ]);
    expect(set).toMatchObject({ definitions: [{ schedule: { kind: "at", at: "2027-01-31T09:00:00Z" } }] });
  });

  test("takes a byte order mark and Windows line ends", () => {
    expect(namesIn(file(`\uFEFF[\r\n${JSON.stringify(define())}\r\n]\r\n`))).toEqual(["backup"]);
    expect(namesIn(file("\uFEFF- name: a\r\n  schedule: '* * * * *'\r\n  command: x\r\n", "a.yml"))).toEqual(["a"]);
  });

  test.each(Object.entries(ODD_NAMES))("takes a name with %s", (_, name) => {
    expect(namesIn(file([define({ name })]))).toEqual([name]);
  });

  test("takes [] for a wish to have no jobs", () => {
    expect(parseDefinitionFiles([file("[]")])).toMatchObject({ kind: "valid", definitions: [] });
    expect(parseDefinitionFiles([file("--- []\n", "a.yaml")])).toMatchObject({ kind: "valid", definitions: [] });
  });

  test.each([
    ["nothing", "a.json", ""],
    ["blanks", "a.json", " \n\t"],
    ["a byte order mark", "a.json", "\uFEFF"],
    ["nothing", "a.yaml", ""],
  ])("takes a file of %s for no such wish (%s)", (_, name, text) => {
    expect(problemsOf(file(text, name))).toEqual([`${name}: is empty; write [] to declare no jobs`]);
  });

  test.each([
    ["null", "a.json", "null"],
    ["comments alone", "a.yaml", "# no jobs today\n"],
    ["a list of nothing", "a.yaml", "-\n"],
  ])("nor one of %s (%s)", (_, name, text) => {
    expect(problemsOf(file(text, name))).toEqual([`${name}: #1: expected an object but received null`]);
  });

  test("gives the definitions in the order of the files, then as they are written", () => {
    const [z, a] = [define({ name: "z" }), define({ name: "a" })];
    expect(namesIn(file([z, a], "1.json"), file([define({ name: "m" })], "2.yaml"))).toEqual(["z", "a", "m"]);
  });

  test("refuses a name that two jobs have, in one file or in two", () => {
    expect(problemsOf(file([define(), define()]))).toEqual([
      "cron-jobs.json: backup: name: is defined twice, first in cron-jobs.json",
    ]);
    expect(problemsOf(file([define()], "a.json"), file([define({ name: " backup " })], "b.yaml"))).toEqual([
      "b.yaml: backup: name: is defined twice, first in a.json",
    ]);
  });

  test("keeps names apart that differ in case or in Unicode normal form", () => {
    const names = ["Backup", "backup", "caf\u00e9", "cafe\u0301"];
    expect(namesIn(file(names.map((name) => define({ name }))))).toEqual(names);
  });

  test("reports the problems of all files at once, and gives no definition of any", () => {
    const set = parseDefinitionFiles([
      file([define({ name: "good" })], "a.json"),
      file([{ ...define(), name: "b1", retry: -1 }, 5], "b.json"),
      file("[", "c.json"),
      file([{ ...define(), name: "d1", comand: "x" }], "d.yaml"),
    ]);
    expect(set).not.toHaveProperty("definitions");
    expect(set.kind === "invalid" && set.problems.map(wordProblem)).toEqual([
      "b.json: b1: retry: expected at least 0 but received -1",
      "b.json: #2: expected an object but received a number",
      "c.json: invalid end of input at 1:2",
      "d.yaml: d1: comand: unknown field, did you mean command?",
    ]);
  });

  test("refuses what is no UTF-8 text", () => {
    const latin1 = Buffer.from(`[{"name": "caf\u00e9"}]`, "latin1");
    expect(problemsOf(file(latin1, "a.json"), file(latin1, "a.yaml"))).toEqual([
      "a.json: is not UTF-8 text",
      "a.yaml: is not UTF-8 text",
    ]);
  });

  test("refuses a file that was cut off, wherever", () => {
    const whole = Buffer.from(JSON.stringify([define({ name: "🦞", env: { A: "1" } }), define()], undefined, 1));
    for (let length = 0; length < whole.length; length++) {
      expect(parseDefinitionFiles([file(whole.subarray(0, length))])).toMatchObject({ kind: "invalid" });
    }
  });

  test.each([
    ["two documents", "--- []\n--- []\n", "holds several documents; write one list of jobs"],
    ["a key twice", "name: a\nname: b\n", "Map keys must be unique at line 2, column 1"],
    ["tabs", "-\n\tname: a\n", /Tabs are not allowed as indentation/],
    ["aliases of aliases of aliases", bomb(), /Excessive alias count/],
    ["a name that nothing bears", "name: *other\n", /Unresolved alias/],
    ["no end to its lists", "[".repeat(20_000) + "]".repeat(20_000), /call stack/],
  ])("refuses YAML with %s", (_, text, problem) => {
    expect(problemsOf(file(text, "a.yaml"))).toEqual([
      typeof problem === "string" ? `a.yaml: ${problem}` : expect.stringMatching(problem),
    ]);
  });

  test.each([
    ["JSON with a comma missing", "a.json", '{token: "s3cret" "s3cret"}'],
    ["JSON with no end", "a.json", '{token: "s3cret'],
    ["text that is no JSON", "a.json", "s3cret"],
    ["YAML with a colon too many", "a.yaml", "token: s3cret: s3cret"],
    ["YAML with no end", "a.yaml", "token: 's3cret"],
    ["YAML of two minds", "a.yaml", "- s3cret\ntoken: s3cret"],
  ])("does not quote a file that it cannot parse: %s", (_, name, text) => {
    const problems = problemsOf(file(text, name));
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain("s3cret");
  });

  test("carries the checksum of the files, right or wrong", () => {
    const files = [file([define()], "a.json"), file("[", "b.json")];
    expect(parseDefinitionFiles(files).checksum).toBe(computeSetChecksum(files));
    expect(parseDefinitionFiles(files.slice(0, 1)).checksum).toBe(computeSetChecksum(files.slice(0, 1)));
  });
});

/** Some lines of YAML that stand for millions. */
function bomb(): string {
  const levels = Array.from({ length: 8 }, (_, level) => {
    const items = level === 0 ? "x" : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array.from({ length: 9 }, () => items).join(", ")}]`;
  });
  return levels.join("\n");
}

describe("describeProblem()", () => {
  test("says file, job, field and problem, and leaves out what does not apply", () => {
    const problem = { file: "a.json", job: "backup", field: "retry", problem: "is wrong" };
    expect(describeProblem(problem)).toBe("WARNING: Cron config rejected: a.json: backup: retry: is wrong");
    expect(describeProblem({ ...problem, field: "" })).toBe("WARNING: Cron config rejected: a.json: backup: is wrong");
    expect(describeProblem({ ...problem, job: "", field: "" })).toBe("WARNING: Cron config rejected: a.json: is wrong");
  });
});

describe("describeSource()", () => {
  test("names the file where there is one, as manager.sh did, else the directory", () => {
    const [one, other] = [file("[]", "jobs.yaml"), file("[]", "more.json")];
    expect(describeSource("/cron.d", parseDefinitionFiles([one]))).toBe("/cron.d/jobs.yaml");
    expect(describeSource("/cron.d", parseDefinitionFiles([one, other]))).toBe("/cron.d");
    expect(describeSource("/cron.d", { kind: "missing" })).toBe("/cron.d/cron-jobs.json");
  });
});

describe("readDefinitions()", () => {
  test("reads a ConfigMap volume", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("cron.d"));
    await volume.publish({ "b.json": JSON.stringify([define()]), "a.yml": "[]", "readme.txt": "no definition" });
    expect(await readDefinitions(volume.path)).toMatchObject({
      kind: "valid",
      definitions: [{ name: "backup" }],
      files: [{ name: "a.yml" }, { name: "b.json" }],
    });
  });

  test("reads one file that stands alone", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("cron-jobs.json"), JSON.stringify(define()));
    expect(await readDefinitions(scratch.path)).toMatchObject({ kind: "valid", definitions: [{ name: "backup" }] });
  });

  test("takes a directory that is not there for missing, not for empty", async () => {
    await using scratch = await createScratch();
    expect(await readDefinitions(scratch.in("nowhere"))).toEqual({ kind: "missing" });
  });

  test("takes a directory without a definition file for missing, not for empty", async () => {
    await using scratch = await createScratch();
    expect(await readDefinitions(scratch.path)).toEqual({ kind: "missing" });
    await writeFile(scratch.in("notes.txt"), "[]");
    expect(await readDefinitions(scratch.path)).toEqual({ kind: "missing" });
  });

  test("refuses a file where the directory should be", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("cron.d"), "[]");
    expect(await refusalOf(readDefinitions(scratch.in("cron.d")))).toMatchObject({ code: "file" });
  });

  test("refuses to go on without a file that it cannot read", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("a.json"), "[]");
    await mkdir(scratch.in("b.json"));
    expect(await refusalOf(readDefinitions(scratch.path))).toMatchObject({
      code: "file",
      message: `cannot read ${scratch.path}: EISDIR`,
    });
  });

  test("refuses to go on without a file that it may not read", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o755);
    await writeFile(scratch.in("a.json"), "[]");
    await writeFile(scratch.in("b.json"), "[]", { mode: 0 });
    const refusal = await asOrdinaryUser(() => refusalOf(readDefinitions(scratch.path)));
    expect(refusal).toMatchObject({ code: "file", message: `cannot read ${scratch.path}: EACCES` });
  });
});

describe("parseDefinitionFiles() of names", () => {
  test("sees that a name is taken, even by a job that is wrong itself", () => {
    expect(problemsOf(file([{ ...define(), retry: -1 }, define()]))).toEqual([
      "cron-jobs.json: backup: retry: expected at least 0 but received -1",
      "cron-jobs.json: backup: name: is defined twice, first in cron-jobs.json",
    ]);
  });

  test("takes two jobs without a name for two jobs", () => {
    expect(problemsOf(file([{}], "a.json"), file([{}], "b.json")).join()).not.toContain("is defined twice");
  });
});

describe("isDefinitionFile()", () => {
  test("leaves hidden files alone, as *.json does", () => {
    expect(isDefinitionFile(".cron-jobs.json")).toBeFalse();
    expect(isDefinitionFile("cron-jobs.json")).toBeTrue();
  });
});
