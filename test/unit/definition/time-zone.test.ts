import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { isTimeZone } from "../../../lib/definition/time-zone.ts";

describe("isTimeZone()", () => {
  test.each([
    "Asia/Tokyo",
    "asia/tokyo",
    "UTC",
    "America/Argentina/Buenos_Aires",
    "Asia/Calcutta",
    "Etc/GMT+9",
    "EST5EDT",
  ])("accepts %s", (zone) => {
    expect(isTimeZone(zone)).toBeTrue();
  });

  test.each(["+09:00", "-03:30", "+0900", "+09"])("accepts the offset %s", (zone) => {
    expect(isTimeZone(zone)).toBeTrue();
  });

  test.each(["JST", "jst", "PST", "CST", "SystemV/AST4"])(
    "accepts %s, which the gateway's Node knows and Bun does not",
    (zone) => {
      expect(isTimeZone(zone)).toBeTrue();
    },
  );

  test.each(["Asia/Tokio", "Mars/Olympus", "GMT+9", "UTC+9", "+9", "+25:00", "Z", "", "JS", " ", "Asia/Tokyo\0"])(
    "rejects %j",
    (zone) => {
      expect(isTimeZone(zone)).toBeFalse();
    },
  );

  test("never throws, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (zone) => {
        expect(isTimeZone(zone)).toBeBoolean();
      }),
    );
  });
});
