import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { OPCODE, encodeClose, encodeFrame } from "../../../lib/gateway/frame-writer.ts";
import { readMasked } from "../../support/fake-servers.ts";
import { runs } from "../../support/soak.ts";

describe("encodeFrame()", () => {
  test.each<[number, number[]]>([
    [0, [0x81, 0x80]],
    [125, [0x81, 0x80 | 125]],
    [126, [0x81, 0xfe, 0, 126]],
    [65_535, [0x81, 0xfe, 0xff, 0xff]],
    [65_536, [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]],
  ])("writes a text of %d bytes", (size, head) => {
    const frame = encodeFrame(OPCODE.text, "x".repeat(size));
    expect([...frame.subarray(0, head.length)]).toEqual(head);
    expect(frame.length).toBe(head.length + 4 + size);
    expect(readMasked(frame)).toBe("x".repeat(size));
  });

  test("masks any text so that the server reads it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
        expect(readMasked(encodeFrame(OPCODE.text, text))).toBe(text);
        expect(readMasked(encodeFrame(OPCODE.pong, Buffer.from(text)))).toBe(text);
      }),
      { numRuns: runs(1_000) },
    );
  });

  test("takes another mask each time", () => {
    const masks = Array.from({ length: 20 }, () =>
      Buffer.from(encodeFrame(OPCODE.text, "").subarray(2)).toString("hex"),
    );
    expect(new Set(masks).size).toBe(20);
  });
});

describe("encodeClose()", () => {
  test.each<[number | undefined, string, string]>([
    [undefined, "no reason", ""],
    [1000, "", "\u0003\u00e8"],
    [4009, "why", "\u000f\u00a9why"],
    [1000, "x".repeat(500), `\u0003\u00e8${"x".repeat(123)}`],
  ])("has the code %p and what fits of the reason", (code, reason, data) => {
    expect(Buffer.from(encodeClose(code, reason)).toString("latin1")).toBe(data);
  });

  test("cuts no character in half", () => {
    expect(Buffer.from(encodeClose(1000, "€".repeat(42)).subarray(2)).toString()).toBe("€".repeat(41));
  });
});
