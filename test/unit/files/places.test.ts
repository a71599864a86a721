import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { inspectFilePlace, inspectMadeDirectory, inspectMount } from "../../../lib/files/places.ts";
import { asOrdinaryUser, createScratch } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

describe("inspectMount()", () => {
  test("distinguishes a ConfigMap volume, a plain directory and a missing one", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("volume"));
    await volume.publish({ "openclaw.json": "{}" });
    await mkdir(scratch.in("plain"));
    expect(await inspectMount(volume.path, [])).toEqual({ kind: "volume", writtenAt: expect.any(Date) });
    expect(await inspectMount(scratch.in("plain"), [])).toEqual({ kind: "plain" });
    expect(await inspectMount(scratch.in("nothing"), [])).toEqual({ kind: "missing" });
  });

  test("returns the path that is mounted with subPath", async () => {
    await using scratch = await createScratch();
    const point = scratch.in("openclaw.json");
    const mounts = [{ root: "/..2026_11_23/openclaw.json", point, isReadOnly: true }];
    expect(await inspectMount(scratch.path, mounts)).toEqual({ kind: "sub-path", path: point });
  });

  test("returns unreadable if this user may not read it", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o755);
    await mkdir(scratch.in("closed"), { mode: 0o700 });
    const place = await asOrdinaryUser(() => inspectMount(scratch.in("closed"), []));
    expect(place).toEqual({ kind: "unreadable", code: "EACCES" });
  });
});

describe("inspectFilePlace()", () => {
  test("accepts a file, or none, in a writable directory", async () => {
    await using scratch = await createScratch();
    expect(await inspectFilePlace(scratch.in("openclaw.json"))).toEqual({ kind: "writable" });
    await writeFile(scratch.in("openclaw.json"), "{}");
    expect(await inspectFilePlace(scratch.in("openclaw.json"))).toEqual({ kind: "writable" });
  });

  test("rejects a link at the path, and a missing directory", async () => {
    await using scratch = await createScratch();
    await symlink("elsewhere", scratch.in("openclaw.json"));
    expect(await inspectFilePlace(scratch.in("openclaw.json"))).toEqual({ kind: "occupied" });
    const directory = scratch.in("pvc");
    expect(await inspectFilePlace(scratch.in("pvc", "openclaw.json"))).toEqual({ kind: "missing", directory });
  });
});

describe("inspectFilePlace() of a file that is itself mounted", () => {
  test("returns mounted, through a link to its directory too", async () => {
    await using scratch = await createScratch();
    const point = scratch.in("pvc", "openclaw.json");
    await mkdir(scratch.in("pvc"));
    await writeFile(point, "{}");
    await symlink("pvc", scratch.in("link"));
    const mounts = [{ root: "/openclaw.json", point, isReadOnly: false }];
    expect(await inspectFilePlace(point, mounts)).toEqual({ kind: "mounted" });
    expect(await inspectFilePlace(scratch.in("link", "openclaw.json"), mounts)).toEqual({ kind: "mounted" });
    expect(await inspectFilePlace(scratch.in("pvc", "other.json"), mounts)).toEqual({ kind: "writable" });
  });
});

describe("inspectMadeDirectory()", () => {
  test("checks the nearest existing directory", async () => {
    await using scratch = await createScratch();
    expect(await inspectMadeDirectory(scratch.in("a", "b", "c"))).toEqual({ kind: "writable" });
    await writeFile(scratch.in("file"), "");
    expect(await inspectMadeDirectory(scratch.in("file", "b"))).toEqual({
      kind: "blocked",
      directory: scratch.in("file"),
    });
    expect(await inspectMadeDirectory(scratch.in("file"))).toMatchObject({ kind: "blocked" });
  });
});
