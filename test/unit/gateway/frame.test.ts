import { describe, expect, test } from "bun:test";
import { findFrameProblem } from "../../../lib/gateway/frame.ts";

const MIB = 1024 * 1024;

describe("findFrameProblem()", () => {
  test.each([
    "",
    "no JSON",
    '{"type":"res","id":"1","ok":true,"payload":{"jobs":[]}}',
    JSON.stringify({ raw: "[".repeat(1_000), path: "C:\\\\", quote: '\\"[[[' }),
    JSON.stringify({ raw: ",".repeat(MIB) }),
    "[".repeat(200) + "]".repeat(200),
    '"never ends [[[',
    `"${"\\\\".repeat(100)}`,
  ])("finds none in a message that a gateway may send (case %#)", (text) => {
    expect(findFrameProblem(text)).toBeUndefined();
  });

  test.each(["[", '{"a":', '["\\\\",['])("finds one that is nested too deeply, of %s", (opening) => {
    expect(findFrameProblem(opening.repeat(1_000))).toBe("it sent a message nested more than 256 deep");
  });

  test.each(["[],", "1,", '"",'])("finds one of too many values, of %s", (value) => {
    expect(findFrameProblem(`[${value.repeat(600_000)}1]`)).toBe("it sent a message of more than 500000 values");
  });
});
