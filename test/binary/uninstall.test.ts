// `config-manager uninstall` on a volume as a real sidecar leaves it. There is no gateway.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeBase, writePending } from "../../lib/approvals/record.ts";
import { temporaryPathOf } from "../../lib/files/temporary.ts";
import { readDevice } from "../../lib/gateway/device.ts";
import { findFreePort } from "../support/free-port.ts";
import { type Mounts, createMounts, runBinary, startSidecar } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { createVolume } from "../support/volume.ts";

const CONFIG = '{ "gateway": { "mode": "local", "port": 18789 }, "agents": { "$include": "./agents.json5" } } // Git\n';
const JOB = { name: "nightly", schedule: "0 3 * * *", command: "true" };

let mounts: Mounts;
let state: string;
let env: Record<string, string>;

const run = (...args: string[]) => runBinary(args, env);

/** All files below a directory with their text. */
async function filesOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = files.map(async (path) => [path.slice(directory.length + 1), await readFile(path, "utf8")] as const);
  return Object.fromEntries(await Promise.all(texts));
}

/** The volume, the copies of secrets and the checksums: all that config-manager writes to. */
const written = async () => Object.keys(await filesOf(join(mounts.root, "written")));

const isReady = (url: string) =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

beforeAll(async () => {
  mounts = await createMounts();
  state = join(mounts.root, "written/.openclaw");
  const workspace = await createVolume(join(mounts.root, "workspace.d"));
  const secrets = await createVolume(join(mounts.root, "secrets.d"));
  await mkdir(state, { recursive: true });
  env = mounts.environment({
    PVC_CONFIG: join(state, "openclaw.json"),
    STAGING_DIR: join(state, "cron-config"),
    CHECKSUM_DIR: join(mounts.root, "written/checksums"),
    WORKSPACE_DIR: workspace.path,
    SECRETS_DIR: secrets.path,
    SECRETS_TARGET_DIR: join(mounts.root, "written/secrets"),
    OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1",
    CONFIG_MANAGER_HTTP_PORT: String(await findFreePort()),
  });
  await mounts.config.publish({ "openclaw.json": CONFIG, "agents.json5": "{}" });
  await mounts.publishJobs([JOB]);
  await workspace.publish({ "AGENTS.md": "# Agents\n" });
  await secrets.publish({ "api-key": "first" });
  expect((await run("init")).exitCode).toBe(0);
  await secrets.publish({ "api-key": "second" });
});
afterAll(() => mounts.dispose());

describe("uninstall", () => {
  test("beside a sidecar is refused; --dry-run lists all the same, and changes nothing", async () => {
    const sidecar = startSidecar(env);
    try {
      await until("the port", () => isReady(`http://127.0.0.1:${env.CONFIG_MANAGER_HTTP_PORT}/healthz`));
      await until("the new secret", async () => (await written()).includes("secrets/..config-manager/former/api-key"));
      const refused = await run("uninstall");
      expect([refused.exitCode, refused.stdout]).toEqual([1, ""]);
      expect(refused.stderr).toContain(`a sidecar answers on port ${env.CONFIG_MANAGER_HTTP_PORT}`);
      const dry = await run("uninstall", "--dry-run");
      expect([dry.exitCode, dry.stderr]).toEqual([0, ""]);
      expect(dry.stdout).toContain(`  ${state}/openclaw.json.config-manager-applied\n`);
      expect(dry.stdout).toContain("A sidecar runs in this Pod.");
    } finally {
      sidecar.signal("SIGTERM");
      expect(await sidecar.exited).toBe(0);
    }
  });

  test("removes what is ours, by its exact name; what is in use stays, byte for byte, and what is like ours", async () => {
    // What takes a gateway, and what a kill leaves.
    const places = { pvcConfig: env.PVC_CONFIG ?? "", checksumDir: env.CHECKSUM_DIR ?? "" };
    await writeBase(places, Buffer.from('{"version":1}'));
    await writePending(places, {});
    await readDevice(join(state, "config-manager-device.pem"), { mayCreate: true });
    for (const path of [
      "openclaw.json",
      "agents.json5",
      "openclaw.json.config-manager-good",
      "cron-config/cron-jobs.json",
    ])
      await writeFile(temporaryPathOf(join(state, path)), "left");
    // What others have, by names that are like ours.
    const theirs = [
      "openclaw.json.bak",
      "openclaw.json.config-manager-notes",
      "config-manager-workspace.json.bak",
      ".openclaw.json.config-manager-mine.tmp",
      "cron-config/README.md",
      "cron-config/broken.json",
    ];
    for (const path of theirs) await writeFile(join(state, path), "theirs");
    await writeFile(join(mounts.root, "outside"), "outside");
    await symlink(join(mounts.root, "outside"), join(state, "openclaw.json.config-manager-rejected"));
    const before = await filesOf(join(mounts.root, "written"));
    await cp(join(mounts.root, "written"), join(mounts.root, "before"), { recursive: true });

    const dry = await run("uninstall", "--dry-run");
    expect(await filesOf(join(mounts.root, "written"))).toEqual(before);
    const { exitCode, stdout, stderr } = await run("uninstall");
    expect([exitCode, stderr]).toEqual([1, ""]); // of the link
    expect(stdout).toBe(dry.stdout.replace(/^Would remove/, "Removed"));

    const stays = [
      ...theirs.map((path) => `.openclaw/${path}`),
      ".openclaw/openclaw.json",
      ".openclaw/agents.json5",
      ".openclaw/workspace/AGENTS.md",
      "secrets/api-key",
    ];
    const after = await filesOf(join(mounts.root, "written"));
    expect(Object.keys(after).toSorted()).toEqual(stays.toSorted());
    for (const path of stays) expect([path, after[path]]).toEqual([path, before[path]]);
    expect(await readFile(join(mounts.root, "outside"), "utf8")).toBe("outside");
    expect(await readdir(join(mounts.root, "written"))).not.toContain("checksums");

    const removed = stdout.slice(0, stdout.indexOf("Stays")).split("\n").slice(1, -1);
    const gone = Object.keys(before).filter((path) => !stays.includes(path));
    expect(gone.length).toBeGreaterThan(12);
    expect(removed.map((line) => line.trim()).toSorted()).toEqual(
      gone.map((path) => join(mounts.root, "written", path)).toSorted(),
    );
    expect(stdout).toContain(`${state}/openclaw.json.config-manager-rejected is a symbolic link`);
  });

  test("names all that stays, with no value of a secret, and once more finds nothing", async () => {
    const { stdout } = await run("uninstall");
    expect(stdout).toStartWith("Removed:\n  nothing\n");
    expect(stdout).toContain(`config: ${state}/openclaw.json, with the files that it includes (agents.json5)`);
    expect(stdout).toContain("cron: the jobs stay in the gateway and go on running");
    expect(stdout).toContain("config-manager:NAME, or [managed-by=config-manager]");
    expect(stdout).toContain(`${state}/cron-config: not staged by config-manager, left alone: README.md, broken.json`);
    const before = await readFile(join(mounts.root, "before/secrets/api-key"), "utf8");
    expect(before).toBe("second");
    expect(stdout).not.toMatch(/first|second/);
  });

  test("a sidecar that comes later finds what a first install would find", async () => {
    const again = await run("sync");
    // The same volume without anything of ours, as somebody would have it who comes to config-manager today.
    const fresh = join(mounts.root, "fresh");
    for (const path of ["openclaw.json", "agents.json5", "workspace/AGENTS.md"]) {
      await mkdir(dirname(join(fresh, path)), { recursive: true });
      await cp(join(mounts.root, "before/.openclaw", path), join(fresh, path));
    }
    const first = await runBinary(["sync"], {
      ...env,
      PVC_CONFIG: join(fresh, "openclaw.json"),
      STAGING_DIR: join(fresh, "cron-config"),
      CHECKSUM_DIR: join(fresh, "checksums"),
      SECRETS_TARGET_DIR: join(fresh, "secrets"),
    });
    const comparable = (messages: readonly string[]) =>
      messages
        .map((line) => line.replaceAll(fresh, state).replaceAll(`${state}/secrets`, `${mounts.root}/written/secrets`))
        .filter((line) => !/secret|left alone|Ignored/i.test(line)); // copies are there, and what was planted
    expect(comparable(again.messages)).toEqual(comparable(first.messages));
    expect(again.messages.length).toBeGreaterThan(0);
  });
});
