import { describe, expect, jest, test } from "bun:test";
import { showProgress } from "../../../lib/commands/progress.ts";

/** A terminal that records what is written to it. */
function createScreen(isTTY = true) {
  const written: string[] = [];
  return { written, stream: { isTTY, write: (text: string) => written.push(text) } };
}

/** Fake timers: time passes on request. */
function withTime(work: (advance: (ms: number) => void) => void): void {
  jest.useFakeTimers();
  try {
    work((ms) => jest.advanceTimersByTime(ms));
  } finally {
    jest.useRealTimers();
  }
}

describe("showProgress()", () => {
  test("prints nothing in the first second, then the seconds, and clears the line at the end", () => {
    withTime((advance) => {
      const { written, stream } = createScreen();
      const progress = showProgress("asking ws://gateway", stream);
      advance(999);
      expect(written).toEqual([]);
      advance(1_001);
      expect(written).toEqual(["\r\u001b[Kasking ws://gateway … 1 s", "\r\u001b[Kasking ws://gateway … 2 s"]);
      progress.end();
      expect(written.at(-1)).toBe("\r\u001b[K");
      const before = written.length;
      advance(5_000);
      expect(written.length).toBe(before);
    });
  });

  test("clears the line for other output, and comes back", () => {
    withTime((advance) => {
      const { written, stream } = createScreen();
      const progress = showProgress("asking", stream);
      progress.clear();
      expect(written).toEqual([]);
      advance(1_000);
      progress.clear();
      expect(written.at(-1)).toBe("\r\u001b[K");
      advance(1_000);
      expect(written.at(-1)).toEndWith("asking … 2 s");
      progress.end();
    });
  });

  test("prints nothing if it is not a terminal", () => {
    withTime((advance) => {
      const { written, stream } = createScreen(false);
      const progress = showProgress("asking", stream);
      advance(10_000);
      progress.clear();
      progress.end();
      expect(written).toEqual([]);
    });
  });
});
