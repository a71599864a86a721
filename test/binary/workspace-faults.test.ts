// The built binary under change, kills and bad volumes: no reader sees half a skill, nothing of the agent's is lost, and
// nothing is left behind. There is no gateway.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, constants, writeFileSync } from "node:fs";
import { mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Folder } from "../../lib/files/folder.ts";
import { killUnderChange } from "../support/kills.ts";
import { type Mounts, createMounts, readMaybe, runBinary, startSidecar } from "../support/sidecar.ts";
import { type SmallVolume, canMountSmallVolume, mountSmallVolume } from "../support/small-volume.ts";
import { runs } from "../support/soak.ts";
import { until } from "../support/until.ts";
import { type Volume, createVolume } from "../support/volume.ts";

/** To the end of a file that is there. */
const APPEND = constants.O_WRONLY | constants.O_APPEND;

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

/** What is in a skill's folder, if it was the same folder all the time; undefined if it was replaced meanwhile. */
async function readSkill(path: string): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    await using folder = await Folder.open(path);
    const files = new Map<string, string>();
    for (const name of await folder.list()) files.set(name, await readFile(folder.at(name), "utf8"));
    const [before, after] = [await stat(folder.at(".")), await stat(path)];
    return before.ino === after.ino ? files : undefined;
  } catch {
    return undefined; // replaced while it was read
  }
}

const NAMES = ["SKILL.md", "a.md", "b.md", "c.md", "run.sh"];

const generation = (round: number) => ({
  "AGENTS.md": `git ${round}\n`,
  ...Object.fromEntries(NAMES.map((name) => [`skills/foo/${name}`, `git ${round}\n`])),
  "skills/foo/run.sh": { content: `git ${round}\n`, mode: 0o755 },
  // Another number of files each time.
  ...(round % 3 === 0 ? { "skills/foo/extra.md": `git ${round}\n`, "docs/x.md": `git ${round}\n` } : {}),
});

test("kills under constant change: no half skill at any time, nothing of the agent's gone, nothing left over", async () => {
  const state = join(mounts.root, ".openclaw");
  const env = await layOut(state);
  const workspace = join(state, "workspace");
  const skill = join(workspace, "skills/foo");
  const texts: string[] = [];
  const isDone = new AbortController();
  let half: string | undefined;

  const reading = (async () => {
    while (!isDone.signal.aborted) {
      const files = await readSkill(skill);
      const git = [...(files ?? [])].filter(([name]) => NAMES.includes(name)).map(([, text]) => text.split("\n")[0]);
      if (files && (git.length !== NAMES.length || new Set(git).size !== 1)) half ??= JSON.stringify([...files]);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  const editing = (async () => {
    for (let edit = 0; !isDone.signal.aborted; edit++) {
      await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 60));
      const text = `agent ${edit};`;
      try {
        if (edit % 3 === 0)
          appendFileSync(join(workspace, "AGENTS.md"), `${text}\n`, { flag: APPEND as unknown as string });
        else if (edit % 3 === 1) writeFileSync(join(skill, `own-${edit}.txt`), text);
        else appendFileSync(join(skill, "a.md"), `${text}\n`, { flag: APPEND as unknown as string });
        texts.push(text);
      } catch {
        // The file is not there yet.
      }
    }
  })();

  const seen = await killUnderChange({
    count: runs(300),
    publish: (round) => volume.publish(generation(round)),
    start: async () => startSidecar(env),
    judge: async () => (await readMaybe(join(skill, "b.md"))) ?? "none",
  });
  isDone.abort();
  await Promise.all([reading, editing]);
  expect(seen).toBeGreaterThan(1);
  expect(half).toBeUndefined();

  await volume.publish(generation(99_999));
  const last = await runBinary(["sync", "--only", "workspace"], env);
  expect([last.exitCode, last.stderr]).toEqual([0, ""]);
  const entries = await readdir(workspace, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const names = files.map((path) => path.slice(workspace.length));
  expect(names.filter((name) => name.includes("config-manager"))).toEqual([]);
  // Of what only Git has written, nothing counts as the agent's.
  expect(names.filter((name) => name.includes(".from-agent") && !/AGENTS\.md|a\.md/.test(name))).toEqual([]);
  expect((await readdir(state)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  const all = (await Promise.all(files.map((path) => readFile(path, "utf8")))).join("\n");
  expect(texts.length).toBeGreaterThan(5);
  expect(texts.filter((text) => !all.includes(text))).toEqual([]);
  expect(await readFile(join(skill, "SKILL.md"), "utf8")).toBe("git 99999\n");
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
      if (files) expect(new Set(NAMES.map((name) => files.get(name))).size).toBe(1);
      await swap.finish();
    }
    await until("the last one", async () => (await readMaybe(join(skill, "SKILL.md"))) === "git 60\n");
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
