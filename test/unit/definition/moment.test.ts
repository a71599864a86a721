import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { parseMoment, readMoment } from "../../../lib/definition/moment.ts";
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

describe("readMoment()", () => {
  const inZone = (text: string, zone?: string) => {
    const moment = readMoment(text, zone);
    return moment === undefined ? undefined : new Date(moment).toISOString();
  };

  test.each([
    ["2026-12-01T09:00", "Asia/Tokyo", "2026-12-01T00:00:00.000Z"],
    ["2026-12-01", "Asia/Tokyo", "2026-11-30T15:00:00.000Z"],
    ["2026-12-01T09:00:01.25", "Asia/Kolkata", "2026-12-01T03:30:01.250Z"],
    ["2026-07-01T09:00", "America/New_York", "2026-07-01T13:00:00.000Z"],
    ["2026-12-01T09:00", "America/New_York", "2026-12-01T14:00:00.000Z"],
    ["2026-12-01T00:00", "Pacific/Apia", "2026-11-30T11:00:00.000Z"],
    ["2026-12-01T23:59", "Pacific/Pago_Pago", "2026-12-02T10:59:00.000Z"],
    ["2026-12-01T09:00", "+09:00", "2026-12-01T00:00:00.000Z"],
    ["2026-12-01T09:00", "BST", "2026-12-01T03:00:00.000Z"],
    ["2026-12-01T09:00", "UTC", "2026-12-01T09:00:00.000Z"],
  ])("reads %s in %s", (text, zone, moment) => expect(inZone(text, zone)).toBe(moment));

  test("leaves a moment with an offset as it is", () => {
    expect(inZone("2026-12-01T09:00Z", "Asia/Tokyo")).toBe("2026-12-01T09:00:00.000Z");
    expect(inZone("2026-12-01T09:00+02:00", "Asia/Tokyo")).toBe("2026-12-01T07:00:00.000Z");
  });

  test("reads UTC without a zone", () => expect(inZone("2026-12-01T09:00")).toBe("2026-12-01T09:00:00.000Z"));

  test("takes the earlier one of two, when clocks are put back, as OpenClaw's own --tz does", () => {
    expect(inZone("2026-10-25T02:30", "Europe/Berlin")).toBe("2026-10-25T00:30:00.000Z");
    expect(inZone("2026-11-01T01:30", "America/New_York")).toBe("2026-11-01T05:30:00.000Z");
    expect(inZone("2026-04-05T01:45", "Australia/Lord_Howe")).toBe("2026-04-04T14:45:00.000Z");
  });

  test("reads nothing that clocks skip, as OpenClaw's own --tz does", () => {
    expect(inZone("2026-03-29T02:30", "Europe/Berlin")).toBeUndefined();
    expect(inZone("2026-03-29T03:00", "Europe/Berlin")).toBe("2026-03-29T01:00:00.000Z");
    expect(inZone("2011-12-30T12:00", "Pacific/Apia")).toBeUndefined(); // a whole day
  });

  test("reads no moment that is none, and none in a zone that is none here", () => {
    expect(inZone("tomorrow", "Asia/Tokyo")).toBeUndefined();
    expect(inZone("2026-12-01T09:00", "Mars/Olympus")).toBeUndefined();
    expect(inZone("2026-12-01T09:00", "SystemV/EST5")).toBeUndefined();
  });

  test("shows the time that was written, in any zone", () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf("timeZone"));
    const span = { min: new Date("1980-01-01T00:00:00Z"), max: new Date("2100-01-01T00:00:00Z"), noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(span), zones, (date, timeZone) => {
        const text = date.toISOString().slice(0, 19);
        const moment = readMoment(text, timeZone);
        if (moment === undefined) return; // skipped
        const shown = new Date(moment).toLocaleString("sv", { timeZone }).replace(" ", "T");
        expect(shown).toBe(text);
      }),
      { numRuns: runs(2_000) },
    );
  });
});
