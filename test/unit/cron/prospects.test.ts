import { describe, expect, test } from "bun:test";
import { describePassed, findPassed } from "../../../lib/cron/prospects.ts";
import type { LiveJob } from "../../../lib/gateway/job.ts";
import { OWNER, define, liveJob, ourJob } from "../../support/fakes.ts";

const NOW = { owner: OWNER, nowMs: Date.parse("2026-11-22T12:00:00Z") };
const moment = (at: string, tz?: string) =>
  define({ schedule: { kind: "at", at }, ...(tz === undefined ? {} : { tz }) });
const PAST = moment("2026-11-22T21:00:00+09:00");

describe("findPassed()", () => {
  const passed = [{ name: "backup", at: "2026-11-22T12:00:00.000Z" }];

  test.each([
    ["with an offset", PAST],
    ["in UTC", moment("2026-11-22T12:00")],
    ["in a zone", moment("2026-11-22T21:00", "Asia/Tokyo")],
  ])("names a job whose moment has passed, %s", (_, definition) => {
    expect(findPassed([definition], [], NOW)).toEqual(passed);
    expect(findPassed([definition], [liveJob({ name: "other" })], NOW)).toEqual(passed);
  });

  test.each([
    ["a moment to come", [moment("2026-11-22T12:00:01Z"), moment("2026-11-22T21:00:01", "Asia/Tokyo")], []],
    ["a job that repeats", [define(), define({ schedule: { kind: "every", everyMs: 1 } })], []],
    ["a live job of ours, which has run", [PAST], [ourJob(PAST)]],
    ["a live job that nobody claims", [PAST], [liveJob({ schedule: PAST.schedule })]],
  ] satisfies [string, ReturnType<typeof define>[], LiveJob[]][])("does not name %s", (_, definitions, live) => {
    expect(findPassed(definitions, live, NOW)).toEqual([]);
  });

  test("names one of another owner, which is not touched", () => {
    expect(findPassed([PAST], [liveJob({ declarationKey: "other:backup" })], NOW)).toEqual(passed);
  });
});

describe("describePassed()", () => {
  test("says what, when, and what follows", () => {
    expect(describePassed({ name: "a", at: "2026-01-01T00:00:00.000Z" })).toBe(
      "a: its moment 2026-01-01T00:00:00.000Z has passed; it is not added",
    );
  });
});
