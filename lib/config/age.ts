import { stat } from "node:fs/promises";
import type { Clock } from "../clock.ts";

/** The age of a file that others write too. */
export interface FileAge {
  /** In milliseconds since 1970; 0 if there is no file. */
  readModifiedMs(this: void): Promise<number>;
  /** Waits until the file has been unmodified for `minAgeMs`. A modification time in the future is ignored. */
  waitUntilUnmodified(this: void, minAgeMs: number): Promise<void>;
}

export function createFileAge(path: string, { nowMs, pause }: Pick<Clock, "nowMs" | "pause">): FileAge {
  async function readModifiedMs(): Promise<number> {
    return stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  }

  return {
    readModifiedMs,
    async waitUntilUnmodified(minAgeMs) {
      const ageMs = nowMs() - (await readModifiedMs());
      if (ageMs >= 0 && ageMs < minAgeMs) await pause(minAgeMs - ageMs);
    },
  };
}
