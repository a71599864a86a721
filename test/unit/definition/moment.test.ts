import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { parseMoment } from "../../../lib/definition/moment.ts";
import { runs } from "../../support/soak.ts";

const DAY = Date.UTC(2027, 0, 31);
const HOUR_MS = 3_600_000;

describe("parseMoment()", () => {
  test.each([
    ["2027-01-31", DAY],
    ["2027-01-31T09:00", DAY + 9 * HOUR_MS],
    ["2027-01-31T09:00:00", DAY + 9 * HOUR_MS],
    ["2027-01-31T09:00:00.250Z", DAY + 9 * HOUR_MS + 250],
    ["2027-01-31T09:00:00+09:00", DAY],
    ["2028-02-29T00:00Z", Date.UTC(2028, 1, 29)],
  ])("reads %s, in UTC if it has no offset, in any time zone of the container", (text, moment) => {
    const zone = process.env.TZ;
    for (const place of ["UTC", "Asia/Tokyo", "America/New_York"]) {
      process.env.TZ = place;
      expect(parseMoment(text)).toBe(moment);
    }
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  test.each([
    "1",
    "tomorrow",
    "Jan 5",
    "20m",
    "2027-02-30",
    "2027-02-29T00:00Z",
    "2027-13-01",
    "2027-01-31T25:00Z",
    "",
  ])("returns undefined for %j", (text) => expect(parseMoment(text)).toBeUndefined());

  test("reads what Date.toISOString() writes", () => {
    const span = { min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(span), (date) => {
        expect(parseMoment(date.toISOString())).toBe(date.getTime());
      }),
    );
  });

  test("never throws, and keeps the time after a round trip", () => {
    const nearly = fc.stringMatching(/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?)?$/);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), nearly), (text) => {
        const moment = parseMoment(text);
        if (moment !== undefined) expect(parseMoment(new Date(moment).toISOString())).toBe(moment);
      }),
      { numRuns: runs(2_000) },
    );
  });
});
