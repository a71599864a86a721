// The built binary without a gateway: its output and exit codes. test/gateway tests its work.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderLicenses } from "../../lib/commands/licenses.ts";
import packageJson from "../../package.json" with { type: "json" };
import { BINARY, type Mounts, createMounts, readMaybe, runBinary } from "../support/sidecar.ts";

let mounts: Mounts;
beforeEach(async () => {
  mounts = await createMounts();
});
afterEach(() => mounts.dispose());

const run = (args: string[], more: Record<string, string> = {}) => runBinary(args, mounts.environment(more));

/** Nothing listens on this port. */
const NO_GATEWAY = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" };

describe("config-manager", () => {
  test.each([["version"], ["--version"], ["-V"]])("%s prints version and commit", async (word) => {
    const { exitCode, stdout, stderr } = await run([word]);
    expect(stdout).toMatch(/^config-manager \d+\.\d+\.\d+ \(\S+\)\n$/);
    expect(stdout).toContain(` ${packageJson.version} `);
    expect([exitCode, stderr]).toEqual([0, ""]);
  });

  test.each([
    ["help", ["help"]],
    ["--help", ["--help"]],
    ["help sync", ["help", "sync"]],
    ["sync --help", ["sync", "--help"]],
  ])("%s explains on stdout", async (_, args) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect(stdout).toStartWith("Usage: config-manager");
    expect(stdout).toContain(args.includes("sync") ? "--only" : "--poll-interval");
    expect([exitCode, stderr]).toEqual([0, ""]);
  });

  test.each([
    ["an unknown command", ["reconcile"], "error: unknown command or argument: reconcile"],
    ["an unknown flag", ["--dry-run"], "error: unknown option '--dry-run'"],
    [
      "a flag that is nearly right",
      ["sync", "--cron-dri", "x"],
      "error: unknown option '--cron-dri' (Did you mean --cron-dir?)",
    ],
    ["a flag without its value", ["--owner"], "error: option '--owner <name>' argument missing"],
  ])("%s ends with exit 64, one line of what is wrong, one of what to type", async (_, args, line) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect(stderr).toBe(`${line}\nhint: config-manager help\n`);
    expect([exitCode, stdout]).toEqual([64, ""]);
  });

  test("bad settings end with exit 64, all of them reported by the name that set them", async () => {
    const { exitCode, stderr } = await run(["--owner", "a b"], { POLL_INTERVAL: "abc", CRON_DIR: BINARY });
    expect(stderr.split("\n")).toEqual([
      `error: CRON_DIR: expected a directory, but a file is there: ${JSON.stringify(BINARY)}`,
      'error: POLL_INTERVAL: expected a number of seconds, above 0 and at most 86400: "abc"',
      'error: --owner: expected letters, digits, dots and dashes, at most 64: "a b"',
      "hint: config-manager help",
      "",
    ]);
    expect(exitCode).toBe(64);
  });

  test("ignores .env and bunfig.toml of its working directory", async () => {
    await writeFile(join(mounts.root, ".env"), "POLL_INTERVAL=abc\n");
    await writeFile(join(mounts.root, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
    await writeFile(join(mounts.root, "preload.ts"), "console.log('preloaded');\n");
    const inRoot = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', mounts.root, BINARY];
    const { exitCode, stdout, stderr } = await runBinary(["version"], mounts.environment({}), inRoot);
    expect(stdout).toStartWith("config-manager ");
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect((await runBinary(["sync", "--only", "config"], mounts.environment({}), inRoot)).exitCode).toBe(1);
  });

  test("sync delivers the config and exits with 1 if no gateway answers for the jobs", async () => {
    await mounts.config.publish({ "openclaw.json": '{ gateway: { mode: "local" } } // JSON5' });
    await mounts.publishJobs([]);
    const { exitCode, messages } = await run(["sync"], NO_GATEWAY);
    expect(messages).toEqual([
      `Config change detected in ${mounts.config.path}/openclaw.json`,
      `Config copied to PVC: ${mounts.root}/openclaw.json`,
      "  Changed: gateway.mode (restart)",
      "  Not validated by the gateway yet: no gateway to ask",
      "Config update complete (openclaw will auto-detect via chokidar)",
      `Cron config change detected in ${mounts.cron.path}/cron-jobs.json`,
      "WARNING: Failed to sync cron jobs: the gateway at ws://127.0.0.1:1 cannot be reached: connect ECONNREFUSED 127.0.0.1:1",
    ]);
    expect(exitCode).toBe(1);
    expect(await readMaybe(join(mounts.root, "openclaw.json"))).toBe('{ gateway: { mode: "local" } } // JSON5');
    expect((await run(["sync", "--only", "config"])).stdout).toBe("");
  });

  test("a config that OpenClaw cannot start with is not delivered, and its reason is logged", async () => {
    const live = join(mounts.root, "openclaw.json");
    await writeFile(live, '{"gateway":{"mode":"local"}}');
    for (const [config, reason] of [
      ["", "the file is empty"],
      ['{"gateway":', "invalid end of input at 1:12"],
      ["[]", "expected an object at the top"],
      ['{"gateway":{}}', "gateway.mode is missing; the live file has it, and OpenClaw does not start without"],
    ] as const) {
      await mounts.config.publish({ "openclaw.json": config });
      const { exitCode, messages } = await run(["sync", "--only", "config"]);
      expect(messages).toEqual([`WARNING: Config rejected, ${live} stays as it is: ${reason}`]);
      expect(exitCode).toBe(1);
      expect(await readMaybe(live)).toBe('{"gateway":{"mode":"local"}}');
    }
  });

  test("logs one JSON object per line when told to", async () => {
    const { stdout } = await run(["sync", "--only", "config", "--log-format=json"]);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        level: "warn",
        message: `WARNING: Config file not found: ${mounts.config.path}/openclaw.json`,
      },
    ]);
  });
});

describe("config-manager validate", () => {
  const JOBS = JSON.stringify([{ name: "backup", schedule: "@daily", command: "true" }]);
  const BAD_SETTINGS = { POLL_INTERVAL: "abc", ...NO_GATEWAY };

  test("checks files without a gateway and settings, and exits with 0 or 1", async () => {
    const [good, bad] = ["good.json", "bad.yaml"].map((name) => join(mounts.root, name)) as [string, string];
    await writeFile(good, JOBS);
    await writeFile(bad, "- name: x\n  schedule: '@daily'\n  comand: ls\n");
    expect(await run(["validate", good], BAD_SETTINGS)).toMatchObject({
      exitCode: 0,
      stdout: `${good}: 1 job, no problem\n`,
      stderr: "",
    });
    const { exitCode, stdout } = await run(["validate", good, bad], BAD_SETTINGS);
    expect(stdout.split("\n")).toEqual([
      `${bad}: x: comand: unknown field, did you mean command?`,
      `${bad}: x: command: expected exactly one of command, message, systemEvent, payload but received none of them`,
      `${good}: 1 job, no problem`,
      "",
    ]);
    expect(exitCode).toBe(1);
  });

  test("checks stdin, a ConfigMap too", async () => {
    const manifest = `kind: ConfigMap\ndata:\n  cron-jobs.json: |\n    ${JOBS}\n`;
    const fromStdin = ["sh", "-c", 'printf %s "$0" | "$@"', manifest, BINARY];
    expect(await runBinary(["validate", "-"], mounts.environment({}), fromStdin)).toMatchObject({
      exitCode: 0,
      stdout: "stdin#cron-jobs.json: 1 job, no problem\n",
    });
  });

  test("checks the mounted ConfigMaps if no file is named", async () => {
    await mounts.config.publish({ "openclaw.json": "{" });
    await mounts.publishJobs([]);
    expect(await run(["validate"])).toMatchObject({
      exitCode: 1,
      stdout: [
        `${mounts.config.path}/openclaw.json: invalid end of input at 1:2`,
        `${mounts.cron.path}/cron-jobs.json: 0 jobs, no problem`,
        "",
      ].join("\n"),
    });
  });

  test("says on stderr if there is nothing to check, and what to type if nothing is mounted", async () => {
    const file = join(mounts.root, "deployment.yaml");
    await writeFile(file, "kind: Deployment\n");
    expect(await run(["validate", file])).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: `warning: ${file}: nothing to check in it: kind Deployment\n`,
    });
    const { exitCode, stderr } = await run(["validate"], { CONFIG_DIR: "/no/config.d", CRON_DIR: "/no/cron.d" });
    expect([exitCode, stderr]).toEqual([
      64,
      "error: no openclaw.json in /no/config.d, and no definition file in /no/cron.d\nhint: config-manager validate FILE…\n",
    ]);
  });

  test("prints all of its output, however slowly it is read", async () => {
    // A pipe holds 64 KiB.
    const jobs = Array.from({ length: 450 }, (_, index) => ({
      name: `job-${index}-${"x".repeat(200)}`,
      schedule: "@daily",
      comand: "x",
    }));
    const file = join(mounts.root, "many.json");
    await writeFile(file, JSON.stringify(jobs));
    const slowly = ["sh", "-c", '"$@" | { sleep 0.5; wc -l; }', "sh", BINARY];
    expect((await runBinary(["validate", file], mounts.environment({}), slowly)).stdout.trim()).toBe("900");
  });
});

test.each([["help"], ["schema"], ["licenses"], ["validate"]])(
  "%s ends with 1 where its output cannot be written",
  async (command) => {
    await mounts.publishJobs([]);
    const toFullDisk = ["sh", "-c", '"$@" > /dev/full', "sh", BINARY];
    expect(await runBinary([command], mounts.environment({}), toFullDisk)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("error: cannot write the output: ENOSPC\n"),
    });
  },
);

test("config-manager licenses prints all of lib/commands/licenses.json", async () => {
  const { exitCode, stdout, stderr } = await run(["licenses"], { POLL_INTERVAL: "abc" });
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(stdout).toBe(renderLicenses());
});

describe("config-manager schema", () => {
  test("prints the JSON Schema of a definition file", async () => {
    const { exitCode, stdout, stderr } = await run(["schema"], { POLL_INTERVAL: "abc" });
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ $schema: "http://json-schema.org/draft-07/schema#" });
  });
});
