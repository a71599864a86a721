// The sources, run by zx without a build, as a shell runs manager.sh: under Bun, and under Node, which strips the
// types itself.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { run } from "../support/process.ts";
import { getNode } from "../support/release.ts";
import { REPOSITORY } from "../support/repository.ts";
import { type Mounts, createMounts } from "../support/sidecar.ts";

const ZX = resolve(REPOSITORY, "node_modules/.bin/zx");

const RUNTIMES: Record<string, () => Promise<string[]>> = {
  Bun: async () => [process.execPath, "--bun"],
  Node: async () => [await getNode()],
};

describe.each(Object.entries(RUNTIMES))("zx manager.ts under %s", (_, findRuntime) => {
  let mounts: Mounts;
  let runtime: string[];
  beforeAll(async () => {
    mounts = await createMounts();
    runtime = await findRuntime();
  });
  afterAll(() => mounts.dispose());

  const zx = (...args: string[]) => {
    const [program = "", ...first] = runtime;
    const env = mounts.environment({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1", NO_COLOR: "1" });
    return run(program, [...first, ZX, ...args], { env, cwd: REPOSITORY });
  };

  test("version is that of the sources", async () => {
    expect(await zx("manager.ts", "version")).toMatchObject({
      exitCode: 0,
      stdout: `config-manager ${packageJson.version} (source)\n`,
      stderr: "",
    });
  });

  test("reads the arguments after its own name, and leaves zx its options", async () => {
    expect(await zx("--quiet", resolve(REPOSITORY, "manager.ts"), "reconcile")).toMatchObject({
      exitCode: 64,
      stdout: "",
      stderr: "error: unknown command or argument: reconcile\nhint: config-manager help\n",
    });
  });

  test("status reports a gateway that is away, and exits with 1", async () => {
    const { exitCode, stdout, stderr } = await zx("manager.ts", "status");
    expect(stdout).toContain("gateway  away  ws://127.0.0.1:1\n");
    expect(stdout).toContain("the gateway at ws://127.0.0.1:1 cannot be reached: ");
    expect([exitCode, stderr]).toEqual([1, ""]);
  });

  test("sync delivers a config", async () => {
    await mounts.config.publish({ "openclaw.json": '{ gateway: { mode: "local" } }' });
    const { exitCode, stdout, stderr } = await zx("manager.ts", "sync", "--only", "config");
    expect(stdout).toContain(`Config copied to PVC: ${mounts.root}/openclaw.json\n`);
    expect([exitCode, stderr]).toEqual([0, ""]);
  });
});
