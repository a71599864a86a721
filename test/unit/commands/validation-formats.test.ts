import Ajv from "ajv";
import { describe, expect, test } from "bun:test";
import { type Problem, formatProblemLine } from "../../../lib/commands/problem.ts";
import { renderGithub, toSarif, toValidationJson } from "../../../lib/commands/validation-formats.ts";

const UNKNOWN: Problem = {
  file: "deploy/openclaw.json",
  line: 12,
  column: 5,
  path: "gateway.prot",
  message: "unknown key, did you mean port?",
  rule: "unknown-key",
  severity: "error",
};

const IN_MANIFEST: Problem = { ...UNKNOWN, file: "cm.yaml", key: "openclaw.json", line: 30 };
const IN_QUOTES: Problem = { ...IN_MANIFEST, line: 3, isInKey: true };
const OF_JOB: Problem = {
  file: "jobs.yaml",
  job: "backup: 100%",
  path: "shedule",
  message: "unknown field",
  rule: "job",
  severity: "error",
};
const WARNING: Problem = { ...UNKNOWN, severity: "warning", rule: "old-key" };

const RESULT = {
  problems: [UNKNOWN, IN_MANIFEST, IN_QUOTES, OF_JOB],
  warnings: [WARNING],
  checked: ["a.json: 2 jobs, no problem", "::error::forged"],
  release: "2026.9.6",
};

describe("formatProblemLine()", () => {
  test.each<[Problem, string]>([
    [UNKNOWN, "deploy/openclaw.json:12: gateway.prot: unknown key, did you mean port?"],
    [IN_MANIFEST, "cm.yaml:30: gateway.prot: unknown key, did you mean port?"],
    [IN_QUOTES, "cm.yaml#openclaw.json:3: gateway.prot: unknown key, did you mean port?"],
    [OF_JOB, "jobs.yaml: backup: 100%: shedule: unknown field"],
    [
      { ...UNKNOWN, path: "", line: 1, message: "invalid end of input at 1:11" },
      "deploy/openclaw.json: invalid end of input at 1:11",
    ],
  ])("%# writes file, line, path and problem", (problem, line) => {
    expect(formatProblemLine(problem)).toBe(line);
  });
});

describe("toValidationJson()", () => {
  test("has each finding with its place", () => {
    expect(toValidationJson(RESULT)).toEqual({
      release: "2026.9.6",
      problems: [
        {
          file: "deploy/openclaw.json",
          line: 12,
          path: "gateway.prot",
          message: "unknown key, did you mean port?",
          rule: "unknown-key",
          severity: "error",
        },
        expect.objectContaining({ file: "cm.yaml", key: "openclaw.json", line: 30 }),
        expect.objectContaining({ file: "cm.yaml", key: "openclaw.json", keyLine: 3 }),
        {
          file: "jobs.yaml",
          job: "backup: 100%",
          path: "shedule",
          message: "unknown field",
          rule: "job",
          severity: "error",
        },
      ],
      warnings: [expect.objectContaining({ rule: "old-key", severity: "warning" })],
      checked: RESULT.checked,
    });
  });
});

describe("renderGithub()", () => {
  test("writes an annotation for each finding, and forges none", () => {
    expect(renderGithub(RESULT).split("\n")).toEqual([
      "::error file=deploy/openclaw.json,line=12,title=config-manager%3A unknown-key::gateway.prot: unknown key, did you mean port?",
      "::error file=cm.yaml,line=30,title=config-manager%3A unknown-key::openclaw.json: gateway.prot: unknown key, did you mean port?",
      "::error file=cm.yaml,title=config-manager%3A unknown-key::openclaw.json:3: gateway.prot: unknown key, did you mean port?",
      "::error file=jobs.yaml,title=config-manager%3A job::backup: 100%25: shedule: unknown field",
      "::warning file=deploy/openclaw.json,line=12,title=config-manager%3A old-key::gateway.prot: unknown key, did you mean port?",
      "a.json: 2 jobs, no problem",
      " ::error::forged",
      "",
    ]);
  });

  test("escapes what would end a property or the line", () => {
    const [line] = renderGithub({
      ...RESULT,
      problems: [{ ...UNKNOWN, file: "a,b:c%.json", message: "x\r\n::error::y" }],
    }).split("\n");
    expect(line).toBe(
      "::error file=a%2Cb%3Ac%25.json,line=12,title=config-manager%3A unknown-key::gateway.prot: x%0D%0A::error::y",
    );
  });
});

/** The part of the schema of SARIF 2.1.0 (OASIS) that a log of one run touches: its names and types, and what it needs. */
const text = { type: "string" };
const SARIF = {
  type: "object",
  required: ["version", "runs"],
  additionalProperties: false,
  properties: {
    $schema: { type: "string", pattern: "^https://" },
    version: { const: "2.1.0" },
    runs: {
      type: "array",
      items: {
        type: "object",
        required: ["tool"],
        additionalProperties: false,
        properties: {
          tool: {
            type: "object",
            required: ["driver"],
            additionalProperties: false,
            properties: {
              driver: {
                type: "object",
                required: ["name"],
                additionalProperties: false,
                properties: {
                  name: text,
                  version: text,
                  rules: {
                    type: "array",
                    uniqueItems: true,
                    items: { type: "object", required: ["id"], properties: { id: text }, additionalProperties: false },
                  },
                },
              },
            },
          },
          columnKind: { enum: ["utf16CodeUnits", "unicodeCodePoints"] },
          results: {
            type: "array",
            items: {
              type: "object",
              required: ["message"],
              additionalProperties: false,
              properties: {
                ruleId: text,
                ruleIndex: { type: "integer", minimum: -1 },
                level: { enum: ["none", "note", "warning", "error"] },
                message: { type: "object", required: ["text"], properties: { text }, additionalProperties: false },
                locations: {
                  type: "array",
                  items: {
                    type: "object",
                    additionalProperties: false,
                    properties: {
                      physicalLocation: {
                        type: "object",
                        required: ["artifactLocation"],
                        additionalProperties: false,
                        properties: {
                          artifactLocation: { type: "object", properties: { uri: text }, additionalProperties: false },
                          region: {
                            type: "object",
                            additionalProperties: false,
                            properties: {
                              startLine: { type: "integer", minimum: 1 },
                              startColumn: { type: "integer", minimum: 1 },
                            },
                          },
                        },
                      },
                      logicalLocations: {
                        type: "array",
                        items: {
                          type: "object",
                          properties: { fullyQualifiedName: text },
                          additionalProperties: false,
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

describe("toSarif()", () => {
  test("is SARIF 2.1.0", () => {
    const log = JSON.parse(JSON.stringify(toSarif(RESULT, "1.2.3"))) as ReturnType<typeof toSarif>;
    const check = new Ajv({ allErrors: true }).compile(SARIF);
    check(log);
    expect(check.errors).toBeNull();
    const [run] = log.runs;
    expect(run?.tool.driver.rules).toEqual([{ id: "job" }, { id: "old-key" }, { id: "unknown-key" }]);
    expect(run?.results?.map(({ level }) => level)).toEqual(["error", "error", "error", "error", "warning"]);
    expect(run?.results?.[0]).toEqual({
      ruleId: "unknown-key",
      ruleIndex: 2,
      level: "error",
      message: { text: "gateway.prot: unknown key, did you mean port?" },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "deploy/openclaw.json" },
            region: { startLine: 12, startColumn: 5 },
          },
          logicalLocations: [{ fullyQualifiedName: "gateway.prot" }],
        },
      ],
    });
    // A line in a text between quotes is none of the file's.
    expect(run?.results?.[2]?.locations?.[0]?.physicalLocation).toEqual({ artifactLocation: { uri: "cm.yaml" } });
  });

  test("writes paths as URI references", () => {
    const uriOf = (file: string) =>
      toSarif({ ...RESULT, problems: [{ ...UNKNOWN, file }] }, "1").runs[0]?.results?.[0]?.locations?.[0]
        ?.physicalLocation?.artifactLocation?.uri;
    expect(uriOf("./a b/ö#.json")).toBe("a%20b/%C3%B6%23.json");
    expect(uriOf("/mnt/openclaw.json")).toBe("file:///mnt/openclaw.json");
  });
});
