import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { chmod, mkdir, readFile, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { computeChecksum } from "../../../lib/files/checksum.ts";
import type { ConfigUpdate } from "../../../lib/config/plan.ts";
import type { ConfigGateway, ConfigView } from "../../../lib/gateway/config-calls.ts";
import { keepLastGood, keepRejection, pathOfLastGood, readConfigRecord } from "../../../lib/config/record.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { GatewayRefusal } from "../../../lib/gateway/refusal.ts";
import type { Clock } from "../../../lib/config/verdict.ts";
import { type Delivery, createLiveConfig } from "../../../lib/config/apply.ts";
import { HASHES, serveFile } from "../../support/config-gateway.ts";
import { createClock, createScratch, fileOf, refusalOf, thrownBy } from "../../support/fakes.ts";

/** A gateway takes what holds the word `nonsense` for invalid, and warns of what holds `dubious`. */
const OLD = "// the former one\r\n{a: 1}\n";
const GOOD = "{a: 2}\n";
const BAD = '{a: 3, nonsense: "s3cret-value"}\n';

const PROBLEMS = ["agents: nonsense: ***"];

const gone = () => new ManagerError("unreachable", "config.get: gateway closed (1006)");

/** A live file with this in it, or none, and what delivers to it. */
async function start(live: string | undefined = OLD, clock: Clock = createClock()) {
  const scratch = await createScratch();
  const path = scratch.in("openclaw.json");
  if (live !== undefined) await writeFile(path, live, { mode: 0o640 });
  return {
    path,
    scratch,
    config: createLiveConfig(path, clock),
    text: () => readFile(path, "utf8"),
    mode: async () => (await stat(path)).mode & 0o7777,
    record: () => readConfigRecord(path),
    lastGood: async () => (await readConfigRecord(path)).lastGood?.bytes.toString(),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

function updateTo(text: string, isHealing = false): ConfigUpdate {
  return { kind: "update", file: fileOf(text), paths: ["a"], warnings: [], isHealing };
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

describe.each(EVERY_KIND)("deliver() beside %s, which lags %i questions behind", (release, lag) => {
  test("leaves a valid config in place, and knows it for good", async () => {
    await using at = await start();
    const { gateway } = serveFile(at.path, { release, lag });
    expect(await at.config.deliver(updateTo(GOOD), gateway)).toEqual(validOn(release));
    expect(await at.text()).toBe(GOOD);
    expect(await at.lastGood()).toBe(GOOD);
  });

  test("puts back what was there before an invalid one, byte for byte, and knows why", async () => {
    await using at = await start();
    const { gateway } = serveFile(at.path, { release, lag });
    expect(await at.config.deliver(updateTo(BAD), gateway)).toEqual({
      kind: "invalid",
      problems: PROBLEMS,
      restored: fileOf(OLD),
    });
    expect(await at.text()).toBe(OLD);
    expect(await at.mode()).toBe(0o640);
    expect(await at.record()).toEqual({ lastGood: fileOf(OLD), rejection: rejectionOf(BAD, release) });
  });

  test("takes no word about an invalid one before for one about the valid one", async () => {
    await using at = await start(BAD);
    const { gateway } = serveFile(at.path, { release, lag });
    expect(await at.config.deliver(updateTo(GOOD), gateway)).toEqual(validOn(release));
    expect(await at.text()).toBe(GOOD);
  });

  test("delivers one after the other, the bad ones in between", async () => {
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

describe("deliver() to a gateway that has not noticed the file after five seconds", () => {
  for (const release of ["2026.2.9", "2026.9.6"] as const) {
    test(`waits for its word on the new one, and for no other, as often as it is asked (${release})`, async () => {
      for (const [former, latter, kind] of [
        [OLD, BAD, "invalid"],
        [BAD, GOOD, "valid"],
      ] as const) {
        await using at = await start(former);
        await keepLastGood(at.path, fileOf(OLD));
        const served = serveFile(at.path, { release, lag: 1_200, canBeProbed: false });
        const blind = {
          kind: "unknown",
          reason: `the gateway has not noticed the file within 5 s; it reads ${at.path}`,
        } as const;
        expect(await at.config.deliver(updateTo(latter), served.gateway)).toEqual(blind);
        expect(await at.config.validate(fileOf(latter), served.gateway)).toEqual(blind);
        expect(await at.text()).toBe(latter);
        expect(await at.record()).toEqual({ lastGood: fileOf(OLD), rejection: undefined });
        expect((await at.config.validate(fileOf(latter), served.gateway)).kind).toBe(kind);
        expect(served.asked).toBeGreaterThan(1_200);
      }
    });
  }

  test("takes the word of the first look at a file that has been there for long", async () => {
    await using at = await start();
    const { gateway } = serveFile(at.path, { release: "2026.9.6" });
    await at.config.deliver(updateTo(GOOD), gateway);
    await writeFile(at.path, "{a: 9}");
    expect(await at.config.validate(fileOf("{a: 9}"), gateway)).toEqual(validOn("2026.9.6"));
  });
});

describe("deliver() of an invalid config", () => {
  test("puts back an edit that nobody has judged yet, though a good one is known", async () => {
    await using at = await start();
    await keepLastGood(at.path, fileOf("{a: 0}"));
    const { gateway } = serveFile(at.path, { lag: 1 });
    await gateway.readView();
    await writeFile(at.path, "{a: 9}");
    expect(await at.config.deliver(updateTo(BAD), gateway)).toMatchObject({
      kind: "invalid",
      restored: { bytes: Buffer.from("{a: 9}") },
    });
    expect(await at.text()).toBe("{a: 9}");
    expect(await at.lastGood()).toBe("{a: 0}");
  });

  test("puts back the last good one where there was none before", async () => {
    await using at = await start();
    rmSync(at.path);
    await keepLastGood(at.path, fileOf(GOOD));
    expect(await at.config.deliver(updateTo(BAD), serveFile(at.path).gateway)).toEqual({
      kind: "invalid",
      problems: PROBLEMS,
      restored: fileOf(GOOD),
    });
    expect(await at.text()).toBe(GOOD);
    expect((await at.record()).rejection).toEqual(rejectionOf(BAD));
  });

  test("leaves it where there is no other", async () => {
    await using at = await start();
    rmSync(at.path);
    expect(await at.config.deliver(updateTo(BAD), serveFile(at.path).gateway)).toEqual({
      kind: "invalid",
      problems: PROBLEMS,
      restored: undefined,
    });
    expect(await at.text()).toBe(BAD);
    expect(await at.record()).toMatchObject({ lastGood: undefined, rejection: { problems: PROBLEMS } });
  });

  test("does not overwrite what something else has put there meanwhile", async () => {
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

  test("puts back what something else has removed meanwhile", async () => {
    await using at = await start();
    const after = (asked: number) => {
      if (asked === 2) rmSync(at.path);
    };
    const delivery = await at.config.deliver(updateTo(BAD), serveFile(at.path, { after }).gateway);
    expect(delivery).toMatchObject({ kind: "invalid", restored: { bytes: Buffer.from(OLD) } });
    expect(await at.text()).toBe(OLD);
  });

  test("lets it rest for a tenth of a second first: 2026.2.9 loses a file that is replaced twice at once", async () => {
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
    // And looks only after that whether it is still the one.
    edit = () => writeFileSync(at.path, "{a: 9}");
    expect(await at.config.deliver(updateTo(BAD), serveFile(at.path, { before }).gateway)).toMatchObject({
      kind: "unknown",
    });
    expect(await at.text()).toBe("{a: 9}");
  });

  test("replaces an earlier rejection, and a valid one forgets it", async () => {
    await using at = await start();
    await keepRejection(at.path, { checksum: "0123", release: "dev", problems: [] });
    const { gateway } = serveFile(at.path);
    await at.config.deliver(updateTo(BAD), gateway);
    expect((await at.record()).rejection).toEqual(rejectionOf(BAD));
    await at.config.deliver(updateTo(GOOD), gateway);
    expect(await at.record()).toEqual({ lastGood: fileOf(GOOD), rejection: undefined });
  });
});

describe("deliver() where there is no gateway, or one that goes away", () => {
  test("leaves the bytes in place where none answers, and knows nothing of them", async () => {
    await using at = await start();
    await keepLastGood(at.path, fileOf("{a: 0}"));
    await keepRejection(at.path, rejectionOf(BAD));
    expect(await at.config.deliver(updateTo(GOOD), undefined)).toEqual({
      kind: "unknown",
      reason: undefined,
    });
    expect(await at.text()).toBe(GOOD);
    expect(await at.mode()).toBe(0o640);
    expect(await at.record()).toEqual({ lastGood: fileOf("{a: 0}"), rejection: rejectionOf(BAD) });
  });

  test("leaves them in place where it goes away after the write: most likely it restarts for them", async () => {
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
      expect(await at.record()).toEqual({ lastGood: fileOf(OLD), rejection: undefined });
    }
  });

  test("asks no further where it goes away before the write, and writes all the same", async () => {
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

  test("waits three seconds for one that says nothing about what is there", async () => {
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

  test("leaves it to be judged when there is one again", async () => {
    await using at = await start();
    await keepLastGood(at.path, fileOf(OLD));
    await at.config.deliver(updateTo(BAD), undefined);
    const { gateway } = serveFile(at.path, { release: "2026.9.6" });
    expect(await at.config.validate(fileOf(BAD), gateway)).toMatchObject({ kind: "invalid" });
    expect(await at.text()).toBe(OLD);
  });
});

describe("deliver() and the last good config", () => {
  test("is what was there before, where the gateway has found that valid, whatever comes of the new one", async () => {
    for (const release of ["2026.2.9", "2026.9.6"] as const) {
      await using at = await start();
      await keepLastGood(at.path, fileOf("{a: 0}"));
      let known: string | undefined;
      const before = (asked: number) => {
        if (asked === 2) known = readFileSync(pathOfLastGood(at.path), "utf8");
      };
      await at.config.deliver(updateTo(GOOD), serveFile(at.path, { release, before }).gateway);
      expect(known).toBe(OLD);
      expect(await at.lastGood()).toBe(GOOD);
    }
  });

  test("is not what was there before, where that was invalid", async () => {
    await using at = await start(BAD);
    await keepLastGood(at.path, fileOf("{a: 0}"));
    const delivery = await at.config.deliver(updateTo(`${BAD} `), serveFile(at.path).gateway);
    expect(delivery).toMatchObject({ kind: "invalid" });
    expect(await at.lastGood()).toBe("{a: 0}");
  });

  test("is not what was there before, where that was invalid and the gateway still shows the one before it", async () => {
    await using at = await start();
    await keepLastGood(at.path, fileOf(OLD));
    const known: string[] = [];
    const before = () => known.push(readFileSync(pathOfLastGood(at.path), "utf8"));
    const { gateway } = serveFile(at.path, { release: "2026.8.2", before });
    await gateway.readView();
    await writeFile(at.path, BAD);
    expect(await at.config.deliver(updateTo(GOOD), gateway)).toMatchObject({ kind: "valid" });
    expect(new Set(known)).toEqual(new Set([OLD]));
  });

  test("is not what was there before, where that cannot be told any more", async () => {
    await using at = await start();
    const known: boolean[] = [];
    const before = () => known.push(existsSync(pathOfLastGood(at.path)));
    const { gateway } = serveFile(at.path, { release: "2026.9.6", before });
    const dying = { ...gateway, readIssues: () => Promise.reject(gone()) };
    expect(await at.config.deliver(updateTo(GOOD), dying)).toMatchObject({ kind: "valid" });
    // Asked before the write and after it: only then there is a copy.
    expect(known).toEqual([false, false]);
    expect(await at.lastGood()).toBe(GOOD);
  });

  test("is not what was there before, where the gateway reads another file, and told so by a hash", async () => {
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
  test("hands on what the gateway warns of", async () => {
    await using at = await start();
    expect(await at.config.deliver(updateTo("{a: 'dubious'}"), serveFile(at.path).gateway)).toEqual({
      kind: "valid",
      warnings: ["a: ***"],
      isApplied: undefined,
    });
  });

  test("leaves no other files behind", async () => {
    await using at = await start();
    const { gateway } = serveFile(at.path);
    for (const text of [BAD, GOOD]) await at.config.deliver(updateTo(text), gateway);
    expect((await readdir(at.scratch.path)).toSorted()).toEqual(["openclaw.json", "openclaw.json.config-manager-good"]);
  });

  test("lets a gateway digest what was put there less than a second ago, whoever did", async () => {
    for (const [ageMs, pauses] of [
      [200, [800]],
      [0, [1_000]],
      [999, [1]],
      [1_000, []],
      [5_000, []],
      [-5_000, []], // a wrong clock
    ] as const) {
      const clock = createClock();
      await using at = await start(OLD, clock);
      const touched = (clock.nowMs() - ageMs) / 1000;
      await utimes(at.path, touched, touched);
      await at.config.deliver(updateTo(GOOD), serveFile(at.path).gateway);
      expect({ ageMs, pauses: clock.pauses.map(Math.round) }).toEqual({ ageMs, pauses: [...pauses, 3_000] });
    }
  });

  test("leaves a gateway that cannot be asked just the time that its watcher needs", async () => {
    const clock = createClock();
    await using at = await start(OLD, clock);
    await utimes(at.path, clock.nowMs() / 1000, clock.nowMs() / 1000);
    await at.config.deliver(updateTo(GOOD), undefined);
    expect(clock.pauses).toEqual([100]);
    await utimes(at.path, 0, 0);
    await at.config.deliver(updateTo(OLD), undefined);
    expect(clock.pauses).toEqual([100]);
  });

  test("says where it cannot write, and leaves what was there", async () => {
    await using at = await start();
    rmSync(at.path);
    await mkdir(at.path);
    for (const gateway of [undefined, serveFile(at.scratch.in("other.json")).gateway]) {
      expect(await refusalOf(at.config.deliver(updateTo(GOOD), gateway))).toMatchObject({ code: "file" });
    }
    expect(await readdir(at.scratch.path)).toEqual(["openclaw.json"]);
  });
});

describe("mayHeal()", () => {
  test("is once a minute, from the last healing on", async () => {
    const clock = createClock();
    await using at = await start(OLD, clock);
    expect(at.config.mayHeal()).toBeTrue();
    await at.config.deliver(updateTo(GOOD, true), undefined);
    expect(at.config.mayHeal()).toBeFalse();
    clock.advance(59_999);
    expect(at.config.mayHeal()).toBeFalse();
    clock.advance(1);
    expect(at.config.mayHeal()).toBeTrue();
    await at.config.deliver(updateTo(OLD, true), undefined);
    expect(at.config.mayHeal()).toBeFalse();
  });

  test("does not count what Git has changed, nor what could not be written", async () => {
    await using at = await start();
    await at.config.deliver(updateTo(GOOD), undefined);
    expect(at.config.mayHeal()).toBeTrue();
    rmSync(at.path);
    await mkdir(at.path);
    await refusalOf(at.config.deliver(updateTo(GOOD, true), undefined));
    expect(at.config.mayHeal()).toBeTrue();
  });

  test("counts a healing that the gateway has refused", async () => {
    await using at = await start();
    await at.config.deliver(updateTo(BAD, true), serveFile(at.path).gateway);
    expect(at.config.mayHeal()).toBeFalse();
  });
});

describe("validate()", () => {
  test("knows a valid config for good, and does not touch it", async () => {
    await using at = await start(GOOD);
    await keepRejection(at.path, rejectionOf(BAD));
    const { ino, mtimeMs } = await stat(at.path);
    const { gateway } = serveFile(at.path, { release: "2026.9.6" });
    expect(await at.config.validate(fileOf(GOOD), gateway)).toEqual(validOn("2026.9.6"));
    expect(await stat(at.path)).toMatchObject({ ino, mtimeMs });
    expect(await at.record()).toEqual({ lastGood: fileOf(GOOD), rejection: undefined });
  });

  test("takes the word on what was there before the last delivery, where that is back", async () => {
    await using at = await start();
    const { gateway } = serveFile(at.path, { release: "2026.9.6" });
    await at.config.deliver(updateTo(GOOD), gateway);
    await writeFile(at.path, OLD);
    expect(await at.config.validate(fileOf(OLD), gateway)).toEqual(validOn("2026.9.6"));
  });

  test("shows it once more to a gateway that may have missed it and cannot say: it watches two seconds late", async () => {
    const clock = createClock();
    await using at = await start(GOOD, clock);
    const { ino } = await stat(at.path);
    expect(await at.config.validate(fileOf(GOOD), serveFile(at.path).gateway)).toEqual(validOn("2026.2.9"));
    expect(clock.pauses).toEqual([2_000]);
    expect(await at.text()).toBe(GOOD);
    expect(await at.mode()).toBe(0o640);
    expect((await stat(at.path)).ino).not.toBe(ino);
  });

  test("does not show it over what something else has put there, or removed, meanwhile", async () => {
    for (const meanwhile of ["{a: 9}", undefined]) {
      let path = "";
      const pause = async () => {
        if (meanwhile === undefined) rmSync(path);
        else writeFileSync(path, meanwhile);
      };
      await using at = await start(GOOD, { ...createClock(), pause });
      path = at.path;
      await at.config.validate(fileOf(GOOD), serveFile(at.path).gateway);
      expect(existsSync(at.path) ? await at.text() : undefined).toBe(meanwhile);
    }
  });

  test("shows nothing again that is not valid", async () => {
    const clock = createClock();
    await using at = await start(BAD, clock);
    await at.config.validate(fileOf(BAD), serveFile(at.path).gateway);
    await at.config.validate(fileOf(BAD), undefined);
    expect(clock.pauses).toEqual([]);
  });

  test("puts back the last good config in place of an invalid one", async () => {
    for (const release of ["2026.2.9", "2026.9.6"] as const) {
      await using at = await start(BAD);
      await chmod(at.path, 0o604);
      await keepLastGood(at.path, fileOf(OLD));
      expect(await at.config.validate(fileOf(BAD), serveFile(at.path, { release }).gateway)).toEqual({
        kind: "invalid",
        problems: PROBLEMS,
        restored: fileOf(OLD),
      });
      expect(await at.text()).toBe(OLD);
      expect(await at.mode()).toBe(0o604);
      expect(await at.record()).toEqual({ lastGood: fileOf(OLD), rejection: rejectionOf(BAD, release) });
    }
  });

  test("is not misled by a gateway that still shows what was there before the invalid one", async () => {
    await using at = await start(GOOD);
    const { gateway } = serveFile(at.path, { release: "2026.8.2" });
    await gateway.readView();
    await keepLastGood(at.path, fileOf(GOOD));
    await writeFile(at.path, BAD);
    expect(await at.config.validate(fileOf(BAD), gateway)).toMatchObject({ kind: "invalid", problems: PROBLEMS });
    expect(await at.text()).toBe(GOOD);
    expect(await at.lastGood()).toBe(GOOD);
  });

  test("leaves an invalid one where no good one is known", async () => {
    await using at = await start(BAD);
    expect(await at.config.validate(fileOf(BAD), serveFile(at.path).gateway)).toEqual({
      kind: "invalid",
      problems: PROBLEMS,
      restored: undefined,
    });
    expect(await at.text()).toBe(BAD);
    expect(await at.record()).toMatchObject({ lastGood: undefined, rejection: { problems: PROBLEMS } });
  });

  test("does not overwrite what something else has put there meanwhile", async () => {
    await using at = await start(BAD);
    await keepLastGood(at.path, fileOf(OLD));
    const after = () => writeFileSync(at.path, "{a: 9}");
    const delivery = await at.config.validate(fileOf(BAD), serveFile(at.path, { after }).gateway);
    expect(delivery).toMatchObject({ kind: "unknown" });
    expect(await at.text()).toBe("{a: 9}");
  });

  test("knows nothing without a gateway, or with one that goes away", async () => {
    await using at = await start(BAD);
    await keepLastGood(at.path, fileOf(OLD));
    expect(await at.config.validate(fileOf(BAD), undefined)).toEqual({ kind: "unknown", reason: undefined });
    const before = () => {
      throw gone();
    };
    expect(await at.config.validate(fileOf(BAD), serveFile(at.path, { before }).gateway)).toMatchObject({
      kind: "unknown",
    });
    expect(await at.text()).toBe(BAD);
    expect(await at.record()).toEqual({ lastGood: fileOf(OLD), rejection: undefined });
  });

  test("lets a gateway digest what was put there less than a second ago", async () => {
    const clock = createClock();
    await using at = await start(GOOD, clock);
    const touched = (clock.nowMs() - 300) / 1000;
    await utimes(at.path, touched, touched);
    await at.config.validate(fileOf(GOOD), undefined);
    expect(clock.pauses).toEqual([]);
    await at.config.validate(fileOf(GOOD), serveFile(at.path, { release: "2026.9.6" }).gateway);
    expect(clock.pauses.map(Math.round)).toEqual([700]);
  });
});

describe("isReady()", () => {
  const answering = (answer: () => Promise<ConfigView>): ConfigGateway => {
    const nobody = () => Promise.reject(new Error("nobody should ask"));
    return { release: "2026.9.6", readView: answer, readIssues: nobody, lookUpReload: nobody };
  };
  const failing = (thrown: Error) => answering(() => Promise.reject(thrown));

  test("waits until the last change is old news", async () => {
    const clock = createClock();
    await using at = await start(OLD, clock);
    await utimes(at.path, clock.nowMs() / 1000, clock.nowMs() / 1000);
    expect(await at.config.isReady(serveFile(at.path).gateway)).toBeTrue();
    expect(clock.pauses[0]).toBe(1_000);
  });

  test("waits until the gateway runs on what is there, but not for ever", async () => {
    const clock = createClock();
    await using at = await start(OLD, clock);
    const view: ConfigView = { path: at.path, isValid: true, issues: [], warnings: [], hash: "x", isApplied: false };
    let asked = 0;
    const applying = answering(async () => ({ ...view, isApplied: ++asked >= 3 }));
    expect(await at.config.isReady(applying)).toBeTrue();
    expect(asked).toBe(3);
    const beganMs = clock.nowMs();
    expect(await at.config.isReady(answering(async () => view))).toBeTrue();
    expect(clock.nowMs() - beganMs).toBeGreaterThanOrEqual(5_000);
  });

  test("is false where it goes while it is waited for", async () => {
    await using at = await start();
    const view: ConfigView = { path: at.path, isValid: true, issues: [], warnings: [], hash: "x", isApplied: false };
    let asked = 0;
    const leaving = answering(async () => {
      asked += 1;
      if (asked > 2) throw gone();
      return view;
    });
    expect(await at.config.isReady(leaving)).toBeFalse();
  });

  test("is false for a gateway that has gone, or is about to go", async () => {
    await using at = await start();
    const unavailable = new GatewayRefusal({ code: "UNAVAILABLE", message: "during gateway restart" });
    expect(await at.config.isReady(failing(gone()))).toBeFalse();
    const leaving = new ManagerError("rejected", "config.get unavailable during gateway restart", {
      cause: unavailable,
    });
    expect(await at.config.isReady(failing(leaving))).toBeFalse();
  });

  test("is true for one that is there, and says nothing of use", async () => {
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
  /** A gateway that says these things of the force, one after the other. */
  function forcing(...said: (boolean | undefined)[]) {
    let asked = 0;
    const gateway: ConfigGateway = {
      release: "2026.9.6",
      async readView() {
        const isApplied = said[Math.min(asked, said.length - 1)];
        asked += 1;
        return { path: undefined, isValid: true, issues: [], warnings: [], hash: undefined, isApplied };
      },
      readIssues: async () => undefined,
      lookUpReload: () => Promise.reject(new Error("nobody should ask")),
    };
    return {
      gateway,
      get asked() {
        return asked;
      },
    };
  }
  const never = () => false;

  test("does not take what the gateway ran on before for the config, unless that says the same", async () => {
    for (const [paths, answer] of [
      [["a"], "timeout"],
      [[], "applied"],
    ] as const) {
      await using at = await start();
      const { gateway } = serveFile(at.path, { release: "2026.8.2", lag: 10_000 });
      await at.config.deliver({ ...updateTo(GOOD), paths: [...paths] }, gateway);
      expect(await at.config.confirm(fileOf(GOOD), gateway, never)).toBe(answer);
    }
  });

  test("waits until the config is in force, and asks once per connection and config", async () => {
    await using at = await start();
    const served = forcing(false, true);
    expect(await at.config.confirm(fileOf("one"), served.gateway, never)).toBe("applied");
    expect(served.asked).toBe(2);
    expect(await at.config.confirm(fileOf("one"), served.gateway, never)).toBe("unknown");
    expect(served.asked).toBe(2);
    expect(await at.config.confirm(fileOf("other"), served.gateway, never)).toBe("applied");
    expect(await at.config.confirm(fileOf("one"), served.gateway, never)).toBe("applied");
    const again = forcing(true);
    expect(await at.config.confirm(fileOf("one"), again.gateway, never)).toBe("applied");
    expect({ asked: served.asked, again: again.asked }).toEqual({ asked: 4, again: 1 });
  });

  test("says once that it is late", async () => {
    await using at = await start();
    const served = forcing(false);
    expect(await at.config.confirm(fileOf("one"), served.gateway, never)).toBe("timeout");
    expect(await at.config.confirm(fileOf("one"), served.gateway, never)).toBe("unknown");
  });

  test("asks again what was not told, or not waited for", async () => {
    await using at = await start();
    const served = forcing(undefined, false, true);
    expect(await at.config.confirm(fileOf("one"), served.gateway, never)).toBe("unknown");
    expect(await at.config.confirm(fileOf("one"), served.gateway, () => served.asked >= 2)).toBe("unknown");
    expect(await at.config.confirm(fileOf("one"), served.gateway, never)).toBe("applied");
  });
});
