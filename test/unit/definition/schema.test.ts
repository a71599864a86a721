import { describe, expect, test } from "bun:test";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Ajv } from "ajv";
import * as fc from "fast-check";
import * as v from "valibot";
import { DefinitionSchema, parseDefinition } from "../../../lib/definition/definition.ts";
import { collectJobs } from "../../../lib/definition/documents.ts";
import { parseDefinitionText } from "../../../lib/definition/text.ts";
import { type Json, type JsonObject, isJsonObject } from "../../../lib/json.ts";
import { toDefinitionSchema } from "../../../lib/definition/schema.ts";
import { ODD_NAMES, define } from "../../support/fakes.ts";
import { aDefinition } from "../../support/definitions.ts";
import { DOCUMENTS, GOLDEN, REPOSITORY } from "../../support/repository.ts";
import { runs } from "../../support/soak.ts";

const SCHEMA = toDefinitionSchema();
const FIELDS = fieldsOf(JSON.parse(JSON.stringify(SCHEMA)) as Json);
const accepts = new Ajv({ strictTypes: false, allErrors: true }).compile(SCHEMA);

function parses(value: Json): boolean {
  const jobs = Array.isArray(value) ? value : [value];
  return jobs.every((job) => parseDefinition(job).kind === "valid");
}

/** The schema and parseDefinition() accept it. Shows the errors of the schema. */
function expectTaken(value: Json): void {
  expect(accepts(value) ? [] : accepts.errors).toEqual([]);
  expect(parses(value)).toBeTrue();
}

/** The schema of each field, with its path. */
function fieldsOf(schema: Json | undefined, path: readonly string[] = []): [string, JsonObject][] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, inner]) => {
    if (key !== "properties" || !isJsonObject(inner)) return fieldsOf(inner, path);
    return Object.entries(inner).flatMap(([field, one]) => {
      const at = [...path, field];
      return [[at.join("."), one] as [string, JsonObject]].concat(fieldsOf(one, at));
    });
  });
}

describe("toDefinitionSchema()", () => {
  test("returns a draft 7 schema, which editors support", () => {
    expect(SCHEMA.$schema).toBe("http://json-schema.org/draft-07/schema#");
    expect(new Ajv().validateSchema(SCHEMA)).toBeTrue();
    expect(JSON.parse(JSON.stringify(SCHEMA))).toEqual(SCHEMA);
  });

  test("has every field of a definition", () => {
    const names = FIELDS.map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(DefinitionSchema.entries)));
    expect(names).toEqual(
      expect.arrayContaining([
        "schedule.everyMs",
        "payload.argv",
        "payload.toolBudget",
        "delivery.failureDestination.channel",
        "failureAlert.cooldownMs",
        "pacing.min",
        "trigger.script",
      ]),
    );
  });

  test.each(FIELDS)("describes %s in one line", (_, { description }) => {
    expect(description).toMatch(/^[A-Z][^\n]{3,110}\.$/);
  });

  test("has a description for each field of the definition", () => {
    const bare = Object.entries(DefinitionSchema.entries).filter(([, entry]) => {
      return v.getDescription("wrapped" in entry ? entry.wrapped : entry) === undefined;
    });
    expect(bare.map(([name]) => name)).toEqual([]);
  });

  test("accepts every valid definition", () => {
    fc.assert(
      fc.property(aDefinition, (definition) => expectTaken(definition as unknown as JsonObject)),
      { numRuns: runs(2_000) },
    );
  });

  test("accepts every edited definition that parseDefinition() accepts", () => {
    const known = Object.keys(DefinitionSchema.entries);
    const aValue = fc.oneof(
      fc.constantFrom<Json>(
        "x",
        " x ",
        "1h",
        "main",
        "now",
        0,
        1,
        1.5,
        1e21,
        true,
        false,
        null,
        [],
        ["x"],
        [" x "],
        {},
      ),
      fc.constantFrom<Json>({ A: " " }, { min: "1ms" }, { script: " x " }, { mode: "none" }, { after: 1 }),
      fc.jsonValue().map((value) => value as Json),
    );
    const edits = fc.dictionary(fc.constantFrom(...known), aValue, { maxKeys: 3 });
    let taken = 0;
    fc.assert(
      fc.property(aDefinition, edits, (definition, edit) => {
        const value = JSON.parse(JSON.stringify({ ...definition, ...edit })) as Json;
        if (!parses(value)) return;
        taken += 1;
        expectTaken(value);
      }),
      { numRuns: runs(4_000) },
    );
    expect(taken).toBeGreaterThan(runs(400));
  });

  test("accepts a list of jobs, and one job", () => {
    for (const value of [[], [define()], [define(), define({ name: "b" })], define()]) {
      expectTaken(value);
    }
  });

  test("accepts keys that begin with x-, and jobs beside them, as parseDefinitionFiles() does", () => {
    for (const value of [
      { ...job(), "x-note": { any: ["thing"] } },
      [{ ...job(), "x-note": null }],
      { "x-defaults": { tz: "UTC" }, jobs: [job()] },
      { "x-defaults": { tz: "UTC" } },
    ]) {
      expect(accepts(value) ? [] : accepts.errors).toEqual([]);
    }
    for (const value of [
      { "x-defaults": {}, jobs: [job()], version: 1 },
      { "x-defaults": {}, jobs: job() },
      { ...job(), delivery: { mode: "none", "x-note": 1 } },
      { jobs: [job()] },
      {},
    ]) {
      expect(accepts(value)).toBeFalse();
    }
  });

  test.each(Object.entries(ODD_NAMES))("takes a name with %s", (_, name) => {
    expectTaken({
      name,
      schedule: "@daily",
      command: name,
      env: { constructor: name, [name.replaceAll("=", "").trim()]: name },
    });
  });

  test("accepts values at the limits of the fields", () => {
    const job = { name: " a ", schedule: " 0 3 * * * " };
    const long = "👩‍👩‍👧";
    for (const more of [
      { command: ["x"], timeout: 0.5, retry: 100, outputMaxBytes: Number.MAX_SAFE_INTEGER, cwd: " / " },
      { message: " x ", displayName: long.repeat(200), session: " session:x ", fallbacks: [], tools: [" read "] },
      { systemEvent: "x", trigger: { script: long.repeat(65_536), once: true }, description: "" },
      { message: "x", delivery: { mode: "announce", threadId: -1.5 }, failureAlert: false, pacing: { min: "1.5h" } },
      { schedule: { kind: "every", everyMs: 8.64e15 }, message: "x" },
      {
        schedule: { kind: "stream", command: ["x"], batchMs: 50, maxBatchBytes: 65_536, match: "x", mode: "match" },
        message: "x",
      },
    ] satisfies JsonObject[]) {
      expectTaken({ ...job, ...more });
    }
  });

  test("accepts the jobs of the golden lists", async () => {
    const directory = join(GOLDEN, "desired");
    const names = (await readdir(directory)).filter((name) => name.endsWith(".json"));
    expect(names).not.toEqual([]);
    for (const name of names) expectTaken(JSON.parse(await readFile(join(directory, name), "utf8")));
  });

  test.each<[string, Json]>([
    ["an unknown field", { ...job(), retries: 3 }],
    ["a field with no name", { ...job(), "": 3 }],
    ["an unknown field of an object", { ...job(), delivery: { mode: "none", chanel: "x" } }],
    [
      "an unknown field of a payload",
      { ...job(), command: undefined as never, payload: { kind: "script", script: "x", cwd: "/" } },
    ],
    ["an unknown field of a schedule", { ...job(), schedule: { kind: "every", everyMs: 1, tz: "UTC" } }],
    ["an unknown kind of schedule", { ...job(), schedule: { kind: "sometimes" } }],
    ["an object with no kind", { ...job(), schedule: { everyMs: 1 } }],
    ["a wrong type", { ...job(), timeout: "300" }],
    ["a list for an object", { ...job(), env: ["A=1"] }],
    ["a number for a variable", { ...job(), env: { A: 1 } }],
    ["null", { ...job(), description: null }],
    ["half a retry", { ...job(), retry: 1.5 }],
    ["too many of them", { ...job(), retry: 101 }],
    ["an empty text", { ...job(), name: "" }],
    ["no arguments", { ...job(), command: [] }],
    ["an unknown option", { ...job(), wake: "later" }],
    ["true for a failure alert", { ...job(), failureAlert: true }],
    ["two payloads", { ...job(), message: "x" }],
    ["no payload", { name: "a", schedule: "@daily" }],
    ["no name", { schedule: "@daily", command: "x" }],
    ["no schedule", { name: "a", command: "x" }],
    ["a text for a job", "x"],
    ["null for a job", [null]],
    ["a list in a list", [[job()]]],
    ["a list in an object", { jobs: [job()] }],
  ])("rejects %s, as parseDefinition() does", (_, value) => {
    const plain = JSON.parse(JSON.stringify(value)) as Json;
    for (const each of [plain, [job(), plain]]) {
      expect(accepts(each)).toBeFalse();
      expect(parses(each)).toBeFalse();
    }
  });
});

function job(): JsonObject {
  return { name: "a", schedule: "@daily", command: "x" };
}

/** Each fenced block of a document in a language that jobs are written in. */
async function readBlocks(document: string) {
  const text = await readFile(join(REPOSITORY, document), "utf8");
  const blocks = [...text.matchAll(/^[^\S\n]*```(json5?|ya?ml)\n(.*?)^[^\S\n]*```$/gms)];
  return Promise.all(
    blocks.map(([, language, block = ""]) => parseDefinitionText(`${document}.${language}`, Buffer.from(block))),
  );
}

const BLOCKS = await Promise.all(DOCUMENTS.map(async (document) => ({ document, blocks: await readBlocks(document) })));

const EXAMPLES = BLOCKS.flatMap(({ document, blocks }) =>
  blocks
    .flat()
    .map((block) => collectJobs([block]).inputs)
    .filter((jobs) => jobs.some((one) => isJsonObject(one) && "schedule" in one))
    .map((value) => [document, value] as const),
);

describe("the jobs in the documents", () => {
  test.each(["README.md", "docs/jobs.md"])("are in %s", (name) => {
    expect(EXAMPLES.filter(([document]) => document === name)).not.toEqual([]);
  });

  test.each(BLOCKS)("can be read: $document", ({ blocks }) => {
    expect(blocks.flat().filter(({ kind }) => kind === "unreadable")).toEqual([]);
  });

  test.each(EXAMPLES)("are right: %s, %j", (_, value) => {
    expectTaken(value);
  });
});
