import { describe, expect, test } from "bun:test";
import { parseDefinition } from "../../../lib/definition/definition.ts";
import type { Json } from "../../../lib/json.ts";

/** `field: problem` of an agent turn with this schedule, a line each. */
function problemsOf(schedule: Json, fields: Record<string, Json> = {}): string[] {
  const parsed = parseDefinition({ name: "a", message: "x", schedule, ...fields });
  return parsed.kind === "valid" ? [] : parsed.problems.map(({ field, problem }) => `${field}: ${problem}`);
}

describe("a schedule that is a text", () => {
  test.each(["*/15 * * * *", "0 */15 * * * *", "@daily", " @Weekly\n", "0 9 15 * +1"])("accepts %j", (schedule) => {
    expect(problemsOf(schedule)).toEqual([]);
  });

  test.each([
    ["99 * * * *", "Invalid value for minute: 99"],
    ["0 7 30 2 *", "never fires"],
    ["* * * *", "expected 5 or 6 fields but received 4"],
    ["daily", "expected 5 or 6 fields but received 1"],
    ["0 0 9 1 1 * 2027", 'expected 5 or 6 fields but received 7; for one with a year write {kind: "cron", expr: …}'],
    ["2027-01-31T09:00:00+09:00", 'is no cron expression; for a single moment write {kind: "at", at: …}'],
    ["2027-01-31", 'is no cron expression; for a single moment write {kind: "at", at: …}'],
    ["12:30", 'is no cron expression; for a single moment write {kind: "at", at: …}'],
    ["15m", 'is no cron expression; for an interval write {kind: "every", everyMs: 900000}'],
    ["@every 2h", 'is no cron expression; for an interval write {kind: "every", everyMs: 7200000}'],
    ["every 5 minutes", 'is no cron expression; for an interval write {kind: "every", everyMs: 300000}'],
    ["30 sec", 'is no cron expression; for an interval write {kind: "every", everyMs: 30000}'],
    ["3 months", "expected 5 or 6 fields but received 2"],
  ])("reports of %s: %s", (schedule, problem) => {
    expect(problemsOf(schedule)).toEqual([`schedule: ${problem}`]);
  });

  test.each(["Asia/Tokyo", "asia/tokyo", "+09:00", "JST"])("accepts the time zone %s", (tz) => {
    expect(problemsOf("0 3 * * *", { tz })).toEqual([]);
  });

  test("reports an unknown time zone together with an invalid expression", () => {
    expect(problemsOf("99 * * * *", { tz: "Asia/Tokio" })).toEqual([
      "schedule: Invalid value for minute: 99",
      "tz: is no time zone; expected one such as Asia/Tokyo or +09:00",
    ]);
  });
});

describe("a schedule that is an object", () => {
  test.each([
    { kind: "cron", expr: "0 9 * * 1", tz: "Asia/Tokyo", staggerMs: 0 },
    { kind: "cron", expr: "0 0 9 1 1 * 2027" },
    { kind: "cron", expr: "0 0 9 1 1 * 2020" },
    { kind: "cron", expr: "2027-01-31T09:00:00", tz: "+09:00" },
    { kind: "cron", expr: "2020-01-01T09:00:00" },
    { kind: "cron", expr: "@daily" },
    { kind: "every", everyMs: 1, anchorMs: 0 },
    { kind: "every", everyMs: 8.64e15 },
    { kind: "at", at: "2020-01-31T09:00:00+09:00" },
    { kind: "on-exit", command: "make", cwd: "/srv" },
    { kind: "stream", command: ["tail", "-f", "x"], mode: "match", match: "error" },
    { kind: "stream", command: ["tail"], mode: "line", cwd: "/srv", batchMs: 50, maxBatchBytes: 1024 },
    { kind: "stream", command: ["tail"], batchMs: 5_000, maxBatchBytes: 65_536 },
  ] satisfies Json[])("accepts %j", (schedule) => {
    expect(problemsOf(schedule)).toEqual([]);
  });

  test.each([
    [{ kind: "cron", expr: "99 * * * *" }, "schedule.expr: Invalid value for minute: 99"],
    [{ kind: "cron", expr: "0 7 30 2 *" }, "schedule.expr: never fires"],
    [
      { kind: "cron", expr: "* * * *" },
      "schedule.expr: invalid configuration format ('* * * *'), exactly five, six, or seven space separated parts are required.",
    ],
    [{ kind: "cron", expr: "12:30" }, "schedule.expr: is neither a cron expression nor a date"],
    [{ kind: "cron", expr: " " }, "schedule.expr: expected some text but received none"],
    [
      { kind: "cron", expr: "@daily", tz: "Mars/Olympus" },
      "schedule.tz: is no time zone; expected one such as Asia/Tokyo or +09:00",
    ],
    [{ kind: "cron", expr: "@daily", staggerMs: -1 }, "schedule.staggerMs: expected at least 0 but received -1"],
    [{ kind: "every", everyMs: 0 }, "schedule.everyMs: expected at least 1 but received 0"],
    [
      { kind: "every", everyMs: 8.64e15 + 1 },
      "schedule.everyMs: expected at most 8640000000000000 but received 8640000000000001",
    ],
    [{ kind: "every", everyMs: 5, anchorMs: 0.5 }, "schedule.anchorMs: expected a whole number but received 0.5"],
    [{ kind: "at", at: "tomorrow" }, "schedule.at: expected a date and time such as 2027-01-31T09:00:00+09:00"],
    [
      { kind: "at", at: "20m" },
      "schedule.at: expected a date and time such as 2027-01-31T09:00:00+09:00; a duration from now would mean another time at each reading",
    ],
    [{ kind: "stream", command: [] }, "schedule.command: expected at least one entry but received none"],
    [{ kind: "stream", command: ["x"], batchMs: 49 }, "schedule.batchMs: expected at least 50 but received 49"],
    [
      { kind: "stream", command: ["x"], maxBatchBytes: 65_537 },
      "schedule.maxBatchBytes: expected at most 65536 but received 65537",
    ],
  ] satisfies [Json, string][])("reports of %j: %s", (schedule, problem) => {
    expect(problemsOf(schedule)).toEqual([problem]);
  });
});
