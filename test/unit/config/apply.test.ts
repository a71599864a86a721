import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { chmod, mkdir, readFile, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { computeChecksum } from "../../../lib/files/checksum.ts";
import type { ConfigGateway, ConfigView } from "../../../lib/gateway/config-calls.ts";
import { keepRejection, pathOfRecord, readRecord, readRejection, writeRecord } from "../../../lib/config/record.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { GatewayRefusal } from "../../../lib/gateway/refusal.ts";
import type { Clock } from "../../../lib/clock.ts";
import { type Delivery, type Writing, createLiveConfig } from "../../../lib/config/apply.ts";
import { HASHES, serveFile } from "../../support/config-gateway.ts";
import { type Scratch, createClock, createScratch, generationOf, refusalOf, thrownBy } from "../../support/fakes.ts";
import { canMountSmallVolume, mountSmallVolume } from "../../support/small-volume.ts";

const CAN_MOUNT = await canMountSmallVolume();
if (!CAN_MOUNT) console.log("(skip) rollback on a full volume: no tmpfs can be mounted here");

/** This gateway rejects a config that contains `nonsense`, and warns of one that contains `dubious`. */
const OLD = "// the former one\r\n{a: 1}\n";
const GOOD = "{a: 2}\n";
const BAD = '{a: 3, nonsense: "s3cret-value"}\n';

const PROBLEMS = ["agents: nonsense: ***"];

const gone = () => new ManagerError("unreachable", "config.get: gateway closed (1006)");

/** A live file with this content, or none, and the LiveConfig that delivers to it. */
async function start(live: string | undefined = OLD, clock: Clock = createClock(), place?: Scratch) {
  const scratch = place ?? (await createScratch());
  const path = scratch.in("openclaw.json");
  const places = { directory: scratch.path, roots: [] };
  const unrecorded: ManagerError[] = [];
  if (live !== undefined) await writeFile(path, live, { mode: 0o640 });
  return {
    path,
    scratch,
    config: createLiveConfig(path, places, clock, {
      onLoss: () => undefined,
      onUnrecorded: (error) => unrecorded.push(error),
    }),
    unrecorded,
    text: () => readFile(path, "utf8"),
    mode: async () => (await stat(path)).mode & 0o7777,
    keepGood: (text: string) => writeRecord(path, "good", generationOf(text)),
    record: async () => ({ lastGood: await readRecord(path, "good", places), rejection: await readRejection(path) }),
    lastGood: async () => (await readRecord(path, "good", places))?.root.bytes.toString(),
    [Symbol.asyncDispose]: async () => (place ? undefined : scratch[Symbol.asyncDispose]()),
  };
}

/** What to write: a root file without includes, which changes more than the formatting. */
function updateTo(text: string): Writing {
  const live = generationOf(text);
  return { live, desired: live, isChange: true, replacesBackup: false };
}

const rejectionOf = (text: string, release = "2026.2.9") => {
  return { checksum: computeChecksum(Buffer.from(text)), release, problems: PROBLEMS };
};

const validOn = (release: keyof typeof HASHES): Delivery => {
  return { kind: "valid", warnings: [], isApplied: release === "2026.2.9" ? undefined : true };
};

const EVERY_KIND = [
  ["2026.2.9", 0],
  ["2026.2.9", 3],
  ["2026.8.2", 3],
  ["2026.9.6", 0],
  ["2026.9.6", 3],
] as const;

describe.each(EVERY_KIND)("deliver() with %s, whose answers lag %i reads behind", (release, lag) => {
  test("leaves a valid config in place and keeps it as last good", async () => {
    await using at = await start();
    const { gateway } = serveFile(at.path, { release, lag });
    expect(await at.config.deliver(updateTo(GOOD), gateway)).toEqual(validOn(release));
    expect(await at.text()).toBe(GOOD);
    expect(await at.lastGood()).toBe(GOOD);
  });

  test("rolls an invalid config back, byte for byte, and records the problems", async () => {
    await using at = await start();
    const { gateway } = serveFile(at.path, { release, lag });
    expect(await at.config.deliver(updateTo(BAD), gateway)).toMatchObject({
      kind: "invalid",
      rejection: { problems: PROBLEMS },
      restored: { root: { bytes: Buffer.from(OLD) } },
    });
    expect(await at.text()).toBe(OLD);
    expect(await at.mode()).toBe(0o640);
    expect(await at.record()).toEqual({ lastGood: generationOf(OLD), rejection: rejectionOf(BAD, release) });
  });

  test("does not take the verdict on an earlier invalid config for one on the valid config", async () => {
    await using at = await start(BAD);
    const { gateway } = serveFile(at.path, { release, lag });
    expect(await at.config.deliver(updateTo(GOOD), gateway)).toEqual(validOn(release));
    expect(await at.text()).toBe(GOOD);
  });

  test("delivers several configs in a row, invalid ones among them", async () => {
    await using at = await start();
    const { gateway } = serveFile(at.path, { release, lag });
    let expected = OLD;
    for (const text of [BAD, "{a: 4}", `${BAD} `, BAD, "{a: 5}", OLD, BAD]) {
      const { kind } = await at.config.deliver(updateTo(text), gateway);
      expect({ text, kind }).toEqual({ text, kind: text.includes("nonsense") ? "invalid" : "valid" });
      if (kind === "valid") expected = text;
      expect(await at.text()).toBe(expected);
      expect(await at.lastGood()).toBe(expected);
    }
  });

  test("writes the first config of a new volume", async () => {
    await using at = await start();
    rmSync(at.path);
    const { gateway } = serveFile(at.path, { release, lag });
    expect(await at.config.deliver(updateTo(GOOD), gateway)).toEqual(validOn(release));
    expect(await at.text()).toBe(GOOD);
    expect(await at.mode()).toBe(0o600);
  });
});

describe("deliver() to a gateway that does not notice the file within five seconds", () => {
  for (const release of ["2026.2.9", "2026.9.6"] as const) {
    test(`waits for the verdict on the new file only, with as many reads as it takes (${release})`, async () => {
      for (const [former, latter, kind] of [
        [OLD, BAD, "invalid"],
        [BAD, GOOD, "valid"],
      ] as const) {
        await using at = await start(former);
        await at.keepGood(OLD);
        const served = serveFile(at.path, { release, lag: 1_200, canBeProbed: false });
        const blind = {
          kind: "unknown",
          reason: `the gateway has not noticed the file within 5 s; it reads ${at.path}`,
        } as const;
        expect(await at.config.deliver(updateTo(latter), served.gateway)).toEqual(blind);
        expect(await at.config.validate(updateTo(latter), served.gateway)).toEqual(blind);
        expect(await at.text()).toBe(latter);
        expect(await at.record()).toEqual({ lastGood: generationOf(OLD), rejection: undefined });
        expect((await at.config.validate(updateTo(latter), served.gateway)).kind).toBe(kind);
        expect(served.asked).toBeGreaterThan(1_200);
      }
    });
  }

  test("accepts the first view of a file that has been in place for long", async () => {
    await using at = await start();
    const { gateway } = serveFile(at.path, { release: "2026.9.6" });
    await at.config.deliver(updateTo(GOOD), gateway);
    await writeFile(at.path, "{a: 9}");
    expect(await at.config.validate(updateTo("{a: 9}"), gateway)).toEqual(validOn("2026.9.6"));
  });
});

describe("deliver() of an invalid config", () => {
  test("puts back an edit that no gateway has validated, although a good config is known", async () => {
    await using at = await start();
    await at.keepGood("{a: 0}");
    const { gateway } = serveFile(at.path, { lag: 1 });
    await gateway.readView();
    await writeFile(at.path, "{a: 9}");
    expect(await at.config.deliver(updateTo(BAD), gateway)).toMatchObject({
      kind: "invalid",
      restored: { root: { bytes: Buffer.from("{a: 9}") } },
    });
    expect(await at.text()).toBe("{a: 9}");
    expect(await at.lastGood()).toBe("{a: 0}");
  });

  test("puts back the last good config if there was no file before", async () => {
    await using at = await start();
    rmSync(at.path);
    await at.keepGood(GOOD);
    expect(await at.config.deliver(updateTo(BAD), serveFile(at.path).gateway)).toMatchObject({
      kind: "invalid",
      rejection: { problems: PROBLEMS },
      restored: { root: { bytes: Buffer.from(GOOD) } },
    });
    expect(await at.text()).toBe(GOOD);
    expect((await at.record()).rejection).toEqual(rejectionOf(BAD));
  });

  test("masks a value of the former config that the gateway quotes", async () => {
    await using at = await start('{a: 1, note: "s3cret-value"}');
    const delivery = await at.config.deliver(updateTo("{a: 3, nonsense: 1}"), serveFile(at.path).gateway);
    expect(delivery).toMatchObject({ kind: "invalid", rejection: { problems: PROBLEMS } });
  });

  test.skipIf(!CAN_MOUNT)("puts the previous config back on a volume that fills up meanwhile", async () => {
    for (const isRecorded of [true, false]) {
      await using volume = await mountSmallVolume();
      await using at = await start(OLD, createClock(), volume.scratch);
      if (!isRecorded) mkdirSync(pathOfRecord(at.path, "good"));
      const fill = () => {
        try {
          if (readFileSync(at.path, "utf8") === BAD) writeFileSync(at.scratch.in("filler"), Buffer.alloc(200_000));
        } catch {
          // full
        }
      };
      const { gateway } = serveFile(at.path, { after: fill });
      const delivery = await at.config.deliver(updateTo(BAD), gateway);
      expect(delivery).toMatchObject({ kind: "invalid", restored: { root: { bytes: Buffer.from(OLD) } } });
      expect(await at.text()).toBe(OLD);
    }
  });

  test("leaves the invalid config in place if there is nothing to put back", async () => {
    await using at = await start();
    rmSync(at.path);
    expect(await at.config.deliver(updateTo(BAD), serveFile(at.path).gateway)).toMatchObject({
      kind: "invalid",
      rejection: { problems: PROBLEMS },
      restored: undefined,
    });
    expect(await at.text()).toBe(BAD);
    expect(await at.record()).toMatchObject({ lastGood: undefined, rejection: { problems: PROBLEMS } });
  });

  test("does not overwrite what something else wrote meanwhile", async () => {
    await using at = await start();
    const after = (asked: number) => {
      if (asked === 2) writeFileSync(at.path, "{a: 9}");
    };
    expect(await at.config.deliver(updateTo(BAD), serveFile(at.path, { after }).gateway)).toEqual({
      kind: "unknown",
      reason: "something else has changed the file meanwhile",
    });
    expect(await at.text()).toBe("{a: 9}");
    expect((await at.record()).rejection).toMatchObject({ problems: PROBLEMS });
  });

  test("puts the previous config back if something else removed the file meanwhile", async () => {
    await using at = await start();
    const after = (asked: number) => {
      if (asked === 2) rmSync(at.path);
    };
    const delivery = await at.config.deliver(updateTo(BAD), serveFile(at.path, { after }).gateway);
    expect(delivery).toMatchObject({ kind: "invalid", restored: { root: { bytes: Buffer.from(OLD) } } });
    expect(await at.text()).toBe(OLD);
  });

  test("rolls back only 100 ms after the write: 2026.2.9 misses a file that is replaced twice at once", async () => {
    const clock = createClock();
    let edit = () => {};
    const pause = (ms: number) => {
      if (Math.round(ms) === 90) edit();
      return clock.pause(ms);
    };
    await using at = await start(OLD, { ...clock, pause });
    const before = (asked: number) => {
      if (asked === 2) utimesSync(at.path, clock.nowMs() / 1000, (clock.nowMs() - 10) / 1000);
    };
    expect(await at.config.deliver(updateTo(BAD), serveFile(at.path, { before }).gateway)).toMatchObject({
      kind: "invalid",
    });
    expect(clock.pauses.map(Math.round)).toContain(90);
    // Only then does it check that the file is still its own.
    edit = () => writeFileSync(at.path, "{a: 9}");
    expect(await at.config.deliver(updateTo(BAD), serveFile(at.path, { before }).gateway)).toMatchObject({
      kind: "unknown",
    });
    expect(await at.text()).toBe("{a: 9}");
  });

  test("replaces an earlier rejection, and a valid config removes it", async () => {
    await using at = await start();
    await keepRejection(at.path, { checksum: "0123", release: "dev", problems: [] });
    const { gateway } = serveFile(at.path);
    await at.config.deliver(updateTo(BAD), gateway);
    expect((await at.record()).rejection).toEqual(rejectionOf(BAD));
    await at.config.deliver(updateTo(GOOD), gateway);
    expect(await at.record()).toEqual({ lastGood: generationOf(GOOD), rejection: undefined });
  });
});

describe("deliver() without a gateway, or with one that goes away", () => {
  test("leaves the file in place without a gateway, and records no verdict", async () => {
    await using at = await start();
    await at.keepGood("{a: 0}");
    await keepRejection(at.path, rejectionOf(BAD));
    expect(await at.config.deliver(updateTo(GOOD), undefined)).toEqual({
      kind: "unknown",
      reason: undefined,
    });
    expect(await at.text()).toBe(GOOD);
    expect(await at.mode()).toBe(0o640);
    expect(await at.record()).toEqual({ lastGood: generationOf("{a: 0}"), rejection: rejectionOf(BAD) });
  });

  test("leaves the file in place if the gateway goes away after the write: most likely it restarts", async () => {
    for (const text of [GOOD, BAD]) {
      await using at = await start();
      const before = (asked: number) => {
        if (asked > 1) throw gone();
      };
      expect(await at.config.deliver(updateTo(text), serveFile(at.path, { before }).gateway)).toEqual({
        kind: "unknown",
        reason: "config.get: gateway closed (1006)",
      });
      expect(await at.text()).toBe(text);
      expect(await at.record()).toEqual({ lastGood: generationOf(OLD), rejection: undefined });
    }
  });

  test("still writes the file if the gateway goes away before the write, and asks no further", async () => {
    await using at = await start();
    const before = () => {
      throw gone();
    };
    const served = serveFile(at.path, { before });
    expect(await at.config.deliver(updateTo(GOOD), served.gateway)).toMatchObject({ kind: "unknown" });
    expect(await at.text()).toBe(GOOD);
    expect(served.asked).toBe(1);
    expect(await at.lastGood()).toBeUndefined();
  });

  test("waits three seconds for a gateway that does not answer about the current file", async () => {
    const clock = createClock();
    await using at = await start(OLD, clock);
    let asked = 0;
    const silent: ConfigGateway = {
      ...serveFile(at.path).gateway,
      readView() {
        asked += 1;
        return new Promise(() => {});
      },
    };
    expect(await at.config.deliver(updateTo(GOOD), silent)).toMatchObject({ kind: "unknown" });
    expect(clock.pauses).toEqual([3_000]);
    expect(asked).toBe(1);
    expect(await at.text()).toBe(GOOD);
  });

  test("leaves the validation to a later pass", async () => {
    await using at = await start();
    await at.keepGood(OLD);
    await at.config.deliver(updateTo(BAD), undefined);
    const { gateway } = serveFile(at.path, { release: "2026.9.6" });
    expect(await at.config.validate(updateTo(BAD), gateway)).toMatchObject({ kind: "invalid" });
    expect(await at.text()).toBe(OLD);
  });
});

describe("deliver() and the last good config", () => {
  test("keeps the previous file as last good if the gateway had found it valid, whatever the new verdict", async () => {
    for (const release of ["2026.2.9", "2026.9.6"] as const) {
      await using at = await start();
      await at.keepGood("{a: 0}");
      let known: string | undefined;
      const before = (asked: number) => {
        if (asked === 2) known = readFileSync(pathOfRecord(at.path, "good"), "utf8");
      };
      await at.config.deliver(updateTo(GOOD), serveFile(at.path, { release, before }).gateway);
      expect(known).toBe(OLD);
      expect(await at.lastGood()).toBe(GOOD);
    }
  });

  test("does not keep an invalid previous file", async () => {
    await using at = await start(BAD);
    await at.keepGood("{a: 0}");
    const delivery = await at.config.deliver(updateTo(`${BAD} `), serveFile(at.path).gateway);
    expect(delivery).toMatchObject({ kind: "invalid" });
    expect(await at.lastGood()).toBe("{a: 0}");
  });

  test("does not keep an invalid previous file while the gateway still shows the one before it", async () => {
    await using at = await start();
    await at.keepGood(OLD);
    const known: string[] = [];
    const before = () => known.push(readFileSync(pathOfRecord(at.path, "good"), "utf8"));
    const { gateway } = serveFile(at.path, { release: "2026.8.2", before });
    await gateway.readView();
    await writeFile(at.path, BAD);
    expect(await at.config.deliver(updateTo(GOOD), gateway)).toMatchObject({ kind: "valid" });
    expect(new Set(known)).toEqual(new Set([OLD]));
  });

  test("does not keep a previous file that can no longer be validated", async () => {
    await using at = await start();
    const known: boolean[] = [];
    const before = () => known.push(existsSync(pathOfRecord(at.path, "good")));
    const { gateway } = serveFile(at.path, { release: "2026.9.6", before });
    const dying = { ...gateway, readIssues: () => Promise.reject(gone()) };
    expect(await at.config.deliver(updateTo(GOOD), dying)).toMatchObject({ kind: "valid" });
    // Only if it reads the view before and after the write, there is a copy.
    expect(known).toEqual([false, false]);
    expect(await at.lastGood()).toBe(GOOD);
  });

  test("does not keep the previous file if the gateway's hash shows that it reads another file", async () => {
    await using at = await start();
    await writeFile(at.scratch.in("other.json"), "{a: 7}");
    expect(await at.config.deliver(updateTo(GOOD), serveFile(at.scratch.in("other.json")).gateway)).toEqual({
      kind: "unknown",
      reason: `the gateway has not noticed the file within 5 s; it reads ${at.scratch.in("other.json")}`,
    });
    expect(await at.lastGood()).toBeUndefined();
    expect(await at.text()).toBe(GOOD);
  });
});

describe("deliver()", () => {
  test("returns the gateway's warnings", async () => {
    await using at = await start();
    expect(await at.config.deliver(updateTo("{a: 'dubious'}"), serveFile(at.path).gateway)).toEqual({
      kind: "valid",
      warnings: ["a: dubious"],
      isApplied: undefined,
    });
  });

  test("leaves no temporary files behind", async () => {
    await using at = await start();
    const { gateway } = serveFile(at.path);
    for (const text of [BAD, GOOD]) await at.config.deliver(updateTo(text), gateway);
    expect((await readdir(at.scratch.path)).toSorted()).toEqual(["openclaw.json", "openclaw.json.config-manager-good"]);
  });

  test("waits until the file has been unmodified for a second, whoever wrote it", async () => {
    for (const [ageMs, pauses] of [
      [200, [800]],
      [0, [1_000]],
      [999, [1]],
      [1_000, []],
      [5_000, []],
      [-5_000, []], // a modification time in the future
    ] as const) {
      const clock = createClock();
      await using at = await start(OLD, clock);
      const touched = (clock.nowMs() - ageMs) / 1000;
      await utimes(at.path, touched, touched);
      await at.config.deliver(updateTo(GOOD), serveFile(at.path).gateway);
      expect({ ageMs, pauses: clock.pauses.map(Math.round) }).toEqual({ ageMs, pauses: [...pauses, 3_000] });
    }
  });

  test("without a gateway, waits only the 100 ms that the watcher needs", async () => {
    const clock = createClock();
    await using at = await start(OLD, clock);
    await utimes(at.path, clock.nowMs() / 1000, clock.nowMs() / 1000);
    await at.config.deliver(updateTo(GOOD), undefined);
    expect(clock.pauses).toEqual([100]);
    await utimes(at.path, 0, 0);
    await at.config.deliver(updateTo(OLD), undefined);
    expect(clock.pauses).toEqual([100]);
  });

  test("reports a file that cannot be written, and leaves the previous one in place", async () => {
    await using at = await start();
    rmSync(at.path);
    await mkdir(at.path);
    for (const gateway of [undefined, serveFile(at.scratch.in("other.json")).gateway]) {
      expect(await refusalOf(at.config.deliver(updateTo(GOOD), gateway))).toMatchObject({ code: "file" });
    }
    expect(await readdir(at.scratch.path)).toEqual(["openclaw.json"]);
  });
});

describe("validate()", () => {
  test("keeps a valid config as last good, and does not rewrite it", async () => {
    await using at = await start(GOOD);
    await keepRejection(at.path, rejectionOf(BAD));
    const { ino, mtimeMs } = await stat(at.path);
    const { gateway } = serveFile(at.path, { release: "2026.9.6" });
    expect(await at.config.validate(updateTo(GOOD), gateway)).toEqual(validOn("2026.9.6"));
    expect(await stat(at.path)).toMatchObject({ ino, mtimeMs });
    expect(await at.record()).toEqual({ lastGood: generationOf(GOOD), rejection: undefined });
  });

  test("accepts the verdict on the previous file if that file is back", async () => {
    await using at = await start();
    const { gateway } = serveFile(at.path, { release: "2026.9.6" });
    await at.config.deliver(updateTo(GOOD), gateway);
    await writeFile(at.path, OLD);
    expect(await at.config.validate(updateTo(OLD), gateway)).toEqual(validOn("2026.9.6"));
  });

  test("rewrites the file after two seconds if the gateway may have missed it and cannot tell", async () => {
    const clock = createClock();
    await using at = await start(GOOD, clock);
    const { ino } = await stat(at.path);
    expect(await at.config.validate(updateTo(GOOD), serveFile(at.path).gateway)).toEqual(validOn("2026.2.9"));
    expect(clock.pauses).toEqual([2_000]);
    expect(await at.text()).toBe(GOOD);
    expect(await at.mode()).toBe(0o640);
    expect((await stat(at.path)).ino).not.toBe(ino);
  });

  test("does not rewrite a file that something else changed or removed meanwhile", async () => {
    for (const meanwhile of ["{a: 9}", undefined]) {
      let path = "";
      const pause = async () => {
        if (meanwhile === undefined) rmSync(path);
        else writeFileSync(path, meanwhile);
      };
      await using at = await start(GOOD, { ...createClock(), pause });
      path = at.path;
      await at.config.validate(updateTo(GOOD), serveFile(at.path).gateway);
      expect(existsSync(at.path) ? await at.text() : undefined).toBe(meanwhile);
    }
  });

  test("does not rewrite an invalid config", async () => {
    const clock = createClock();
    await using at = await start(BAD, clock);
    await at.config.validate(updateTo(BAD), serveFile(at.path).gateway);
    await at.config.validate(updateTo(BAD), undefined);
    expect(clock.pauses).toEqual([]);
  });

  test("puts back the last good config in place of an invalid one", async () => {
    for (const release of ["2026.2.9", "2026.9.6"] as const) {
      await using at = await start(BAD);
      await chmod(at.path, 0o604);
      await at.keepGood(OLD);
      expect(await at.config.validate(updateTo(BAD), serveFile(at.path, { release }).gateway)).toMatchObject({
        kind: "invalid",
        rejection: { problems: PROBLEMS },
        restored: { root: { bytes: Buffer.from(OLD) } },
      });
      expect(await at.text()).toBe(OLD);
      expect(await at.mode()).toBe(0o604);
      expect(await at.record()).toEqual({ lastGood: generationOf(OLD), rejection: rejectionOf(BAD, release) });
    }
  });

  test("is not misled by a gateway that still shows the file before the invalid one", async () => {
    await using at = await start(GOOD);
    const { gateway } = serveFile(at.path, { release: "2026.8.2" });
    await gateway.readView();
    await at.keepGood(GOOD);
    await writeFile(at.path, BAD);
    expect(await at.config.validate(updateTo(BAD), gateway)).toMatchObject({
      kind: "invalid",
      rejection: { problems: PROBLEMS },
    });
    expect(await at.text()).toBe(GOOD);
    expect(await at.lastGood()).toBe(GOOD);
  });

  test("leaves an invalid config in place if no good one is known", async () => {
    await using at = await start(BAD);
    expect(await at.config.validate(updateTo(BAD), serveFile(at.path).gateway)).toMatchObject({
      kind: "invalid",
      rejection: { problems: PROBLEMS },
      restored: undefined,
    });
    expect(await at.text()).toBe(BAD);
    expect(await at.record()).toMatchObject({ lastGood: undefined, rejection: { problems: PROBLEMS } });
  });

  test("does not overwrite what something else wrote meanwhile", async () => {
    await using at = await start(BAD);
    await at.keepGood(OLD);
    const after = () => writeFileSync(at.path, "{a: 9}");
    const delivery = await at.config.validate(updateTo(BAD), serveFile(at.path, { after }).gateway);
    expect(delivery).toMatchObject({ kind: "unknown" });
    expect(await at.text()).toBe("{a: 9}");
  });

  test("is unknown without a gateway, or with one that goes away", async () => {
    await using at = await start(BAD);
    await at.keepGood(OLD);
    expect(await at.config.validate(updateTo(BAD), undefined)).toEqual({ kind: "unknown", reason: undefined });
    const before = () => {
      throw gone();
    };
    expect(await at.config.validate(updateTo(BAD), serveFile(at.path, { before }).gateway)).toMatchObject({
      kind: "unknown",
    });
    expect(await at.text()).toBe(BAD);
    expect(await at.record()).toEqual({ lastGood: generationOf(OLD), rejection: undefined });
  });

  test("waits until the file has been unmodified for a second", async () => {
    const clock = createClock();
    await using at = await start(GOOD, clock);
    const touched = (clock.nowMs() - 300) / 1000;
    await utimes(at.path, touched, touched);
    await at.config.validate(updateTo(GOOD), undefined);
    expect(clock.pauses).toEqual([]);
    await at.config.validate(updateTo(GOOD), serveFile(at.path, { release: "2026.9.6" }).gateway);
    expect(clock.pauses.map(Math.round)).toEqual([700]);
  });
});

describe("isReady()", () => {
  const answering = (answer: () => Promise<ConfigView>): ConfigGateway => {
    const nobody = () => Promise.reject(new Error("nobody should ask"));
    return {
      release: "2026.9.6",
      processStartedMs: undefined,
      start: undefined,
      readView: answer,
      readIssues: nobody,
      readReload: nobody,
      readSchema: async () => undefined,
      readActiveWork: () => Promise.reject(new Error("nobody should ask")),
      lookUpReload: nobody,
    };
  };
  const pendingView = (path: string): ConfigView => {
    return { path, parsed: undefined, isValid: true, issues: [], warnings: [], hash: "x", isApplied: false };
  };
  const failing = (thrown: Error) => answering(() => Promise.reject(thrown));

  test("waits until the file has been unmodified for a second", async () => {
    const clock = createClock();
    await using at = await start(OLD, clock);
    await utimes(at.path, clock.nowMs() / 1000, clock.nowMs() / 1000);
    expect(await at.config.isReady(serveFile(at.path).gateway)).toBeTrue();
    expect(clock.pauses[0]).toBe(1_000);
  });

  test("waits until the gateway has applied the file, but not forever", async () => {
    const clock = createClock();
    await using at = await start(OLD, clock);
    const view = pendingView(at.path);
    let asked = 0;
    const applying = answering(async () => ({ ...view, isApplied: ++asked >= 3 }));
    expect(await at.config.isReady(applying)).toBeTrue();
    expect(asked).toBe(3);
    const beganMs = clock.nowMs();
    expect(await at.config.isReady(answering(async () => view))).toBeTrue();
    expect(clock.nowMs() - beganMs).toBeGreaterThanOrEqual(5_000);
  });

  test.each([-3_600_000, 3_600_000])("waits as long if the clock is set by %d ms meanwhile", async (stepMs) => {
    const clock = createClock();
    await using at = await start(OLD, clock);
    const view = pendingView(at.path);
    const applying = answering(async () => {
      if (clock.nowMs() === clock.uptimeMs()) clock.step(stepMs);
      return view;
    });
    const beganMs = clock.uptimeMs();
    expect(await at.config.isReady(applying)).toBeTrue();
    expect(clock.uptimeMs() - beganMs).toBeWithin(5_000, 10_000);
  });

  test("is false if the gateway goes away meanwhile", async () => {
    await using at = await start();
    const view = pendingView(at.path);
    let asked = 0;
    const leaving = answering(async () => {
      asked += 1;
      if (asked > 2) throw gone();
      return view;
    });
    expect(await at.config.isReady(leaving)).toBeFalse();
  });

  test("is false for a gateway that is gone or about to go", async () => {
    await using at = await start();
    const unavailable = new GatewayRefusal({ code: "UNAVAILABLE", message: "during gateway restart" });
    expect(await at.config.isReady(failing(gone()))).toBeFalse();
    const leaving = new ManagerError("rejected", "config.get unavailable during gateway restart", {
      cause: unavailable,
    });
    expect(await at.config.isReady(failing(leaving))).toBeFalse();
  });

  test("is true for a gateway that answers without a useful view", async () => {
    await using at = await start();
    expect(await at.config.isReady(failing(new ManagerError("rejected", "config.get: no sense")))).toBeTrue();
    expect(await at.config.isReady(answering(() => new Promise(() => {})))).toBeTrue();
  });

  test("does not hide a bug", async () => {
    await using at = await start();
    const bug = new TypeError("a bug");
    expect(await thrownBy(at.config.isReady(failing(bug)))).toBe(bug);
  });
});

describe("confirm()", () => {
  /** A gateway that reports these values of isApplied, one after the other. */
  function forcing(...said: (boolean | undefined)[]) {
    let asked = 0;
    const gateway: ConfigGateway = {
      release: "2026.9.6",
      processStartedMs: undefined,
      start: undefined,
      async readView() {
        const isApplied = said[Math.min(asked, said.length - 1)];
        asked += 1;
        const usual = { path: undefined, parsed: undefined, isValid: true, issues: [], warnings: [], hash: undefined };
        return { ...usual, isApplied };
      },
      readIssues: async () => undefined,
      readReload: async () => undefined,
      readSchema: async () => undefined,
      readActiveWork: () => Promise.reject(new Error("nobody should ask")),
      lookUpReload: () => Promise.reject(new Error("nobody should ask")),
    };
    return {
      gateway,
      say: (isApplied: boolean) => void said.push(isApplied),
      get asked() {
        return asked;
      },
    };
  }
  const never = () => false;

  test("does not take the previous config for the applied one, unless both have the same values", async () => {
    for (const [isChange, answer] of [
      [true, "timeout"],
      [false, "applied"],
    ] as const) {
      await using at = await start(OLD, createClock(Date.now() + 60_000));
      const { gateway } = serveFile(at.path, { release: "2026.8.2", lag: 10_000 });
      await at.config.deliver({ ...updateTo(GOOD), isChange }, gateway);
      expect(await at.config.confirm(updateTo(GOOD), gateway, never)).toEqual({ kind: answer });
    }
  });

  test("waits until the config is applied, and asks once per connection and config", async () => {
    await using at = await start(OLD, createClock(Date.now() + 60_000));
    const served = forcing(false, true);
    expect(await at.config.confirm(updateTo("one"), served.gateway, never)).toEqual({ kind: "applied" });
    expect(served.asked).toBe(2);
    expect(await at.config.confirm(updateTo("one"), served.gateway, never)).toEqual({ kind: "unknown" });
    expect(served.asked).toBe(2);
    expect(await at.config.confirm(updateTo("other"), served.gateway, never)).toEqual({ kind: "applied" });
    expect(await at.config.confirm(updateTo("one"), served.gateway, never)).toEqual({ kind: "applied" });
    const again = forcing(true);
    expect(await at.config.confirm(updateTo("one"), again.gateway, never)).toEqual({ kind: "applied" });
    expect({ asked: served.asked, again: again.asked }).toEqual({ asked: 4, again: 1 });
  });

  test("waits for a timeout once, then asks once at each call until the gateway has applied it", async () => {
    await using at = await start(OLD, createClock(Date.now() + 60_000));
    const served = forcing(false);
    expect(await at.config.confirm(updateTo("one"), served.gateway, never)).toEqual({ kind: "timeout" });
    const before = served.asked;
    expect(await at.config.confirm(updateTo("one"), served.gateway, never)).toEqual({ kind: "timeout" });
    expect(served.asked).toBe(before + 1);
    served.say(true);
    expect(await at.config.confirm(updateTo("one"), served.gateway, never)).toEqual({ kind: "applied" });
    expect(await at.config.confirm(updateTo("one"), served.gateway, never)).toEqual({ kind: "unknown" });
  });

  test("asks again after a wait that was cut short, but not if the gateway does not report it", async () => {
    await using at = await start(OLD, createClock(Date.now() + 60_000));
    const served = forcing(false, true);
    expect(await at.config.confirm(updateTo("one"), served.gateway, () => served.asked >= 1)).toEqual({
      kind: "unknown",
      isOpen: true,
    });
    expect(await at.config.confirm(updateTo("one"), served.gateway, never)).toEqual({ kind: "applied" });
    const silent = forcing(undefined);
    expect(await at.config.confirm(updateTo("one"), silent.gateway, never)).toEqual({ kind: "unknown" });
    expect(await at.config.confirm(updateTo("one"), silent.gateway, never)).toEqual({ kind: "unknown" });
    expect(silent.asked).toBe(1);
  });

  test("rolls back a config that the gateway has found valid and could not apply, and records why without values", async () => {
    await using at = await start(OLD, createClock(Date.now() + 60_000));
    const served = serveFile(at.path, { release: "2026.9.6" });
    const pending = async () => ({ ...(await served.gateway.readView()), isApplied: false });
    const reason = "channels.discord: cannot log in with s3cret-value";
    const failing: ConfigGateway = {
      ...served.gateway,
      readView: pending,
      readReload: async () => ({ kind: "failed", reason }),
    };
    const update = updateTo('{a: 3, token: "s3cret-value"}');
    expect(await at.config.deliver(update, failing)).toMatchObject({ kind: "valid", isApplied: false });
    expect(await at.config.confirm(update, failing, never)).toMatchObject({
      kind: "invalid",
      rejection: { problems: ["channels.discord: cannot log in with ***"] },
      restored: { root: { bytes: Buffer.from(OLD) } },
    });
    expect(await at.text()).toBe(OLD);
    expect((await at.record()).rejection).toMatchObject({ checksum: update.desired.md5 });
  });

  test("does not keep a config as last good that the gateway has found valid and not applied", async () => {
    await using at = await start(OLD, createClock(Date.now() + 60_000));
    await at.keepGood(OLD);
    const { gateway } = serveFile(at.path, { release: "2026.9.6" });
    const pending: ConfigGateway = {
      ...gateway,
      readView: async () => ({ ...(await gateway.readView()), isApplied: false }),
    };
    await at.config.deliver(updateTo(GOOD), pending);
    expect(await at.lastGood()).toBe(OLD);
    expect(await at.config.confirm(updateTo(GOOD), gateway, never)).toEqual({ kind: "applied" });
    expect(await at.lastGood()).toBe(GOOD);
  });
});
