// The built binary under change, kills and bad volumes: no reader sees half a skill, nothing of the agent's is lost, and
// nothing is left behind. There is no gateway.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NAMES, generation, readSkill, roundOf, startAgent } from "../support/busy-agent.ts";
import { killUnderChange } from "../support/kills.ts";
import { type Mounts, createMounts, readMaybe, runBinary, startSidecar } from "../support/sidecar.ts";
import { type SmallVolume, canMountSmallVolume, mountSmallVolume } from "../support/small-volume.ts";
import { runs } from "../support/soak.ts";
import { until } from "../support/until.ts";
import { type Volume, createVolume } from "../support/volume.ts";

const CAN_MOUNT = await canMountSmallVolume();
if (!CAN_MOUNT) console.log("(skip) full and read-only volumes: no tmpfs can be mounted here");

let mounts: Mounts;
let volume: Volume;

beforeEach(async () => {
  mounts = await createMounts();
  volume = await createVolume(join(mounts.root, "workspace.d"));
});
afterEach(() => mounts.dispose());

async function layOut(state: string): Promise<Record<string, string>> {
  await mkdir(state, { recursive: true });
  await writeFile(join(state, "openclaw.json"), '{"gateway":{"mode":"local"}}');
  return mounts.environment({
    PVC_CONFIG: join(state, "openclaw.json"),
    STAGING_DIR: join(state, "cron-config"),
    WORKSPACE_DIR: volume.path,
    OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1",
    POLL_INTERVAL: "3600",
  });
}

test("kills under constant change: no half skill at any time, nothing of the agent's gone, nothing left over", async () => {
  const state = join(mounts.root, ".openclaw");
  const env = await layOut(state);
  const workspace = join(state, "workspace");
  const skill = join(workspace, "skills/foo");
  const agent = startAgent(workspace);
  const seen = await killUnderChange({
    count: runs(300),
    publish: (round) => volume.publish(generation(round)),
    start: async () => startSidecar(env),
    judge: async () => (await readMaybe(join(skill, "b.md"))) ?? "none",
  });
  await agent.stop();
  expect(seen).toBeGreaterThan(1);
  expect(agent.half).toBeUndefined();

  await volume.publish(generation(99_999));
  const last = await runBinary(["sync", "--only", "workspace"], env);
  expect([last.exitCode, last.stderr]).toEqual([0, ""]);
  expect((await readdir(state)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  const damage = await agent.findDamage();
  expect(damage).toMatchObject({ lost: [], strays: [] });
  expect(damage.edits).toBeGreaterThan(5);
  expect(await readFile(join(skill, "b.md"), "utf8")).toBe("git 99999\n");
  expect((await runBinary(["sync", "--only", "workspace"], env)).messages).toEqual([]);
}, 600_000);

test("swaps during passes: a skill is always of one generation, and in the end of the last", async () => {
  const state = join(mounts.root, ".openclaw");
  const env = await layOut(state);
  const skill = join(state, "workspace/skills/foo");
  await volume.publish(generation(0));
  const sidecar = startSidecar(env);
  try {
    await sidecar.waitFor("Workspace sync complete");
    for (let round = 1; round <= 60; round++) {
      const swap = await volume.prepare(generation(round));
      swap.perform();
      const files = await readSkill(skill);
      if (files) expect(new Set(NAMES.map((name) => roundOf(files.get(name)))).size).toBe(1);
      await swap.finish();
    }
    await until("the last one", async () => (await readMaybe(join(skill, "b.md"))) === "git 60\n");
    // A reader sees the files a moment before the pass has cleared its own away.
    const list = async () => (await readdir(join(state, "workspace"))).toSorted().join();
    await until("nothing but Git's", async () => (await list()) === "AGENTS.md,docs,skills");
    expect(sidecar.messages().filter((line) => /WARNING.*orkspace/.test(line))).toEqual([]);
  } finally {
    await sidecar.dispose();
  }
});

describe("a volume", () => {
  test.skipIf(!CAN_MOUNT).each([
    [
      "full",
      "ENOSPC",
      (small: SmallVolume) => writeFile(small.scratch.in("filler"), new Uint8Array(1 << 20)).catch(() => undefined),
      (small: SmallVolume) => rm(small.scratch.in("filler")),
    ],
    ["read-only", "EROFS", (small: SmallVolume) => small.remount("ro"), (small: SmallVolume) => small.remount("rw")],
  ] as const)(
    "that is %s keeps the old files, is told once, and takes the new ones when it can",
    async (_, code, spoil, mend) => {
      await using small = await mountSmallVolume();
      const env = await layOut(small.scratch.path);
      const skill = small.scratch.in("workspace/skills/foo");
      await volume.publish(generation(1));
      const sidecar = startSidecar(env);
      try {
        await sidecar.waitFor("Workspace sync complete");
        const from = sidecar.messages().length;
        await spoil(small);
        await volume.publish({ ...generation(2), "AGENTS.md": "x".repeat(8_192) });
        expect(await sidecar.waitFor(/^WARNING: Failed to .*workspace/, from)).toContain(`: ${code} (`);
        sidecar.signal("SIGHUP");
        expect((await readSkill(skill))?.get("a.md")).toBe("git 1\n");
        await mend(small);
        await sidecar.waitFor("Workspace sync complete", from);
        expect((await readSkill(skill))?.get("a.md")).toBe("git 2\n");
        const told = sidecar
          .messages()
          .slice(from)
          .filter((line) => /^WARNING.*orkspace/.test(line));
        expect(told).toHaveLength(1);
        expect((await readdir(small.scratch.in("workspace"))).filter((name) => name.startsWith("."))).toEqual([]);
      } finally {
        await sidecar.dispose();
      }
    },
  );
});
