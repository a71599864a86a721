import { describe, expect, test } from "bun:test";
import { parseDefinition } from "../../../lib/definition/definition.ts";
import { findWarnings } from "../../../lib/definition/warnings.ts";
import type { JsonObject } from "../../../lib/json.ts";

function warningsOf(fields: JsonObject, nowMs?: number): string[] {
  const parsed = parseDefinition(JSON.parse(JSON.stringify({ name: "x", message: "x", ...fields })));
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return findWarnings(parsed.definition, nowMs).map(({ field, problem }) => `${field}: ${problem}`);
}

const at = (text: string, more: JsonObject = {}) => ({ schedule: { kind: "at", at: text, ...more } });

describe("findWarnings()", () => {
  test("names both remedies for a moment with neither an offset nor a zone", () => {
    expect(warningsOf(at("2026-12-01T09:00"))).toEqual([
      "schedule.at: is read as UTC, for want of an offset and of a tz; write 2026-12-01T09:00Z for that, or else an offset (2026-12-01T09:00+09:00), or tz (Asia/Tokyo) beside it",
    ]);
    expect(warningsOf(at("2026-12-01"))).toEqual([
      "schedule.at: is read as UTC, for want of an offset and of a tz; write 2026-12-01T00:00Z for that, or else an offset (2026-12-01T00:00+09:00), or tz (Asia/Tokyo) beside it",
    ]);
  });

  test.each<[string, JsonObject]>([
    ["a moment with an offset", at("2026-12-01T09:00+09:00")],
    ["a moment in UTC", at("2026-12-01T09:00Z")],
    ["a moment with a zone", { ...at("2026-12-01T09:00"), tz: "Asia/Tokyo" }],
    ["a moment with a zone inside", at("2026-12-01", { tz: "Asia/Tokyo" })],
    ["an offset that is the zone's own", { ...at("2026-07-01T09:00+02:00"), tz: "Europe/Berlin" }],
    ["a cron expression", { schedule: "0 3 * * *" }],
    ["a cron expression with a zone", { schedule: "0 3 * * *", tz: "Europe/London" }],
    ["a zone that observes summer time", { schedule: "0 3 * * *", tz: "CET" }],
    ["UTC", { schedule: { kind: "cron", expr: "0 3 * * *", tz: "UTC" } }],
    ["an interval", { schedule: { kind: "every", everyMs: 60_000 } }],
  ])("finds nothing in %s", (_, fields) => expect(warningsOf(fields)).toEqual([]));

  test("says that a zone counts for nothing beside another offset", () => {
    expect(warningsOf({ ...at("2026-12-01T09:00:00Z"), tz: "Asia/Tokyo" })).toEqual([
      "tz: has no effect, since schedule.at has an offset of its own, which is not that of the zone",
    ]);
    expect(warningsOf(at("2026-12-01T09:00:00Z", { tz: "Asia/Tokyo" }))).toEqual([
      "schedule.tz: has no effect, since schedule.at has an offset of its own, which is not that of the zone",
    ]);
  });

  test.each([
    ["BST", "means Asia/Dhaka here; write that, or the zone that you mean, such as Europe/London"],
    ["bst", "means Asia/Dhaka here; write that, or the zone that you mean, such as Europe/London"],
    ["EST", "means America/Panama here; write that, or the zone that you mean, such as America/New_York"],
    ["CST", "means America/Chicago here; write that, or the zone that you mean"],
    ["JST", "means Asia/Tokyo here; write that, or the zone that you mean"],
  ])("says which zone %s is", (tz, problem) => {
    expect(warningsOf({ schedule: "0 3 * * *", tz })).toEqual([`tz: ${problem}`]);
    expect(warningsOf({ schedule: { kind: "cron", expr: "0 3 * * *", tz } })).toEqual([`schedule.tz: ${problem}`]);
    expect(warningsOf({ ...at("2027-01-31T09:00"), tz })).toEqual([`tz: ${problem}`]);
  });

  test.each<[string, JsonObject, string]>([
    ["a list", { command: ["bash", "-lc", "x"], env: { PATH: "/opt/bin" } }, "env.PATH"],
    ["a path", { command: ["/bin/sh", "-l", "-c", "x"], env: { PATH: "/opt/bin" } }, "env.PATH"],
    ["a long option", { command: ["bash", "--login", "-c", "x"], env: { PATH: "/opt/bin" } }, "env.PATH"],
    [
      "OpenClaw's own payload",
      { payload: { kind: "command", argv: ["sh", "-lc", "x"], env: { PATH: "/opt/bin" } } },
      "payload.env.PATH",
    ],
  ])("says that a login shell resets PATH, in %s", (_, fields, field) => {
    expect(warningsOf({ schedule: "@daily", message: undefined as never, ...fields })).toEqual([
      `${field}: is reset by the login shell that is started; leave out its option -l`,
    ]);
  });

  test.each<[string, JsonObject]>([
    ["a shell line", { command: "x", env: { PATH: "/opt/bin" } }],
    ["another shell", { command: ["sh", "-c", "ls -l"], env: { PATH: "/opt/bin" } }],
    ["another program", { command: ["ls", "-l"], env: { PATH: "/opt/bin" } }],
    ["another variable", { command: ["sh", "-lc", "x"], env: { A: "1" } }],
  ])("says nothing of the PATH of %s", (_, fields) => {
    expect(warningsOf({ schedule: "@daily", message: undefined as never, ...fields })).toEqual([]);
  });

  test("finds a moment that has passed, if it is told what time it is", () => {
    const passed = at("2026-01-01T09:00+09:00");
    expect(warningsOf(passed)).toEqual([]);
    expect(warningsOf(passed, Date.UTC(2026, 0, 1) - 1)).toEqual([]);
    expect(warningsOf(passed, Date.UTC(2026, 0, 1))).toEqual([
      "schedule.at: has passed (2026-01-01T00:00:00.000Z); a job that is not there yet is not added",
    ]);
  });
});
