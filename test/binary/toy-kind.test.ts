// The test of the design: a new kind of setting is a new folder and one line. It puts a toy kind (test/support/toy) into
// a copy of the sources, adds its line to lib/commands/kinds.ts, and expects it in everything that iterates over kinds.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "../support/free-port.ts";
import { REPOSITORY } from "../support/repository.ts";
import { type Mounts, createMounts, readMaybe, runBinary, startSidecar } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const LINE = '  toy: async (context) => (await import("../toy/kind.ts")).createMotdReconciler(context),\n';
const CONFIG = '{ "gateway": { "mode": "local" } }';

let copy: string;
let mounts: Mounts;
let motd: string;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), "config-manager-toy-"));
  for (const name of ["manager.ts", "package.json", "lib"]) {
    await cp(join(REPOSITORY, name), join(copy, name), { recursive: true });
  }
  await symlink(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));

  // The folder. In its place, the imports of lib/ are one step shorter.
  const toy = join(REPOSITORY, "test/support/toy");
  await cp(toy, join(copy, "lib/toy"), { recursive: true });
  for (const name of await readdir(toy)) {
    const text = await readFile(join(toy, name), "utf8");
    await writeFile(join(copy, "lib/toy", name), text.replaceAll('"../../../lib/', '"../'));
  }
  // The line.
  const list = join(copy, "lib/commands/kinds.ts");
  const text = await readFile(list, "utf8");
  const next = text.replace(/^ {2}cron: async .*\n/m, (line) => line + LINE);
  expect(next).toHaveLength(text.length + LINE.length);
  await writeFile(list, next);

  mounts = await createMounts();
  motd = join(mounts.root, "motd.txt");
  await mounts.config.publish({ "openclaw.json": CONFIG, "motd.txt": "hello" });
  await mounts.publishJobs([]);
});

afterAll(async () => {
  await mounts.dispose();
  await rm(copy, { recursive: true });
});

/** There is no gateway: nothing here needs one. */
const environment = (more: Record<string, string> = {}) =>
  mounts.environment({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1", ...more });
const program = () => [process.execPath, join(copy, "manager.ts")];
const run = (...args: string[]) => runBinary(args, environment(), program());

describe("a third kind of setting, by its folder and its line", () => {
  test("is a choice of --only", async () => {
    const { stdout } = await run("help", "sync");
    expect(stdout.replaceAll(/\s+/g, " ")).toContain('(choices: "config", "cron", "toy", ');
  });

  test("is in diff, as text and as JSON, and changes the exit code", async () => {
    expect((await run("diff")).stdout).toContain(`Message: ${motd}\n  ~ write ${motd}\n`);
    expect((await run("diff")).stdout).toContain(", 1 message to write");
    const { stdout } = await run("diff", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ toy: { action: "update", problems: [] }, changes: 2 });
  });

  test("is in status, as text and as JSON", async () => {
    const { stdout } = await run("status");
    expect(stdout).toMatch(/^Not healthy: gateway away, config pending, cron unknown, toy pending$/m);
    expect(stdout).toMatch(new RegExp(`^toy {6}pending {2}${motd}$`, "m"));
    const json = JSON.parse((await run("status", "--json")).stdout) as Record<string, unknown>;
    expect(json.toy).toEqual({ state: "pending", problems: [], length: 1 });
    expect(Object.keys(json).slice(0, 6)).toEqual(["healthy", "version", "gateway", "config", "cron", "toy"]);
  });

  test("is in doctor", async () => {
    const { checks } = JSON.parse((await run("doctor", "--json")).stdout) as {
      checks: { name: string; state: string }[];
    };
    expect(checks.find(({ name }) => name === "message")).toMatchObject({ state: "warning" });
  });

  test("is synced alone, or with the others", async () => {
    const alone = await run("sync", "--only", "toy");
    expect([alone.exitCode, alone.messages]).toEqual([0, [`Message written: ${motd}`]]);
    expect(await readMaybe(join(mounts.root, "openclaw.json"))).toBeUndefined();
    await rm(motd);
    expect((await run("sync")).messages).toContain(`Message written: ${motd}`);
    expect(await readMaybe(motd)).toBe("hello");
  });

  test("is prepared at the start of a Pod", async () => {
    await rm(motd);
    const { exitCode, messages } = await run("init");
    expect([exitCode, messages.includes(`Message written: ${motd}`)]).toEqual([0, true]);
  });

  test("has a loop of its own in the sidecar, and is in the banner, readiness, health, metrics and wait", async () => {
    const port = await findFreePort();
    const token = { OPENCLAW_GATEWAY_TOKEN: "s3cret" };
    const sidecar = startSidecar(environment({ CONFIG_MANAGER_HTTP_PORT: String(port), ...token }), ["run"], program());
    try {
      await sidecar.waitFor(`  Monitoring: ${mounts.config.path} (message of the day)`);
      const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).then((response) => response.text());
      await until("the first pass", async () => (await get("/readyz")).includes("toy: first pass done"));
      await mounts.config.publish({ "openclaw.json": CONFIG, "motd.txt": "changed" });
      await sidecar.waitFor(`Message written: ${motd}`);
      expect(await readMaybe(motd)).toBe("changed");
      expect(await get("/healthz")).toMatch(/^toy: (?:idle|working)/m);
      const url = `http://127.0.0.1:${port}`;
      const waited = await runBinary(["wait", "--url", url, "--timeout", "0"], environment(token), program());
      expect(waited.stderr).toContain("toy: in force (md5 changed)\n");
      expect(waited.exitCode).toBe(2); // no gateway has said that the config is
      const metrics = await get("/metrics");
      expect(metrics).toContain("\nconfig_manager_toy_written 1\n");
      expect(metrics).toContain('config_manager_passes_total{reconciler="toy",result="equal"}');
    } finally {
      await sidecar.dispose();
    }
  });
});
