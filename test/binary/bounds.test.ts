// Input of any size and depth: refused by a line, before it is parsed, with memory and output that stay small.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { symlink, writeFile } from "node:fs/promises";
import { measureBinary, readPeakMiB } from "../support/memory.ts";
import { mustRun, start } from "../support/process.ts";
import { createScratch } from "../support/fakes.ts";
import { BINARY, type Mounts, type Sidecar, createMounts, runBinary, startSidecar } from "../support/sidecar.ts";

const MIB = 1 << 20;

/** A generous bound: a container has 128 MiB, and the kernel does not charge it with the pages of the program. */
const MOST_MIB = 150;

const repeat = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

/** 500 jobs with 20 fields each. */
const JOBS = repeat(
  500,
  (job) =>
    `- name: job-${job}\n  schedule: "@daily"\n  command: echo\n  env:\n${repeat(16, (key) => `    K${key}: value ${key}\n`)}`,
);

describe("validate", () => {
  test.each([
    ["deep.json", "[".repeat(390 * 1024), "is nested too deeply"],
    ["deep.yaml", "[".repeat(390 * 1024), "is nested too deeply"],
    ["dashes.yaml", "- ".repeat(200 * 1024), "is nested too deeply"],
    ["openclaw.json", '{"a":'.repeat(200 * 1024), "nested too deeply"],
    ["large.yaml", "- a: b\n".repeat((8 * MIB) / 7), "is larger than 4 MiB; a ConfigMap holds 1 MiB"],
    ["many.yaml", "- a: b\n".repeat(MIB / 8), "is YAML of too many values for our memory"],
    ["tags.yaml", `[${"!a b,".repeat(150_000)}]`, "is YAML of too many values for our memory"],
    ["documents.yaml", "--- 1\n".repeat(100_000), "is YAML of too many values for our memory"],
    ["newlines.yaml", `a:${"\n".repeat(MIB - 10)}`, "is YAML of too many values for our memory"],
    ["many.json", `[${"{},".repeat(MIB / 4)}]`, "is made of more than 100000 values"],
    ["jobs.json", `["${"x".repeat(2 * MIB)}"]`, "is larger than 1 MiB; a ConfigMap holds no more"],
  ])("refuses %s by a line", async (name, text, problem) => {
    await using scratch = await createScratch();
    await writeFile(scratch.in(name), text);
    const { exitCode, stdout, peakMiB } = await measureBinary(["validate", scratch.in(name)]);
    expect(stdout).toStartWith(`${scratch.in(name)}: ${problem}`);
    expect(stdout.split("\n")).toHaveLength(2);
    expect(exitCode).toBe(1);
    expect(peakMiB).toBeLessThan(MOST_MIB);
  });

  test("takes 500 jobs of 20 fields, and a config of a megabyte", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("jobs.yaml"), JOBS);
    const group = {
      enabled: true,
      allowFrom: ["491234567", "499999"],
      requireMention: false,
      systemPrompt: "You are kind.",
    };
    const groups = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`-100${index}`, group]));
    const channels = { telegram: { enabled: true, botToken: "${TELEGRAM_BOT_TOKEN}", groups } };
    await writeFile(
      scratch.in("openclaw.json"),
      JSON.stringify({ gateway: { mode: "local" }, channels }, undefined, 2),
    );
    for (const [name, said] of [
      ["jobs.yaml", "500 jobs, no problem"],
      ["openclaw.json", "config, no problem"],
    ] as const) {
      const { stdout, peakMiB } = await measureBinary(["validate", "--openclaw", "2026.9.6", scratch.in(name)]);
      expect(stdout).toBe(`${scratch.in(name)}: ${said}\nchecked against OpenClaw 2026.9.6\n`);
      expect(peakMiB).toBeLessThan(MOST_MIB);
    }
  });

  test("lists the first thousand of very many problems", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("jobs.json"), `[${"{},".repeat(40_000)}]`);
    const { stdout, peakMiB } = await measureBinary(["validate", scratch.in("jobs.json")]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(1_001);
    expect(lines.at(-1)).toBe("and perhaps more: the rest is not checked");
    expect(peakMiB).toBeLessThan(MOST_MIB);
  });

  test("reads stdin up to the limit, and does not wait for its end", async () => {
    const endless = start(BINARY, ["validate", "-"], { isTyped: true, limitMs: 60_000 });
    endless.type(" ".repeat(5 * MIB));
    const { exitCode, stdout } = await endless.exited;
    expect([exitCode, stdout]).toEqual([1, "stdin: is larger than 4 MiB; a ConfigMap holds 1 MiB\n"]);
    const jobs = '[{"name": "a", "schedule": "@daily", "command": "x"}]';
    for (const path of ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"]) {
      const { stdout: said } = await measureBinary(["validate", path], {}, { input: jobs });
      expect(said).toEndWith(": 1 job, no problem\n");
    }
  });

  test.each(["fifo", "/dev/zero", "zero", "/dev/tty"])("says that %s is no file", async (name) => {
    await using scratch = await createScratch();
    await mustRun("mkfifo", [scratch.in("fifo")]);
    await symlink("/dev/zero", scratch.in("zero"));
    const path = name.startsWith("/") ? name : scratch.in(name);
    const { exitCode, stdout } = await runBinary(["validate", path], {});
    expect([exitCode, stdout]).toEqual([1, `${path}: is a pipe or a device, expected a file\n`]);
  });

  test("passes over a pipe in a directory", async () => {
    await using scratch = await createScratch();
    await mustRun("mkfifo", [scratch.in("a.json")]);
    await symlink("/dev/zero", scratch.in("b.yaml"));
    const { stdout } = await runBinary(["validate", scratch.path], {});
    expect(stdout).toBe(`${scratch.in("b.yaml")}: is a pipe or a device, expected a file\n`);
  });
});

describe("the sidecar", () => {
  let mounts: Mounts;
  let sidecar: Sidecar | undefined;

  beforeEach(async () => {
    mounts = await createMounts();
  });
  afterEach(async () => {
    await sidecar?.dispose();
    sidecar = undefined;
    await mounts.dispose();
  });

  test("logs ten of very many problems, keeps its memory small, and lists a hundred in JSON", async () => {
    const env = mounts.environment({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" });
    await mounts.publishJobs(Array.from({ length: 7_000 }, () => ({ name: "", cron: 1 })));
    const keys = repeat(20_000, (index) => `k${index}: 1, k${index}: 2,`);
    await mounts.config.publish({ "openclaw.json": `{gateway: {mode: "local"}, ${keys}}` });
    sidecar = startSidecar(env);
    await sidecar.waitFor(/^Config update complete/);
    const twice = sidecar.messages().filter((line) => line.startsWith("WARNING: Config has a key twice"));
    expect(twice).toHaveLength(10);
    expect(sidecar.messages()).toContain(
      "WARNING: More of the same are not logged: 990 (config-manager diff lists them, validate those of a file)",
    );
    expect(await readPeakMiB(sidecar.pid)).toBeLessThan(200);
    await sidecar.dispose();

    const staged = await measureBinary(["init", "--only=cron"], env);
    expect(staged.stdout.split("\n").filter((line) => line.includes("Cron config rejected"))).toHaveLength(10);
    expect(staged.stdout).toContain("WARNING: More of the same are not logged: 991 (");
    expect(staged.peakMiB).toBeLessThan(MOST_MIB);
    for (const command of ["status", "diff"]) {
      const { stdout } = await runBinary([command, "--json"], env);
      const { problems } = (JSON.parse(stdout) as { cron: { problems: string[] } }).cron;
      expect([problems.length, problems.at(-1)]).toEqual([101, expect.stringMatching(/^… and 90\d more$/)]);
    }
  });

  test.each(["[", "- ", "? ", "{"])("stays small with definitions that repeat %s", async (unit) => {
    await mounts.cron.publish({ "jobs.yaml": unit.repeat((390 * 1024) / unit.length) });
    const { stdout, peakMiB } = await measureBinary(["init", "--only=cron"], mounts.environment({}));
    expect(stdout).toContain("WARNING: Cron config rejected: jobs.yaml: is nested too deeply\n");
    expect(peakMiB).toBeLessThan(MOST_MIB);
  });
});
