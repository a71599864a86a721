import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { computeSetChecksum } from "../../../lib/files/checksum.ts";
import {
  describeProblem,
  isDefinitionFile,
  formatProblem,
  parseDefinitionFiles,
} from "../../../lib/definition/files.ts";
import type { VolumeFile } from "../../../lib/files/volume.ts";
import { define, ODD_NAMES } from "../../support/fakes.ts";

function file(content: string | Uint8Array | object, name = "cron-jobs.json"): VolumeFile {
  const isRaw = typeof content === "string" || content instanceof Uint8Array;
  return { name, bytes: Buffer.from(isRaw ? content : JSON.stringify(content)) };
}

async function problemsOf(...files: VolumeFile[]): Promise<string[]> {
  const set = await parseDefinitionFiles(files);
  return set.kind === "valid" ? [] : set.problems.map(formatProblem);
}

async function namesIn(...files: VolumeFile[]): Promise<string[]> {
  const set = await parseDefinitionFiles(files);
  if (set.kind === "invalid") throw new Error(set.problems.map(formatProblem).join("\n"));
  return set.definitions.map(({ name }) => name);
}

describe("isDefinitionFile()", () => {
  test.each(["cron-jobs.json", "a.json5", "a.yaml", "a.yml", "a b.json", "é.yaml"])("accepts %s", (name) => {
    expect(isDefinitionFile(name)).toBeTrue();
  });

  test.each(["a.txt", "a.json.bak", "json", "a.JSON", "a.json~", "a.jsonc", "a.tmp", ".a.json.swp"])(
    "ignores %s",
    (name) => {
      expect(isDefinitionFile(name)).toBeFalse();
    },
  );
});

describe("parseDefinitionFiles()", () => {
  test("accepts a list of jobs, or one job", async () => {
    expect(await namesIn(file([define({ name: "a" }), define({ name: "b" })]))).toEqual(["a", "b"]);
    expect(await namesIn(file(define({ name: "a" })))).toEqual(["a"]);
  });

  test("names the file and the job of what may not mean what it says, and accepts it", async () => {
    const jobs = [define({ name: "a", tz: "BST" }), define({ name: "b", schedule: { kind: "at", at: "2020-01-01" } })];
    const set = await parseDefinitionFiles([file(jobs)]);
    expect(set.kind).toBe("valid");
    expect(set.warnings.map(formatProblem)).toEqual([
      "cron-jobs.json: a: tz: means Asia/Dhaka here; write that, or the zone that you mean, such as Europe/London",
      expect.stringMatching(/^cron-jobs\.json: b: schedule\.at: is read as UTC/),
    ]);
    const later = await parseDefinitionFiles([file(jobs)], Date.UTC(2026, 0));
    expect(later.warnings.map(formatProblem)).toContain(
      "cron-jobs.json: b: schedule.at: has passed (2020-01-01T00:00:00.000Z); a job that is not there yet is not added",
    );
  });

  test("lists a thousand warnings at most", async () => {
    const jobs = Array.from({ length: 1_001 }, (_, index) => define({ name: `job ${index}`, tz: "BST" }));
    const { kind, warnings } = await parseDefinitionFiles([file(jobs)]);
    expect([kind, warnings.length]).toEqual(["valid", 1_000]);
  });

  describe("of YAML with anchors and documents", () => {
    const yaml = (text: string, name = "jobs.yaml") => file(text, name);
    const DEFAULTS = "x-defaults: &defaults\n  schedule: '@daily'\n  tz: Asia/Tokyo\n  x-more: 1\n";
    const JOBS = `${DEFAULTS}jobs:\n  - {<<: *defaults, name: a, message: A}\n  - {<<: *defaults, name: b, message: B, x-note: 1}\n`;
    const ONE = "name: c\nschedule: '@daily'\nmessage: C\n";

    test("reads the list in jobs beside keys that begin with x-", async () => {
      const set = await parseDefinitionFiles([yaml(JOBS)]);
      expect(set).toMatchObject({
        kind: "valid",
        definitions: [
          { name: "a", schedule: "@daily", tz: "Asia/Tokyo", message: "A" },
          { name: "b", schedule: "@daily", tz: "Asia/Tokyo", message: "B" },
        ],
      });
      expect(JSON.stringify(set.kind === "valid" && set.definitions)).not.toContain("x-");
      expect(await namesIn(file({ "x-a": 1, jobs: [] }))).toEqual([]);
    });

    test("skips such keys of a job, and only of the job itself", async () => {
      expect(await namesIn(file([{ ...define(), "x-note": { why: "so" }, "x-": null }]))).toEqual(["backup"]);
      expect(await namesIn(file({ ...define(), "x-note": "so" }))).toEqual(["backup"]);
      expect(await problemsOf(file([{ ...define(), X: 1, xnote: 1 }]))).toHaveLength(2);
      expect(await problemsOf(file([define({ delivery: { mode: "none", "x-note": 1 } as never })]))).toEqual([
        "cron-jobs.json: backup: delivery.x-note: unknown field, the nearest known one is mode",
      ]);
    });

    test("reads each document: a list, one job, a list beside anchors, anchors alone, nothing", async () => {
      const text = ["- {name: a1, schedule: '@daily', message: A}\n", ONE, JOBS, "x-only: 1\n", "# nothing\n", ""];
      expect(await namesIn(yaml(text.join("---\n")))).toEqual(["a1", "c", "a", "b"]);
      const set = await parseDefinitionFiles([yaml(text.join("---\n"))]);
      expect(set.counts.get("jobs.yaml")).toBe(4);
      expect(await namesIn(yaml("--- []\n--- []\n"))).toEqual([]);
    });

    test("names the place of a problem in any of them", async () => {
      const text = [
        ONE,
        "- {schedule: '@daily', message: x}\n- {name: d, schedule: '@daily', message: x, message: y}\n",
        "x-a: {b: 1, b: 2}\njobs: [{name: e, schedule: '@daily', mesage: x, message: x}]\n",
        "name: f\nschedule: '@daily'\nschedule: '@weekly'\nmessage: x\n",
        "a: [\n",
        ONE,
      ];
      expect(await problemsOf(yaml(text.join("---\n")))).toEqual([
        "jobs.yaml: d: message: stands twice in one map",
        "jobs.yaml: x-a.b: stands twice in one map",
        "jobs.yaml: f: schedule: stands twice in one map",
        expect.stringMatching(/^jobs\.yaml: document 5: .* at line 1\d, column \d+$/),
        "jobs.yaml: #2: name: is required",
        "jobs.yaml: e: mesage: unknown field, did you mean message?",
        "jobs.yaml: c: name: is defined twice, first in jobs.yaml",
      ]);
    });

    test("does not take anchors alone, or nothing, for a list of no jobs", async () => {
      const ALONE = "holds only keys that begin with x-; write [] to declare no jobs";
      expect(await problemsOf(yaml(DEFAULTS))).toEqual([`jobs.yaml: ${ALONE}`]);
      expect(await problemsOf(yaml(`${DEFAULTS}---\n${DEFAULTS}`))).toEqual([`jobs.yaml: ${ALONE}`]);
      // The other file of the set is not enough: this one may have lost its jobs.
      expect(await problemsOf(file([define()]), yaml(DEFAULTS))).toEqual([`jobs.yaml: ${ALONE}`]);
      expect(await problemsOf(yaml("---\n---\n"))).toEqual(["jobs.yaml: #1: expected an object but received null"]);
      expect(await problemsOf(yaml(`${DEFAULTS}jobs:\n`))).toEqual([
        "jobs.yaml: jobs: expected a list of jobs but received null",
      ]);
      expect(await namesIn(yaml(`${DEFAULTS}---\n[]\n`))).toEqual([]);
    });

    test("does not take OpenClaw's own list for one, whatever stands beside it", async () => {
      for (const store of [{ jobs: [] }, { version: 1, jobs: [] }, { "x-a": 1, version: 1, jobs: [] }]) {
        expect(await problemsOf(file(store))).toEqual([
          "cron-jobs.json: #1: jobs: expected a list of jobs, or one job; write the list alone",
        ]);
      }
    });

    test("says of an anchor in another document that there is none", async () => {
      expect(await problemsOf(yaml(`${DEFAULTS}---\n- {<<: *defaults, name: a, message: A}\n`))).toEqual([
        "jobs.yaml: document 2: merges something that is no map, or has no anchor before it in its document",
      ]);
    });
  });

  test("reads JSON5 in .json and .json5", async () => {
    const text = "// jobs\n[{name: 'a', schedule: '* * * * *', command: 'true',},]";
    expect(await namesIn(file(text, "a.json"))).toEqual(["a"]);
    expect(await namesIn(file(text, "a.json5"))).toEqual(["a"]);
  });

  test("reads YAML in .yaml and .yml", async () => {
    const text = "# jobs\n- name: a\n  schedule: '* * * * *'\n  command: |\n    true\n    false\n";
    expect(await namesIn(file(text, "a.yaml"))).toEqual(["a"]);
    expect(await namesIn(file(text, "a.yml"))).toEqual(["a"]);
  });

  test("keeps a date in YAML as text", async () => {
    const set = await parseDefinitionFiles([
      file("name: a\nschedule: {kind: at, at: 2027-01-31T09:00:00Z}\ncommand: x\n", "a.yaml"),
    ]);
    expect(set).toMatchObject({ definitions: [{ schedule: { kind: "at", at: "2027-01-31T09:00:00Z" } }] });
  });

  test("accepts a byte order mark and Windows line ends", async () => {
    expect(await namesIn(file(`\uFEFF[\r\n${JSON.stringify(define())}\r\n]\r\n`))).toEqual(["backup"]);
    expect(await namesIn(file("\uFEFF- name: a\r\n  schedule: '* * * * *'\r\n  command: x\r\n", "a.yml"))).toEqual([
      "a",
    ]);
  });

  test.each(Object.entries(ODD_NAMES))("takes a name with %s", async (_, name) => {
    expect(await namesIn(file([define({ name })]))).toEqual([name]);
  });

  test("reads [] as the declaration of no jobs", async () => {
    expect(await parseDefinitionFiles([file("[]")])).toMatchObject({ kind: "valid", definitions: [] });
    expect(await parseDefinitionFiles([file("--- []\n", "a.yaml")])).toMatchObject({ kind: "valid", definitions: [] });
  });

  test.each([
    ["nothing", "a.json", ""],
    ["blanks", "a.json", " \n\t"],
    ["a byte order mark", "a.json", "\uFEFF"],
    ["nothing", "a.yaml", ""],
  ])("rejects a file of %s (%s)", async (_, name, text) => {
    expect(await problemsOf(file(text, name))).toEqual([`${name}: is empty; write [] to declare no jobs`]);
  });

  test.each([
    ["null", "a.json", "null"],
    ["comments alone", "a.yaml", "# no jobs today\n"],
    ["a list of nothing", "a.yaml", "-\n"],
  ])("rejects a file with %s for a job (%s)", async (_, name, text) => {
    expect(await problemsOf(file(text, name))).toEqual([`${name}: #1: expected an object but received null`]);
  });

  test("returns the definitions in the order of the files, then of the text", async () => {
    const [z, a] = [define({ name: "z" }), define({ name: "a" })];
    expect(await namesIn(file([z, a], "1.json"), file([define({ name: "m" })], "2.yaml"))).toEqual(["z", "a", "m"]);
  });

  test("rejects a name that two jobs have, in one file or in two", async () => {
    expect(await problemsOf(file([define(), define()]))).toEqual([
      "cron-jobs.json: backup: name: is defined twice, first in cron-jobs.json",
    ]);
    // A name is trimmed, as gateways do.
    for (const name of [" backup ", "backup\n", "\u00a0backup", "\ufeffbackup"]) {
      expect(await problemsOf(file([define()], "a.json"), file([define({ name })], "b.yaml"))).toEqual([
        "b.yaml: backup: name: is defined twice, first in a.json",
      ]);
    }
  });

  test("accepts names that differ only in case or in Unicode normal form", async () => {
    const names = ["Backup", "backup", "BACKUP", "caf\u00e9", "cafe\u0301", "a b", "a  b", "a\u00a0b", "\ufb01", "fi"];
    expect(await namesIn(file(names.map((name) => define({ name }))))).toEqual(names);
  });

  test.each([
    ["jobs.json", '[{"name": "a", "name": "a", "schedule": "@daily", "command": "x"}]', "a: name"],
    [
      "jobs.json5",
      "[{name: 'x', schedule: '@daily', command: 'x'}, {name: 'a', env: {A: '1', 'A': '1'}, schedule: '@daily', command: 'x'}]",
      "a: env.A",
    ],
    ["job.json", '{"name": "a", "schedule": "@daily", "command": ["x"], "command": "x"}', "a: command"],
  ])("rejects a duplicate key in %s: %s", async (name, text, place) => {
    expect(await problemsOf(file(text, name))).toEqual([`${name}: ${place}: stands twice in one object`]);
  });

  test("rejects a duplicate key in YAML and names its job and field", async () => {
    const text =
      "- name: a\n  schedule: '@daily'\n  command: x\n  command: x\n- name: b\n  schedule: '@daily'\n  command: x\n  env: {A: b, A: c}\n";
    expect(await problemsOf(file(text, "a.yaml"))).toEqual([
      "a.yaml: a: command: stands twice in one map",
      "a.yaml: b: env.A: stands twice in one map",
    ]);
  });

  test("reports problems of the text together with problems of its jobs", async () => {
    const text = "- name: a\n  schedule: !Cron 99 * * * *\n  command: x\n  retry: .inf\n  env: {1: b}\n";
    expect(await problemsOf(file(text, "a.yaml"))).toEqual([
      "a.yaml: a: schedule: has a tag that means nothing here",
      "a.yaml: a: env: has a key that is no text; put it in quotes",
      "a.yaml: a: retry: expected a finite number",
      "a.yaml: a: schedule: Invalid value for minute: 99",
    ]);
  });

  test.each([
    ["a.json", '[{"name": "a\\ud83e", "schedule": "@daily", "command": "x"}]'],
    ["a.json5", "[{name: 'a\\ud83e', schedule: '@daily', command: 'x'}]"],
    ["a.yaml", '- {name: "a\\ud83e", schedule: "@daily", command: x}'],
  ])("rejects an unpaired surrogate in %s", async (name, text) => {
    expect(await problemsOf(file(text, name))).toEqual([
      `${name}: a\ud83e: name: holds half a character, an unpaired surrogate`,
    ]);
  });

  test.each(["a.json", "a.yaml"])("keeps a message of a megabyte in %s unchanged", async (name) => {
    const message = `"it's" $(x) \\ \u0001 é 🦞\n`.repeat(30_000).trim();
    const set = await parseDefinitionFiles([file([define({ message })], name)]);
    expect(set.kind === "valid" && set.definitions[0]?.message === message).toBeTrue();
  });

  test.each(["a.json", "a.yaml"])("rejects %s if it is nested too deeply", async (name) => {
    const deep = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;
    const problems = await problemsOf(
      file(`[{"name": "a", "schedule": "@daily", "command": "x", "env": ${deep}}]`, name),
    );
    expect(problems.join("\n")).toContain("is nested too deeply");
  });

  test("rejects a list of lists, however deep", async () => {
    const text = "[".repeat(10_000) + "]".repeat(10_000);
    expect(await problemsOf(file(text))).toEqual(["cron-jobs.json: is nested too deeply"]);
    expect(await problemsOf(file("[[[]]]"))).toEqual(["cron-jobs.json: #1: expected an object but received a list"]);
  });

  test("rejects OpenClaw's own list and says which part to use", async () => {
    const text = { jobs: [define()], total: 1 };
    expect(await problemsOf(file(text))).toEqual([
      "cron-jobs.json: #1: jobs: expected a list of jobs, or one job; write the list alone",
    ]);
  });

  test("never throws, for any bytes", async () => {
    const name = fc.constantFrom("a.json", "a.json5", "a.yaml");
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
      fc.json().map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(name, bytes, async (each, content) => {
        expect((await parseDefinitionFiles([file(content, each)])).kind).toBeOneOf(["valid", "invalid"]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("reports the problems of all files at once and returns no definitions", async () => {
    const set = await parseDefinitionFiles([
      file([define({ name: "good" })], "a.json"),
      file([{ ...define(), name: "b1", retry: -1 }, 5], "b.json"),
      file("[", "c.json"),
      file([{ ...define(), name: "d1", comand: "x" }], "d.yaml"),
    ]);
    expect(set).not.toHaveProperty("definitions");
    expect(set.kind === "invalid" && set.problems.map(formatProblem)).toEqual([
      "b.json: b1: retry: expected at least 0 but received -1",
      "b.json: #2: expected an object but received a number",
      "c.json: invalid end of input at 1:2",
      "d.yaml: d1: comand: unknown field, did you mean command?",
    ]);
  });

  test("rejects bytes that are not UTF-8", async () => {
    const latin1 = Buffer.from(`[{"name": "caf\u00e9"}]`, "latin1");
    expect(await problemsOf(file(latin1, "a.json"), file(latin1, "a.yaml"))).toEqual([
      "a.json: is not UTF-8 text",
      "a.yaml: is not UTF-8 text",
    ]);
  });

  test("rejects a truncated file, for every length", async () => {
    const whole = Buffer.from(JSON.stringify([define({ name: "🦞", env: { A: "1" } }), define()], undefined, 1));
    for (let length = 0; length < whole.length; length++) {
      expect(await parseDefinitionFiles([file(whole.subarray(0, length))])).toMatchObject({ kind: "invalid" });
    }
  });

  test.each([
    ["tabs", "-\n\tname: a\n", /Tabs are not allowed as indentation/],
    ["aliases of aliases of aliases", bomb(), "has aliases of aliases that stand for too much"],
    [
      "an alias without an anchor",
      "name: *s3cret\n",
      /^a.yaml: has an alias that no anchor stands before; put a text that begins with \* in quotes$/,
    ],
    [
      "a merge of something other than a map",
      "- <<: s3cret\n",
      "merges something that is no map, or has no anchor before it in its document",
    ],
    ["version 1.1", "%YAML 1.1\n---\n[]\n", "is YAML 1.1; only 1.2 is read here"],
  ])("refuses YAML with %s", async (_, text, problem) => {
    expect(await problemsOf(file(text, "a.yaml"))).toEqual([
      typeof problem === "string" ? `a.yaml: ${problem}` : expect.stringMatching(problem),
    ]);
  });

  test.each([
    ["JSON with a comma missing", "a.json", '{token: "s3cret" "s3cret"}'],
    ["JSON with no end", "a.json", '{token: "s3cret'],
    ["text that is no JSON", "a.json", "s3cret"],
    ["YAML with a colon too many", "a.yaml", "token: s3cret: s3cret"],
    ["YAML with no end", "a.yaml", "token: 's3cret"],
    ["YAML that is both a list and a map", "a.yaml", "- s3cret\ntoken: s3cret"],
  ])("does not quote a file that does not parse: %s", async (_, name, text) => {
    const problems = await problemsOf(file(text, name));
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain("s3cret");
  });

  test("returns the checksum of the files, valid or not", async () => {
    const files = [file([define()], "a.json"), file("[", "b.json")];
    expect((await parseDefinitionFiles(files)).checksum).toBe(computeSetChecksum(files));
    expect((await parseDefinitionFiles(files.slice(0, 1))).checksum).toBe(computeSetChecksum(files.slice(0, 1)));
  });
});

/** A few lines of YAML that expand to millions of values. */
function bomb(): string {
  const levels = Array.from({ length: 8 }, (_, level) => {
    const items = level === 0 ? "x" : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array.from({ length: 9 }, () => items).join(", ")}]`;
  });
  return levels.join("\n");
}

describe("describeProblem()", () => {
  test("joins file, job, field and problem, without the empty parts", () => {
    const problem = { file: "a.json", job: "backup", field: "retry", problem: "is wrong" };
    expect(describeProblem(problem)).toBe("WARNING: Cron config rejected: a.json: backup: retry: is wrong");
    expect(describeProblem({ ...problem, field: "" })).toBe("WARNING: Cron config rejected: a.json: backup: is wrong");
    expect(describeProblem({ ...problem, job: "", field: "" })).toBe("WARNING: Cron config rejected: a.json: is wrong");
  });
});

describe("parseDefinitionFiles() of names", () => {
  test("rejects a name that an invalid job has already", async () => {
    expect(await problemsOf(file([{ ...define(), retry: -1 }, define()]))).toEqual([
      "cron-jobs.json: backup: retry: expected at least 0 but received -1",
      "cron-jobs.json: backup: name: is defined twice, first in cron-jobs.json",
    ]);
  });

  test("does not report jobs without a name as duplicates", async () => {
    const problems = await problemsOf(file([{}], "a.json"), file([{}], "b.json"));
    expect(problems.join()).not.toContain("is defined twice");
  });
});

describe("isDefinitionFile()", () => {
  test("ignores hidden files, as *.json does", () => {
    expect(isDefinitionFile(".cron-jobs.json")).toBeFalse();
    expect(isDefinitionFile("cron-jobs.json")).toBeTrue();
  });
});

test("parseDefinitionFiles() checks no further after a thousand problems", async () => {
  const file = (name: string) => ({ name, bytes: Buffer.from(`[${"{},".repeat(40_000)}]`) });
  const set = await parseDefinitionFiles([file("a.json"), file("b.json")]);
  const problems = set.kind === "invalid" ? set.problems : [];
  expect(problems).toHaveLength(1_001);
  expect(formatProblem(problems[1_000] ?? { file: "", job: "", field: "", problem: "" })).toBe(
    "and perhaps more: the rest is not checked",
  );
});
