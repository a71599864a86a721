import { describe, expect, test } from "bun:test";
import { describeAge, describeSchedule } from "../../../lib/cron/schedule-text.ts";

describe("describeSchedule()", () => {
  test.each([
    [{ kind: "cron", expr: "0 3 * * *" }, "0 3 * * *"],
    [{ kind: "cron", expr: "0 3 * * *", tz: "Asia/Tokyo" }, "0 3 * * * Asia/Tokyo"],
    [{ kind: "every", everyMs: 1_800_000 }, "every 30m"],
    [{ kind: "every", everyMs: 5_400_000 }, "every 90m"],
    [{ kind: "every", everyMs: 604_800_000 }, "every 7d"],
    [{ kind: "every", everyMs: 1_500 }, "every 1500ms"],
    [{ kind: "at", at: "2036-03-01T09:00:00.000Z" }, "at 2036-03-01T09:00Z"],
    [{ kind: "at", at: "2036-03-01T09:00:05.000Z" }, "at 2036-03-01T09:00:05.000Z"],
    [{ kind: "on-exit", command: "hush" }, "on-exit"],
    [{ kind: "of tomorrow" }, "of tomorrow"],
    [{}, "?"],
  ])("describes %j", (schedule, words) => {
    expect(describeSchedule(schedule)).toBe(words);
  });
});

describe("describeAge()", () => {
  test.each([
    [0, "0s"],
    [59_999, "59s"],
    [60_000, "1m"],
    [3_599_999, "59m"],
    [7_200_000, "2h"],
    [8_640_000_000, "100d"],
  ])("%d ms are %s", (ms, age) => {
    expect(describeAge(ms)).toBe(age);
  });
});
