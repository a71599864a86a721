import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { observeConfig, readLiveConfig } from "../../../lib/config/observe.ts";
import { asOrdinaryUser, createScratch, fileOf, refusalOf } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

const RELEASE = "2026.9.6";
const PROBLEMS = ['agents: Unrecognized key: "nonsense"'];

describe("observeConfig()", () => {
  async function createPlaces() {
    const scratch = await createScratch();
    const volume = await createVolume(scratch.in("config.d"));
    const places = { configDir: volume.path, pvcConfig: scratch.in("openclaw.json"), checksumDir: scratch.in("sums") };
    return { scratch, volume, places, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
  }

  test("reads the desired, the observed and the last applied config", async () => {
    await using at = await createPlaces();
    await at.volume.publish({ "openclaw.json": "{a: 1}", "other.json": "{}" });
    await writeFile(at.places.pvcConfig, "{a: 2}");
    await mkdir(at.places.checksumDir);
    await writeFile(at.scratch.in("sums", "config"), "0123\n");
    expect(await observeConfig(at.places)).toEqual({
      desired: fileOf("{a: 1}"),
      observed: fileOf("{a: 2}"),
      lastApplied: "0123",
      lastGood: undefined,
      rejection: undefined,
    });
  });

  test("reads the records beside the live file", async () => {
    await using at = await createPlaces();
    const rejection = { checksum: "0123", release: RELEASE, problems: PROBLEMS };
    await writeFile(`${at.places.pvcConfig}.config-manager-good`, "{a: 3}");
    await writeFile(`${at.places.pvcConfig}.config-manager-rejected`, JSON.stringify(rejection));
    expect(await observeConfig(at.places)).toMatchObject({ lastGood: { bytes: Buffer.from("{a: 3}") }, rejection });
  });

  test("finds nothing in a new container without mounts", async () => {
    await using at = await createPlaces();
    expect(await observeConfig({ ...at.places, configDir: at.scratch.in("nowhere") })).toEqual({
      desired: undefined,
      observed: undefined,
      lastApplied: undefined,
      lastGood: undefined,
      rejection: undefined,
    });
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

describe("readLiveConfig()", () => {
  test("returns the bytes, or undefined if there is no regular file", async () => {
    await using scratch = await createScratch();
    const path = scratch.in("openclaw.json");
    expect(await readLiveConfig(path)).toBeUndefined();
    await writeFile(path, new Uint8Array([0xef, 0xbb, 0xbf, 0x00]));
    expect(await readLiveConfig(path)).toEqual(fileOf(new Uint8Array([0xef, 0xbb, 0xbf, 0x00])));
    expect(await readLiveConfig(scratch.path)).toBeUndefined();
    await symlink(path, scratch.in("link"));
    expect(await readLiveConfig(scratch.in("link"))).toBeUndefined();
  });
});
