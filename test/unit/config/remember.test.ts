import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rmdir, stat, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { observeConfig } from "../../../lib/config/observe.ts";
import { pathOfRecord, readRecord } from "../../../lib/config/record.ts";
import { Memory, Sightings } from "../../../lib/config/remember.ts";
import { createScratch, generationOf, textsOf } from "../../support/fakes.ts";

const GIT = generationOf('{ gateway: { mode: "local" } } // Git\n');
const NEXT = generationOf('{ agents: { $include: "./agents.json5" } }', { "agents.json5": "{ list: [] }" });
const ACCEPTED = generationOf('{"gateway":{"mode":"local"},"plugins":{"entries":{}}}');

async function start() {
  const scratch = await createScratch();
  const places = {
    configDir: scratch.in("config.d"),
    pvcConfig: scratch.in("pvc", "openclaw.json"),
    checksumDir: scratch.in("sums"),
    includeRoots: [],
  };
  await mkdir(scratch.in("pvc"));
  const unrecorded: string[] = [];
  const memory = new Memory(places, ({ message }) => unrecorded.push(message));
  const nothing = { applied: undefined, accepted: undefined, lastApplied: undefined };
  return {
    scratch,
    places,
    remember: (desired = GIT, accepted = desired, state = nothing as Parameters<Memory["remember"]>[0]) =>
      memory.remember(state, desired, { accepted }),
    memory,
    unrecorded,
    sum: (name: string) => readFile(scratch.in("sums", name), "utf8").then((text) => text.trim()),
    record: (name: "applied" | "accepted") =>
      readRecord(places.pvcConfig, name, { directory: scratch.in("pvc"), roots: [] }),
    state: () => observeConfig(places),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

describe("Memory.remember()", () => {
  test("records what Git says, and its checksum", async () => {
    await using at = await start();
    await at.remember();
    expect(textsOf(await at.record("applied"))).toEqual(textsOf(GIT) as never);
    expect(await at.sum("config")).toBe(GIT.md5);
    expect(await readdir(at.scratch.in("sums"))).toEqual(["config"]);
    expect(existsSync(pathOfRecord(at.places.pvcConfig, "accepted"))).toBeFalse();
  });

  test("records the live files that count as in sync, where they differ", async () => {
    await using at = await start();
    await at.remember(GIT, ACCEPTED);
    const state = await at.state();
    expect(textsOf(state.accepted)).toEqual(textsOf(ACCEPTED) as never);
    expect(await at.sum("config-accepted")).toBe(ACCEPTED.md5);
    expect(state.lastApplied).toBe(GIT.md5);
  });

  test("records configs of several files", async () => {
    await using at = await start();
    await at.remember(NEXT);
    expect(textsOf((await at.state()).applied)).toEqual(textsOf(NEXT) as never);
    expect(await at.sum("config")).toBe(NEXT.md5);
  });

  test("forgets the accepted files once they are Git's again", async () => {
    await using at = await start();
    await at.remember(GIT, ACCEPTED);
    await at.remember(NEXT, NEXT, await at.state());
    expect(await readdir(at.scratch.in("sums"))).toEqual(["config"]);
    expect((await readdir(at.scratch.in("pvc"))).toSorted()).toEqual([
      "openclaw.json.config-manager-applied",
      "openclaw.json.config-manager-applied-includes",
    ]);
  });

  test("does not write again what is recorded already", async () => {
    await using at = await start();
    await at.remember(GIT, ACCEPTED);
    const paths = ["applied", "accepted"].map((name) => pathOfRecord(at.places.pvcConfig, name as "applied"));
    const inodes = () => Promise.all(paths.map(async (path) => (await stat(path)).ino));
    const before = await inodes();
    await at.remember(GIT, ACCEPTED, await at.state());
    expect(await inodes()).toEqual(before);
  });

  test("repairs a record that is not ours", async () => {
    await using at = await start();
    await at.remember(GIT, ACCEPTED);
    await writeFile(pathOfRecord(at.places.pvcConfig, "applied"), "{ forged: 1 }");
    await writeFile(pathOfRecord(at.places.pvcConfig, "accepted"), "{ forged: 2 }");
    await at.remember(GIT, ACCEPTED, await at.state());
    const state = await at.state();
    expect([textsOf(state.applied), textsOf(state.accepted)]).toEqual([textsOf(GIT), textsOf(ACCEPTED)]);
  });

  test("goes on if a record cannot be written, and writes it once that is possible", async () => {
    await using at = await start();
    const paths = (["applied", "accepted"] as const).map((name) => pathOfRecord(at.places.pvcConfig, name));
    for (const path of paths) await mkdir(path);
    await at.remember(GIT, ACCEPTED);
    expect(at.unrecorded).toEqual(paths.toReversed().map((path) => `${path} is a directory, expected a regular file`));
    const state = await at.state();
    expect(state).toMatchObject({ lastApplied: GIT.md5, applied: undefined, accepted: undefined });
    expect(at.memory.recall(state)).toMatchObject({ applied: GIT, accepted: ACCEPTED });
    for (const path of paths) await rmdir(path);
    await at.remember(GIT, ACCEPTED, state);
    const later = await at.state();
    expect(at.memory.recall(later)).toBe(later);
    expect([textsOf(later.applied), textsOf(later.accepted)]).toEqual([textsOf(GIT), textsOf(ACCEPTED)]);
  });

  test("does not hold on to what another process has replaced", async () => {
    await using at = await start();
    await mkdir(pathOfRecord(at.places.pvcConfig, "applied"));
    await at.remember(GIT);
    await writeFile(at.scratch.in("sums", "config"), NEXT.md5);
    const state = await at.state();
    expect(at.memory.recall(state)).toBe(state);
  });
});

describe("Memory.forget()", () => {
  test("takes back what was recorded for the last change of Git: the gateway has rejected it since", async () => {
    for (const accepted of [GIT, ACCEPTED]) {
      await using at = await start();
      await at.remember(GIT, accepted, await at.state());
      const before = await at.state();
      await at.remember(NEXT, NEXT, before);
      await at.remember(NEXT, NEXT, await at.state()); // in a later pass: Git has not changed
      await at.memory.forget();
      const after = await at.state();
      expect(after.lastApplied).toBe(GIT.md5);
      expect([textsOf(after.applied), textsOf(after.accepted)]).toEqual([
        textsOf(before.applied),
        textsOf(before.accepted),
      ]);
    }
  });

  test("leaves no checksum in a new container, which had none", async () => {
    await using at = await start();
    await at.remember(GIT, ACCEPTED, await at.state());
    await at.memory.forget();
    expect(await readdir(at.scratch.in("sums"))).toEqual([]);
    expect(await at.state()).toMatchObject({ lastApplied: undefined, accepted: undefined });
  });

  test("leaves no checksum if an earlier process has recorded it: nobody knows what was before", async () => {
    await using at = await start();
    await at.remember(GIT, GIT, await at.state());
    const anew = new Memory(at.places, () => undefined);
    await anew.remember(await at.state(), GIT, { accepted: GIT });
    await anew.forget();
    expect(await readdir(at.scratch.in("sums"))).toEqual([]);
  });
});

describe("Sightings", () => {
  const files = Array.from({ length: 6 }, (_, index) => generationOf(`{ a: ${index} }`));
  const [one, two, three, four, five] = files as [
    (typeof files)[0],
    (typeof files)[0],
    (typeof files)[0],
    (typeof files)[0],
    (typeof files)[0],
  ];

  test("know the files as they were at a time", () => {
    const sightings = new Sightings();
    expect(sightings.before(1_000)).toBeUndefined();
    sightings.add(one, 100);
    sightings.add(two, 200);
    expect(sightings.before(100)).toBeUndefined();
    expect(sightings.before(101)).toBe(one);
    expect(sightings.before(200)).toBe(one);
    expect(sightings.before(201)).toBe(two);
  });

  test("keep the time of the first sighting of the same bytes", () => {
    const sightings = new Sightings();
    sightings.add(one, 100);
    sightings.add(generationOf("{ a: 0 }"), 500);
    expect(sightings.before(200)).toBe(one);
  });

  test("do not forget the files before because the same ones are seen again and again", () => {
    const sightings = new Sightings();
    sightings.add(one, 100);
    for (const changedMs of [200, 300, 400, 500, 600]) sightings.add(two, changedMs);
    expect(sightings.before(150)).toBe(one);
  });

  test("know files that came back", () => {
    const sightings = new Sightings();
    sightings.add(one, 100);
    sightings.add(two, 200);
    sightings.add(one, 300);
    expect(sightings.before(250)).toBe(two);
    expect(sightings.before(301)).toBe(one);
  });

  test("forget the oldest of five", () => {
    const sightings = new Sightings();
    for (const [index, file] of [one, two, three, four, five].entries()) sightings.add(file, (index + 1) * 100);
    expect(sightings.before(101)).toBeUndefined();
    expect(sightings.before(201)).toBe(two);
    expect(sightings.before(1_000)).toBe(five);
  });
});
