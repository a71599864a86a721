import { describe, expect, test } from "bun:test";
import { describeBug } from "../../lib/errors.ts";

describe("describeBug()", () => {
  test("tells the kind and the place of what nobody has thought of, and not what it quotes", () => {
    let bug: unknown;
    try {
      JSON.parse('{"token": hush}');
    } catch (error) {
      bug = error;
    }
    const [first, ...frames] = describeBug(bug).split("\n");
    expect(first).toBe("a bug in config-manager: SyntaxError");
    expect(frames.length).toBeGreaterThan(0);
    for (const frame of frames) expect(frame).toMatch(/^\s+at /);
    expect(describeBug(bug)).not.toContain("hush");
  });

  test("tells nothing of a message of several lines that looks like frames", () => {
    const bug = new TypeError("first\n    at hush");
    expect(describeBug(bug)).not.toContain("hush");
  });

  test("makes do with what is no error at all", () => {
    expect(describeBug("hush")).toBe("a bug in config-manager: string");
    expect(describeBug(undefined)).toBe("a bug in config-manager: undefined");
  });

  test("tells the code of a failed system call", () => {
    expect(describeBug(Object.assign(new Error("open /hush"), { code: "EIO" }))).toStartWith(
      "a bug in config-manager: EIO",
    );
  });
});
