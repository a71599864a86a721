import { describe, expect, test } from "bun:test";
import { describeBug } from "../../lib/errors.ts";

describe("describeBug()", () => {
  test("shows class and stack of an unexpected error, and not its message", () => {
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

  test("ignores lines of the message that look like stack frames", () => {
    const bug = new TypeError("first\n    at hush");
    expect(describeBug(bug)).not.toContain("hush");
  });

  test("accepts a thrown value that is no error", () => {
    expect(describeBug("hush")).toBe("a bug in config-manager: string");
    expect(describeBug(undefined)).toBe("a bug in config-manager: undefined");
  });

  test("shows the code of a failed system call", () => {
    expect(describeBug(Object.assign(new Error("open /hush"), { code: "EIO" }))).toStartWith(
      "a bug in config-manager: EIO",
    );
  });
});
