import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { type ConfigPlaces, observeConfig, readLiveConfig } from "../../../lib/config/observe.ts";
import { writeRecord } from "../../../lib/config/record.ts";
import { asOrdinaryUser, createScratch, generationOf, refusalOf, textsOf } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

const RELEASE = "2026.9.6";
const PROBLEMS = ['agents: Unrecognized key: "nonsense"'];

/** What is observed if there is nothing. */
const NOTHING = {
  desired: undefined,
  observed: undefined,
  changedMs: undefined,
  backupMs: undefined,
  lastApplied: undefined,
  pending: undefined,
  applied: undefined,
  accepted: undefined,
  lastGood: undefined,
  lastGoodBase: undefined,
  clobbered: undefined,
  rejection: undefined,
  obstacles: [],
};

async function createPlaces() {
  const scratch = await createScratch();
  const volume = await createVolume(scratch.in("config.d"));
  const places: ConfigPlaces = {
    configDir: volume.path,
    pvcConfig: scratch.in("openclaw.json"),
    checksumDir: scratch.in("sums"),
    includeRoots: [scratch.in("shared")],
  };
  return { scratch, volume, places, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

describe("observeConfig()", () => {
  test("reads the desired, the observed and the last applied config", async () => {
    await using at = await createPlaces();
    await at.volume.publish({ "openclaw.json": "{a: 1}", "other.json": "{}" });
    await writeFile(at.places.pvcConfig, "{a: 2}");
    await mkdir(at.places.checksumDir);
    await writeFile(at.scratch.in("sums", "config"), "0123\n");
    expect(await observeConfig(at.places)).toEqual({
      ...NOTHING,
      desired: generationOf("{a: 1}"),
      observed: generationOf("{a: 2}"),
      changedMs: expect.any(Number),
      lastApplied: "0123",
    });
  });

  test("reads the records beside the live file", async () => {
    await using at = await createPlaces();
    const rejection = { checksum: "0123", release: RELEASE, problems: PROBLEMS };
    await writeFile(`${at.places.pvcConfig}.config-manager-good`, "{a: 3}");
    await writeFile(`${at.places.pvcConfig}.config-manager-rejected`, JSON.stringify(rejection));
    expect(await observeConfig(at.places)).toMatchObject({
      lastGood: { root: { bytes: Buffer.from("{a: 3}") } },
      rejection: { ...rejection, source: "record" },
    });
  });

  test("finds nothing in a new container without mounts", async () => {
    await using at = await createPlaces();
    expect(await observeConfig({ ...at.places, configDir: at.scratch.in("nowhere") })).toEqual(NOTHING);
  });

  test("reads no other file of the ConfigMap as openclaw.json", async () => {
    await using at = await createPlaces();
    await at.volume.publish({ "openclaw.json5": "{}", "OpenClaw.json": "{}" });
    expect((await observeConfig(at.places)).desired).toBeUndefined();
  });

  test.skipIf(!existsSync("/proc/self/fd"))("leaves no file open, however often it looks", async () => {
    await using at = await createPlaces();
    await writeFile(at.places.pvcConfig, "{}");
    await mkdir(at.scratch.in("directory"));
    for (const pvcConfig of [at.places.pvcConfig, at.scratch.in("directory")]) {
      await observeConfig({ ...at.places, pvcConfig });
    }
    const open = readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "";
      }
    });
    expect(open.filter((path) => path.startsWith(at.scratch.path))).toEqual([]);
  });

  test("reads neither a symbolic link nor a directory as the live file", async () => {
    await using at = await createPlaces();
    await writeFile(at.scratch.in("elsewhere.json"), "{}");
    await symlink(at.scratch.in("elsewhere.json"), at.places.pvcConfig);
    expect((await observeConfig(at.places)).observed).toBeUndefined();
    await mkdir(at.scratch.in("directory"));
    expect((await observeConfig({ ...at.places, pvcConfig: at.scratch.in("directory") })).observed).toBeUndefined();
    const beneath = at.scratch.in("elsewhere.json", "openclaw.json");
    expect((await observeConfig({ ...at.places, pvcConfig: beneath })).observed).toBeUndefined();
  });

  test("reports a live file that it may not read, rather than treat it as absent", async () => {
    await using at = await createPlaces();
    await chmod(at.scratch.path, 0o755);
    await writeFile(at.places.pvcConfig, "{}", { mode: 0 });
    expect(await asOrdinaryUser(() => refusalOf(observeConfig(at.places)))).toMatchObject({
      code: "file",
      message: `cannot read ${at.places.pvcConfig}: EACCES`,
    });
  });
});

describe("observeConfig() at the start of a Pod", () => {
  test("takes a live file that it may not read for a missing one: nobody else is going to mend it", async () => {
    await using at = await createPlaces();
    await chmod(at.scratch.path, 0o755);
    await writeFile(at.places.pvcConfig, "{}", { mode: 0 });
    const state = await asOrdinaryUser(() => observeConfig(at.places, { isPodStart: true }));
    expect(state.observed).toBeUndefined();
  });
});

describe("observeConfig() of a config with included files", () => {
  const ROOT = '{gateway: {$include: "./gateway.json5"}, agents: {$include: "./agents/all.json5"}}';
  const GATEWAY = '{mode: "local", auth: {token: "${OPENCLAW_GATEWAY_TOKEN}"}}';
  const AGENTS = '{list: [{id: "main"}], defaults: {$include: "./defaults.json5"}}';
  const DEFAULTS = '{workspace: "~/ghq"}';

  test("reads them from the ConfigMap and beside the live file, nested ones too", async () => {
    await using at = await createPlaces();
    const root = '{gateway: {$include: "./gateway.json5"}, agents: {$include: "./agents.json5"}}';
    const files = { "gateway.json5": GATEWAY, "agents.json5": AGENTS, "defaults.json5": DEFAULTS };
    await at.volume.publish({ "openclaw.json": root, ...files, "unrelated.json5": "{" });
    await writeFile(at.places.pvcConfig, ROOT);
    await mkdir(at.scratch.in("agents"));
    await writeFile(at.scratch.in("gateway.json5"), GATEWAY);
    await writeFile(at.scratch.in("agents", "all.json5"), AGENTS);
    await writeFile(at.scratch.in("agents", "defaults.json5"), DEFAULTS);
    const { desired, observed } = await observeConfig(at.places);
    expect(textsOf(desired)).toEqual({ "openclaw.json": root, ...files });
    expect(textsOf(observed)).toEqual({
      "openclaw.json": ROOT,
      "gateway.json5": GATEWAY,
      "agents/all.json5": AGENTS,
      "agents/defaults.json5": DEFAULTS,
    });
    expect(desired?.resolved).toEqual(observed?.resolved as never);
  });

  test("leaves out a file that is missing, is a link or a directory: the config then names it as a problem", async () => {
    await using at = await createPlaces();
    await writeFile(at.places.pvcConfig, '{$include: ["./no.json5", "./link.json5", "./directory"]}');
    await writeFile(at.scratch.in("elsewhere.json5"), "{}");
    await symlink(at.scratch.in("elsewhere.json5"), at.scratch.in("link.json5"));
    await mkdir(at.scratch.in("directory"));
    const { observed } = await observeConfig(at.places);
    expect(observed?.includes.size).toBe(0);
    expect(observed?.problems).toHaveLength(3);
  });

  test.each([
    ["a name that is too long", "x".repeat(300)],
    ["a path that is too long", "x/".repeat(2_500)],
    ["a NUL in its name", "\0"],
  ])("goes on with a live file that includes %s: the agent can write it", async (_, name) => {
    await using at = await createPlaces();
    await at.volume.publish({ "openclaw.json": "{a: 1}" });
    await writeFile(at.places.pvcConfig, JSON.stringify({ $include: `./${name}` }));
    const { desired, observed } = await observeConfig(at.places);
    expect(textsOf(desired)).toEqual({ "openclaw.json": "{a: 1}" });
    expect(observed?.problems).toHaveLength(1);
  });

  test.each([
    ["a name that is too long", "x".repeat(300)],
    ["a NUL in its name", "\0"],
  ])("names it as a problem if the ConfigMap's file includes %s", async (_, name) => {
    await using at = await createPlaces();
    await at.volume.publish({ "openclaw.json": JSON.stringify({ $include: `./${name}` }) });
    expect((await observeConfig(at.places)).desired?.problems).toHaveLength(1);
  });

  test("reads a file of OPENCLAW_INCLUDE_ROOTS, through a link too, and only to notice its change", async () => {
    await using at = await createPlaces();
    const places = { ...at.places, pvcConfig: at.scratch.in("pvc", "openclaw.json") };
    await mkdir(at.scratch.in("shared"));
    await writeFile(at.scratch.in("elsewhere.json5"), "{channels: {}}");
    const shared = at.scratch.in("shared", "channels.json5");
    await symlink(at.scratch.in("elsewhere.json5"), shared);
    await at.volume.publish({ "openclaw.json": `{$include: "${shared}", gateway: {mode: "local"}}` });
    const { desired: before } = await observeConfig(places);
    expect([before?.includes.size, before?.outside.size, before?.problems]).toEqual([0, 1, []]);
    await writeFile(at.scratch.in("elsewhere.json5"), "{channels: {discord: {}}}");
    const { desired: after } = await observeConfig(places);
    expect(after?.md5).toBe(before?.md5 as string);
    expect(after?.verdictKey).not.toBe(before?.verdictKey);
  });
});

describe("observeConfig() of the records", () => {
  test("reads what Git said and what counts as in sync, each in one or several files", async () => {
    await using at = await createPlaces();
    const applied = generationOf('{agents: {$include: "./agents.json5"}}', { "agents.json5": "{list: []}" });
    const accepted = generationOf('{agents: {list: []}, meta: {lastTouchedVersion: "2026.9.6"}}');
    await writeRecord(at.places.pvcConfig, "applied", applied);
    await writeRecord(at.places.pvcConfig, "accepted", accepted);
    await mkdir(at.places.checksumDir);
    await writeFile(at.scratch.in("sums", "config"), applied.md5);
    await writeFile(at.scratch.in("sums", "config-accepted"), accepted.md5);
    const state = await observeConfig(at.places);
    expect(textsOf(state.applied)).toEqual(textsOf(applied) as never);
    expect(textsOf(state.accepted)).toEqual(textsOf(accepted) as never);
    expect(state.lastApplied).toBe(applied.md5);
  });

  test("does not believe an accepted config without its checksum: the agent can write beside the live file", async () => {
    await using at = await createPlaces();
    await writeRecord(at.places.pvcConfig, "accepted", generationOf("{a: 1}"));
    expect((await observeConfig(at.places)).accepted).toBeUndefined();
    await mkdir(at.places.checksumDir);
    await writeFile(at.scratch.in("sums", "config-accepted"), generationOf("{a: 2}").md5);
    expect((await observeConfig(at.places)).accepted).toBeUndefined();
  });
});

describe("observeConfig() of a gateway's own backups", () => {
  test("knows when OpenClaw last kept one, as it does at each write of its own", async () => {
    await using at = await createPlaces();
    await writeFile(at.places.pvcConfig, "{a: 0}");
    expect((await observeConfig(at.places)).backupMs).toBeUndefined();
    await writeFile(`${at.places.pvcConfig}.bak`, "{bak: 1}");
    const { changedMs = 0, backupMs = 0 } = await observeConfig(at.places);
    expect(backupMs - changedMs).toBeWithin(0, 1_000);
  });

  test("reads the newest file that a gateway has put aside, if the live one is not Git's", async () => {
    await using at = await createPlaces();
    await at.volume.publish({ "openclaw.json": "{a: 1}" });
    await writeFile(at.places.pvcConfig, "{a: 0}");
    const aside = (time: string) => `${at.places.pvcConfig}.clobbered.${time}`;
    await writeFile(aside("2026-11-22T09-00-00-000Z"), "{old: 1}");
    await writeFile(aside("2026-11-22T10-00-00-000Z"), "{a: 1}");
    await writeFile(`${at.places.pvcConfig}.bak`, "{bak: 1}");
    const text = async () => Buffer.from((await observeConfig(at.places)).clobbered?.bytes ?? []).toString();
    expect(await text()).toBe("{a: 1}");
    await writeFile(at.places.pvcConfig, "{a: 1}");
    expect(await text()).toBe("");
  });

  test("reads it through no link", async () => {
    await using at = await createPlaces();
    await writeFile(at.places.pvcConfig, "{a: 0}");
    await writeFile(at.scratch.in("elsewhere"), "{a: 1}");
    await symlink(at.scratch.in("elsewhere"), `${at.places.pvcConfig}.clobbered.2026-11-22T09-00-00-000Z`);
    expect((await observeConfig(at.places)).clobbered).toBeUndefined();
  });

  test("reads what Git said when the last good files worked", async () => {
    await using at = await createPlaces();
    await writeRecord(at.places.pvcConfig, "good", generationOf("{b: 1}"));
    await writeRecord(at.places.pvcConfig, "good-base", generationOf("{a: 1}"));
    expect((await observeConfig(at.places)).lastGoodBase).toBeUndefined();
    // It is needed only where a gateway may have put its backup back.
    await writeFile(at.places.pvcConfig, "{b: 0}");
    await writeFile(`${at.places.pvcConfig}.bak`, "{b: 0}");
    const { lastGood, lastGoodBase } = await observeConfig(at.places);
    expect([textsOf(lastGood), textsOf(lastGoodBase)]).toEqual([
      { "openclaw.json": "{b: 1}" },
      { "openclaw.json": "{a: 1}" },
    ]);
  });
});

describe("readLiveConfig()", () => {
  test("returns the bytes, or undefined if there is no regular file", async () => {
    await using scratch = await createScratch();
    const path = scratch.in("openclaw.json");
    const places = { directory: scratch.path, roots: [] };
    expect(await readLiveConfig(path, places)).toBeUndefined();
    await writeFile(path, new Uint8Array([0xef, 0xbb, 0xbf, 0x00]));
    expect(await readLiveConfig(path, places)).toEqual(generationOf(new Uint8Array([0xef, 0xbb, 0xbf, 0x00])));
    expect(await readLiveConfig(scratch.path, places)).toBeUndefined();
    await symlink(path, scratch.in("link"));
    expect(await readLiveConfig(scratch.in("link"), places)).toBeUndefined();
  });
});
