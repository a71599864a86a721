import { describe, expect, spyOn, test } from "bun:test";
import { Cron, scheduledJobs } from "croner";
import * as fc from "fast-check";
import { findExpressionProblem } from "../../../lib/definition/cron-expression.ts";
import { runs } from "../../support/soak.ts";

/** The end of croner's message about the number of fields. */
const FIELDS = "exactly five, six, or seven space separated parts are required.";

const ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "+09:00", "Pacific/Apia"];

/** A field of a cron expression, valid or nearly valid. */
const field = fc.oneof(
  fc.constantFrom(
    "*",
    "?",
    "*/15",
    "L",
    "LW",
    "15W",
    "MON",
    "fri-sun",
    "JAN",
    "1#5",
    "5L",
    "+1",
    "+",
    "1-5/2",
    "0",
    "-",
  ),
  fc.nat(70).map(String),
  fc.tuple(fc.nat(40), fc.nat(40)).map(([from, to]) => `${from}-${to}`),
  fc.stringMatching(/^[\d*,/#LW+-]{1,8}$/),
);

const expression = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.array(field, { minLength: 1, maxLength: 8 }).map((fields) => fields.join(" ")),
  fc
    .date({ noInvalidDate: true, min: new Date("0001-01-02"), max: new Date("9999-12-30") })
    .map((at) => at.toISOString()),
  fc.constantFrom("@daily", "@Hourly", " @yearly ", "@reboot", "@every 5m", "12:30", "2027-01-31T09:00"),
);

describe("findExpressionProblem()", () => {
  test.each([
    "*/15 * * * *",
    "0 */15 * * * *",
    " 0\t9  * * 1 ",
    "0 9 15 * +1",
    "0 9 LW * *",
    "0 9 15W * ?",
    "0 9 * JAN-mar MON#1,fri#L",
    "@daily",
    "@Hourly",
    "0 0 29 2 *",
    "0 0 29 2 +MON",
    "0 0 9 1 1 * 2027-2030",
    "2027-01-31T09:00:00+09:00",
  ])("accepts %j", (text) => {
    expect(findExpressionProblem(text)).toBeUndefined();
  });

  test.each([
    ["99 * * * *", "Invalid value for minute: 99"],
    ["* 24 * * *", "Invalid value for hour: 24"],
    ["60 * * * * *", "Invalid value for second: 60"],
    ["* * 32 * *", "Invalid value for day: 31 (counted from 0)"],
    ["* * 32W * *", "Invalid value for nearestWeekdays: 31 (counted from 0)"],
    ["* * * 13 *", "Invalid value for month: 12 (counted from 0)"],
    ["* * * 0 *", "Invalid value for month: -1 (counted from 0)"],
    ["* * * * 8", "Invalid value for dayOfWeek: 8"],
    ["0 0 0 1 1 * 10000", "Invalid value for year: 10000 (supported range: 1-9999)"],
    ["* * * *", `invalid configuration format ('* * * *'), ${FIELDS}`],
    ["* * * * * * * *", `invalid configuration format ('* * * * * * * *'), ${FIELDS}`],
    ["", `invalid configuration format (''), ${FIELDS}`],
    ["@every 5m", `invalid configuration format ('@every 5m'), ${FIELDS}`],
    [
      "@reboot",
      "@reboot is not supported in this environment. This is an event-based trigger that requires system startup detection.",
    ],
    ["H * * * *", "configuration entry 1 (H) contains illegal characters."],
    ["0 0 * * noon", "configuration entry 5 (noon) contains illegal characters."],
    ["1,,2 * * * *", "configuration entry minute () is empty, check for trailing spaces."],
    ["*/0 * * * *", "Syntax error, illegal stepping: 0"],
    ["*/61 * * * *", "Syntax error, steps cannot be greater than maximum value of part (60)"],
    ["* * * * fri-mon", "From value is larger than to value: '5-1'"],
    ["* * * * 1#6", "nth weekday out of range, should be 1-5 or L. Value: 6, Type: string"],
    ["* * * * L", "dayOfWeek is not a number: 'L'"],
    ["* * 1-5W * *", "Syntax error, W is not allowed in a range."],
    [
      "5/15 * * * *",
      "Syntax error, stepping with numeric prefix ('5/15') is not allowed. Use wildcard (*/step) or range (min-max/step) instead.",
    ],
    ["12:30", "is neither a cron expression nor a date"],
    ["12:30 * * * *", "is neither a cron expression nor a date"],
    ["2027-02-30T25:00", "is neither a cron expression nor a date"],
  ])("reports of %j: %s", (text, problem) => {
    expect(findExpressionProblem(text)).toBe(problem);
  });

  test.each(["0 7 30 2 *", "0 0 7 30 2 *", "* * 31 2,4,6,9,11 *", "0 0 30W 2 *", "0 0 28 2 +MON#5", "0 0 LW 2 +SUN"])(
    "reports that %s never fires",
    (text) => {
      expect(findExpressionProblem(text)).toBe("never fires");
      // croner's own search through every month until the year 3000.
      expect(new Cron(text, { paused: true }).nextRun()).toBeNull();
    },
  );

  test.each(["0 0 29 2 +MON", "0 0 29 2 *", "0 0 31 12 +SUN", "0 0 * 2 +THU#5", "0 0 LW 2 +MON"])(
    "accepts %s, which fires at least once in 28 years",
    (text) => {
      expect(findExpressionProblem(text)).toBeUndefined();
      expect(new Cron(text, { paused: true }).nextRun()).toBeInstanceOf(Date);
    },
  );

  test.each(["0 0 9 1 1 * 2020", "0 0 7 30 2 * 2020", "2020-01-01T09:00:00Z", "Jan 5 1990 10:00 GMT"])(
    "accepts %s, which has fired for the last time",
    (text) => {
      expect(findExpressionProblem(text)).toBeUndefined();
    },
  );

  test("returns the same in every time zone of the container", () => {
    const texts = ["0 7 30 2 *", "0 0 29 2 +MON", "30 2 14 3 *", "2027-01-31T09:00", "99 * * * *"];
    const zone = process.env.TZ;
    const answers = ["UTC", "Asia/Tokyo", "America/New_York"].map((place) => {
      process.env.TZ = place;
      return texts.map(findExpressionProblem);
    });
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
    expect(answers).toEqual(
      Array.from({ length: 3 }, () => ["never fires", undefined, undefined, undefined, "Invalid value for minute: 99"]),
    );
  });

  test("never throws, and accepts nothing that croner rejects, in any zone", () => {
    fc.assert(
      fc.property(expression, fc.constantFrom(...ZONES), (text, timezone) => {
        const problem = findExpressionProblem(text);
        if (problem === undefined) expect(() => new Cron(text, { paused: true, timezone })).not.toThrow();
        else expect(problem).toMatch(/^\P{Cc}{5,1200}$/u);
      }),
      { numRuns: runs(3_000) },
    );
  });

  test("rejects nothing that croner accepts and that fires", () => {
    let refused = 0;
    fc.assert(
      fc.property(expression, (text) => {
        if (findExpressionProblem(text) === undefined) return;
        refused += 1;
        expect(() => {
          if (new Cron(text, { paused: true, timezone: "UTC" }).nextRun(new Date("2000-01-01")) === null) {
            throw new Error("never fires");
          }
        }).toThrow();
      }),
      { numRuns: 1_000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  /** Each number and each step up to 100, in each of the five fields. */
  const PLAIN_FIELDS = Array.from({ length: 5 }, (_, place) =>
    Array.from({ length: 101 }, (_entry, number) => [`${number}`, `0${number}`, `*/${number}`, `*/0${number}`])
      .flat()
      .map((field) => ["*", "*", "*", "*", "*"].with(place, field).join(" ")),
  ).flat();

  /** The answer of croner itself. */
  const fires = (text: string) => {
    try {
      return new Cron(text, { paused: true, timezone: "UTC" }).nextRun(new Date("2000-01-01")) !== null;
    } catch {
      return false;
    }
  };

  test("agrees with croner on each number and step of a plain expression", () => {
    const answers = PLAIN_FIELDS.map((text) => [text, findExpressionProblem(text) === undefined]);
    expect(answers).toEqual(PLAIN_FIELDS.map((text) => [text, fires(text)]));
  });

  test("agrees with croner on plain expressions with lists", () => {
    const number = fc.nat(64).map(String);
    const plain = fc.oneof(
      fc.constant("*"),
      number.map((step) => `*/${step}`),
      fc.array(number, { minLength: 1, maxLength: 3 }).map((numbers) => numbers.join(",")),
    );
    // Mostly small numbers, or hardly any expression would be valid.
    const small = fc.integer({ min: 1, max: 7 }).map(String);
    const fields = fc.array(fc.oneof({ weight: 4, arbitrary: small }, plain), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(fields, (parts) => {
        const text = parts.join(" ");
        expect([text, findExpressionProblem(text) === undefined]).toEqual([text, fires(text)]);
      }),
      { numRuns: runs(2_000) },
    );
  });

  test("quotes croner in one line", () => {
    expect(findExpressionProblem("1\n2 \u001b[31m\u2028x * *")).toBe(
      "configuration entry 2 ( [31m) contains illegal characters.",
    );
    expect(findExpressionProblem("1\n2\n3")).toBe(`invalid configuration format ('1 2 3'), ${FIELDS}`);
  });

  test("rejects a long expression without parsing it", () => {
    expect(findExpressionProblem(`* * * * * * ${"1-9999,".repeat(100_000)}1`)).toBe("expected at most 1000 characters");
  });

  test("starts no timer and registers no job", () => {
    const timers = spyOn(globalThis, "setTimeout");
    findExpressionProblem("* * * * * *");
    findExpressionProblem("2999-01-01T00:00:00Z");
    expect(timers).not.toHaveBeenCalled();
    expect(scheduledJobs).toBeEmpty();
    timers.mockRestore();
  });
});
