import { describe, expect, test } from "bun:test";
import {
  describeForeign,
  hasJobField,
  holdsJobs,
  isConfigLike,
  isConfigName,
  isJobName,
  isPlainlyConfig,
  isPlainlyJobs,
} from "../../../lib/commands/file-kinds.ts";
import type { Json } from "../../../lib/json.ts";
import { define } from "../../support/fakes.ts";

describe("holdsJobs()", () => {
  test.each<[string, Json]>([
    ["a job", define()],
    ["a list with a job in it", [1, define()]],
    ["no jobs", []],
    ["a job with a misspelt schedule", { name: "x", shedule: "@daily", command: "ls" }],
    ["a job without a name", { schedule: "@daily", message: "Look." }],
    ["a job in words of cron", { name: "x", cron: "@daily", run: "ls" }],
    ["OpenClaw's own list", { version: 1, jobs: [define()] }],
  ] as [string, Json][])("accepts %s", (_, value) => {
    expect(holdsJobs(value)).toBeTrue();
  });

  test.each<[string, Json]>([
    ["a name alone", { name: "x", version: "1" }],
    ["a list of names", [{ name: "x" }, { name: "y" }]],
    ["a list of words", ["a", "b"]],
    ["jobs of a pipeline", { jobs: [{ job: "build", steps: [] }] }],
    ["jobs by name", { name: "CI", jobs: { build: {} } }],
    ["a config", { gateway: { mode: "local" }, cron: { enabled: true } }],
    ["text", "name: x"],
    ["null", null],
  ])("rejects %s", (_, value) => {
    expect(holdsJobs(value)).toBeFalse();
  });
});

describe("hasJobField()", () => {
  test("accepts an object with one field of a job", () => {
    expect(hasJobField({ name: "x" })).toBeTrue();
    expect(hasJobField({ jobs: 1 })).toBeTrue();
    expect(hasJobField({ resources: [] })).toBeFalse();
    expect(hasJobField(["name"])).toBeFalse();
  });
});

describe("isConfigLike()", () => {
  test("accepts a gateway with anything, an $include, and fields of a config alone", () => {
    for (const value of [{ gateway: {}, mesages: {} }, { $include: "./a" }, { agents: {}, channels: {} }]) {
      expect(isConfigLike(value)).toBeTrue();
    }
  });

  test("rejects anything else", () => {
    const eslint = { env: {}, plugins: [], rules: {} };
    for (const value of [{}, eslint, { compilerOptions: {} }, [], "gateway", null]) {
      expect(isConfigLike(value)).toBeFalse();
    }
  });
});

describe("isPlainlyJobs() and isPlainlyConfig()", () => {
  test("accept what is nothing else", () => {
    for (const value of [define(), [{ name: "x" }, define()], { version: 1, jobs: [define()] }] as Json[]) {
      expect(isPlainlyJobs(value)).toBeTrue();
    }
    const typo = { gateway: { mode: "local" }, mesages: {} };
    for (const value of [
      typo,
      { $include: "./a" },
      { agents: { list: [] } },
      { models: { providers: {} }, cron: {} },
    ]) {
      expect(isPlainlyConfig(value)).toBeTrue();
    }
  });

  test("reject what may be a file of another tool", () => {
    const tasks = [
      { name: "x", command: "y" },
      { name: "x", cron: { name: "x", job: "ls" } },
    ];
    for (const value of [tasks, [], { name: "x", schedule: "@daily" }, { jobs: { schedule: 1 } }, "x"] as Json[]) {
      expect(isPlainlyJobs(value)).toBeFalse();
    }
    const service = { gateway: { port: 1 }, database: {}, redis: {} };
    const words = { gateway: { title: "Gateway" }, tools: {}, messages: {} };
    for (const value of [service, words, { plugins: ["x"] }, { env: {} }, [], null]) {
      expect(isPlainlyConfig(value)).toBeFalse();
    }
  });
});

describe("describeForeign()", () => {
  const card = { name: "x", url: "https://x", version: "1", capabilities: {}, skills: [], description: "x" };

  test.each<[string, string, Json]>([
    ["a package.json", "web/package.json", { name: "x", command: "y" }],
    ["a tsconfig.json", "tsconfig.build.json", {}],
    ["a tsconfig.json", "base.json", { compilerOptions: {} }],
    ["a Helm chart", "Chart.yaml", {}],
    ["a Helm chart", "x.yaml", { apiVersion: "v2", name: "x", version: "0.1.0" }],
    ["the values of a Helm chart", "values-prod.yaml", { name: "x", schedule: "@daily", command: ["x"] }],
    ["a Compose file", "docker-compose.override.yml", {}],
    ["a Compose file", "stack.yml", { name: "x", services: {} }],
    ["a GitHub workflow", "cron.yml", { name: "CI", on: { schedule: [] }, jobs: { build: {} } }],
    ["an A2A agent card", "agent.json", card],
    ["a file that SOPS has encrypted", "openclaw.enc.yaml", { gateway: {}, sops: { mac: "x" } }],
  ])("names %s", (label, path, value) => {
    expect(describeForeign(path, value)).toBe(label);
  });

  test("names no job, no config and no list", () => {
    expect(describeForeign("jobs.yaml", define() as Json)).toBeUndefined();
    expect(describeForeign("a.json", { gateway: {}, skills: {} })).toBeUndefined();
    expect(describeForeign("values.yaml", [])).toBeUndefined();
  });
});

describe("isJobName() and isConfigName()", () => {
  test("go by the file's name", () => {
    for (const name of ["cron-jobs.json", "a/jobs.yaml", "my_cron.yml", "team.job.json5", "cronjobs.json"]) {
      expect(isJobName(name)).toBeTrue();
    }
    for (const name of ["jobs/other.json", "cronos.json", "jobless.yaml"]) expect(isJobName(name)).toBeFalse();
    expect(["openclaw.json", "a/openclaw.json5", "my-openclaw.json"].filter(isConfigName)).toHaveLength(2);
  });
});
