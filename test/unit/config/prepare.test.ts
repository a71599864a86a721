// The start of a Pod: what `init` delivers before any gateway runs. The whole of `init` is tested in
// test/unit/commands/init.test.ts.

import { chmod, chown, mkdir, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import type { ConfigPlan } from "../../../lib/config/plan.ts";
import { mustRun } from "../../support/process.ts";
import { createAsideWarnings } from "../../../lib/config/aside.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { isUsable, prepareConfig } from "../../../lib/config/prepare.ts";
import { pathOfRecord, readRecord, writeRecord } from "../../../lib/config/record.ts";
import type { ConfigMode } from "../../../lib/config/target.ts";
import { asOrdinaryUser, createScratch, generationOf, textsOf } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

const GIT = `// openclaw.json
{
  gateway: { mode: "local", auth: { mode: "token", token: "\${OPENCLAW_GATEWAY_TOKEN}" } },
  channels: { discord: { enabled: true, token: "\${DISCORD_TOKEN}" } },
}
`;
const ROOT = '{ gateway: { mode: "local" }, agents: { $include: "./agents.json5" } }';
const AGENTS = '{ list: [{ id: "main", model: "litellm/claude" }] } // agents\n';

/** What the last gateway has left. */
const LEFT = JSON.stringify({
  meta: { lastTouchedVersion: "2026.9.6" },
  gateway: { mode: "local", auth: { mode: "token", token: "${OPENCLAW_GATEWAY_TOKEN}" } },
  channels: { discord: { enabled: false, token: "${DISCORD_TOKEN}" } },
  plugins: { entries: { discord: { enabled: true } } },
});

interface Pod {
  git?: Record<string, string>;
  live?: Record<string, string>;
}

async function startPod({ git, live = {} }: Pod) {
  const scratch = await createScratch();
  await mkdir(scratch.in("pvc"));
  const volume = await createVolume(scratch.in("config.d"));
  if (git) await volume.publish(git);
  for (const [name, text] of Object.entries(live)) await writeFile(scratch.in("pvc", name), text);
  const pvcConfig = scratch.in("pvc", "openclaw.json");
  const places = { configDir: volume.path, pvcConfig, checksumDir: scratch.in("sums"), includeRoots: [] };
  const lines: string[] = [];
  const refusals: ConfigPlan["kind"][] = [];
  return {
    scratch,
    places,
    lines,
    refusals,
    prepare: (mode: ConfigMode = "auto") =>
      prepareConfig({
        places,
        mode,
        log: (line) => void lines.push(line.replaceAll(scratch.path, "/mnt")),
        aside: createAsideWarnings(createWarnings((line) => void lines.push(line.replaceAll(scratch.path, "/mnt")))),
        warnOfRefusal: async ({ kind }) => void refusals.push(kind),
      }),
    isUsable: () => isUsable(places),
    text: (name = "openclaw.json") => readFile(scratch.in("pvc", name), "utf8"),
    names: async () => (await readdir(scratch.in("pvc"))).toSorted(),
    applied: async () => textsOf(await readRecord(pvcConfig, "applied", { directory: scratch.in("pvc"), roots: [] })),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

const COPIED = "Config copied to PVC: /mnt/pvc/openclaw.json";

describe("prepareConfig()", () => {
  test("puts Git's bytes in the place of what the last gateway has left, and remembers them", async () => {
    await using pod = await startPod({ git: { "openclaw.json": GIT }, live: { "openclaw.json": LEFT } });
    expect(await pod.prepare()).toEqual({ kind: "equal" });
    expect(await pod.text()).toBe(GIT);
    expect(pod.lines).toEqual([COPIED]);
    expect(await pod.applied()).toEqual({ "openclaw.json": GIT });
  });

  test("keeps what is not in Git in the mode merge, and sets all that is", async () => {
    await using pod = await startPod({ git: { "openclaw.json": GIT }, live: { "openclaw.json": LEFT } });
    expect(await pod.prepare("merge")).toEqual({ kind: "equal" });
    expect(JSON.parse(await pod.text())).toEqual({
      ...JSON.parse(LEFT),
      channels: { discord: { enabled: true, token: "${DISCORD_TOKEN}" } },
    });
    expect(await pod.applied()).toEqual({ "openclaw.json": GIT });
  });

  test("puts Git's bytes in the mode replace as well", async () => {
    await using pod = await startPod({ git: { "openclaw.json": GIT }, live: { "openclaw.json": LEFT } });
    await pod.prepare("replace");
    expect(await pod.text()).toBe(GIT);
  });

  test("takes nothing out in the mode merge, whatever the record on the volume says: it may be forged", async () => {
    await using pod = await startPod({ git: { "openclaw.json": GIT }, live: { "openclaw.json": LEFT } });
    await writeRecord(pod.places.pvcConfig, "applied", generationOf(LEFT));
    await pod.prepare("merge");
    expect(JSON.parse(await pod.text())).toHaveProperty("plugins.entries.discord.enabled", true);
  });

  test("delivers included files, and removes those that it delivered before and Git no longer includes", async () => {
    const git = { "openclaw.json": ROOT, "agents.json5": AGENTS };
    await using pod = await startPod({ git });
    await pod.prepare();
    expect([await pod.text(), await pod.text("agents.json5")]).toEqual([ROOT, AGENTS]);
    expect(await pod.applied()).toEqual(git);
    expect(await pod.isUsable()).toBeTrue();

    await using next = await startPod({
      git: { "openclaw.json": GIT },
      live: { "openclaw.json": ROOT, "agents.json5": AGENTS, "notes.json5": "{}" },
    });
    await writeRecord(next.places.pvcConfig, "applied", generationOf(ROOT, { "agents.json5": AGENTS }));
    await next.prepare();
    expect(await next.names()).toEqual(["notes.json5", "openclaw.json", "openclaw.json.config-manager-applied"]);
  });

  test("forgets what counted as in sync under the last gateway", async () => {
    await using pod = await startPod({ git: { "openclaw.json": GIT }, live: { "openclaw.json": LEFT } });
    await writeRecord(pod.places.pvcConfig, "accepted", generationOf(LEFT));
    await pod.prepare();
    expect(await pod.names()).toEqual(["openclaw.json", "openclaw.json.config-manager-applied"]);
  });

  test("replaces a live file that it may not read: nobody else is going to mend it", async () => {
    await using pod = await startPod({ git: { "openclaw.json": GIT }, live: { "openclaw.json": LEFT } });
    await chmod(pod.scratch.path, 0o755);
    await chmod(pod.places.pvcConfig, 0);
    for (const path of [pod.scratch.in("pvc"), pod.places.pvcConfig]) await chown(path, 1000, 0);
    const isUsableAfter = await asOrdinaryUser(async () => {
      await pod.prepare();
      return pod.isUsable();
    });
    expect(await pod.text()).toBe(GIT);
    expect(isUsableAfter).toBeTrue();
  });

  test("puts the whole last good config back over a live one that is broken, if Git's is refused", async () => {
    await using pod = await startPod({ git: { "openclaw.json": "{" }, live: { "openclaw.json": "[" } });
    await writeRecord(pod.places.pvcConfig, "good", generationOf(ROOT, { "agents.json5": AGENTS }));
    expect(await pod.prepare()).toEqual({ kind: "rejected" });
    expect(pod.refusals).toEqual(["reject"]);
    expect([await pod.text(), await pod.text("agents.json5")]).toEqual([ROOT, AGENTS]);
    expect(pod.lines).toEqual(["Last good config put back: /mnt/pvc/openclaw.json"]);
    expect(await pod.applied()).toBeUndefined();
  });

  test("refuses a config of which an included file is missing, and keeps the live one", async () => {
    await using pod = await startPod({ git: { "openclaw.json": ROOT }, live: { "openclaw.json": LEFT } });
    expect(await pod.prepare()).toEqual({ kind: "rejected" });
    expect(await pod.text()).toBe(LEFT);
  });

  test("writes nothing if all is in place, but remembers it", async () => {
    await using pod = await startPod({ git: { "openclaw.json": GIT }, live: { "openclaw.json": GIT } });
    const { ino } = await stat(pod.places.pvcConfig);
    await pod.prepare();
    expect((await stat(pod.places.pvcConfig)).ino).toBe(ino);
    expect(pod.lines).toEqual([]);
    expect(await pod.applied()).toEqual({ "openclaw.json": GIT });
    const record = pathOfRecord(pod.places.pvcConfig, "applied");
    const { ino: before } = await stat(record);
    await pod.prepare();
    expect((await stat(record)).ino).toBe(before);
  });

  test("writes nothing into the checksums: they are those of a gateway's container", async () => {
    await using pod = await startPod({ git: { "openclaw.json": GIT } });
    await pod.prepare();
    expect(await readdir(pod.scratch.path)).not.toContain("sums");
  });
});

describe("isUsable()", () => {
  test.each<[string, Record<string, string>, boolean]>([
    ["a config", { "openclaw.json": GIT }, true],
    ["an empty object", { "openclaw.json": "{}" }, true],
    ["a config with its included files", { "openclaw.json": ROOT, "agents.json5": AGENTS }, true],
    ["a config without an included file", { "openclaw.json": ROOT }, false],
    ["a config with a broken included file", { "openclaw.json": ROOT, "agents.json5": "{" }, false],
    ["nothing", {}, false],
    ["a broken file", { "openclaw.json": "{" }, false],
    ["a list", { "openclaw.json": "[]" }, false],
  ])("of %s", async (_, live, expected) => {
    await using pod = await startPod({ live });
    expect(await pod.isUsable()).toBe(expected);
  });

  test("is about what OpenClaw finds, which follows links", async () => {
    await using pod = await startPod({});
    await writeFile(pod.scratch.in("elsewhere"), '{ $include: "./more.json5" }');
    await writeFile(pod.scratch.in("more"), GIT);
    await symlink(pod.scratch.in("elsewhere"), pod.places.pvcConfig);
    expect(await pod.isUsable()).toBeFalse();
    await symlink(pod.scratch.in("more"), pod.scratch.in("pvc", "more.json5"));
    expect(await pod.isUsable()).toBeTrue();
  });

  test("is false for a file that may not be read, and for a pipe", async () => {
    await using pod = await startPod({ live: { "openclaw.json": GIT } });
    await chmod(pod.scratch.path, 0o755);
    await chmod(pod.places.pvcConfig, 0);
    expect(await asOrdinaryUser(() => isUsable(pod.places))).toBeFalse();
    await mustRun("mkfifo", [pod.scratch.in("pipe")]);
    expect(await isUsable({ ...pod.places, pvcConfig: pod.scratch.in("pipe") })).toBeFalse();
  });
});
