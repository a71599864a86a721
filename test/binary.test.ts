// The built binary by itself: what it says and how it ends. What it does stands in e2e.test.ts.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { BINARY, type Mounts, createMounts, readMaybe, runBinary } from "./support/sidecar.ts";

let mounts: Mounts;
beforeEach(async () => {
  mounts = await createMounts();
});
afterEach(() => mounts.dispose());

const run = (args: string[], more: Record<string, string> = {}) => runBinary(args, mounts.environment(more));

/** Nothing listens there. */
const NO_GATEWAY = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" };

describe("config-manager", () => {
  test.each([["version"], ["--version"], ["-V"]])("%s tells version and commit", async (word) => {
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

  test("bad settings end with exit 64, all of them told by the name they came in by", async () => {
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

  test("sync delivers the config and ends with 1 where no gateway answers for the jobs", async () => {
    await mounts.config.publish({ "openclaw.json": '{ gateway: { mode: "local" } } // JSON5' });
    await mounts.publishJobs([]);
    const { exitCode, messages } = await run(["sync"], NO_GATEWAY);
    expect(messages).toEqual([
      `Config change detected in ${mounts.config.path}/openclaw.json`,
      `Config copied to PVC: ${mounts.root}/openclaw.json`,
      "  Changed: gateway.mode (restart)",
      "  Not judged yet: no gateway to ask",
      "Config update complete (openclaw will auto-detect via chokidar)",
      `Cron config change detected in ${mounts.cron.path}/cron-jobs.json`,
      "WARNING: Failed to sync cron jobs: the gateway at ws://127.0.0.1:1 cannot be reached: connect ECONNREFUSED 127.0.0.1:1",
    ]);
    expect(exitCode).toBe(1);
    expect(await readMaybe(join(mounts.root, "openclaw.json"))).toBe('{ gateway: { mode: "local" } } // JSON5');
    expect((await run(["sync", "--only", "config"])).stdout).toBe("");
  });

  test("a config that OpenClaw cannot start with is not delivered, and told by its reason", async () => {
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

  test("writes a log of one JSON object a line when told to", async () => {
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
