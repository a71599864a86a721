import type { Stats } from "node:fs";

/** A file that changed this recently may change again within one tick of its volume's clock, in milliseconds. */
const FRESH_MS = 3_000;

/** The marks of files that were read before: one that nobody has touched since is not read again. */
export interface Marks {
  /** @returns undefined unless the file is the one that was read, untouched */
  get(path: string, stats: Stats): string | undefined;
  /** @param stats what the file was when it was opened to be read */
  set(path: string, stats: Stats, mark: string): void;
}

export function createMarks(nowMs: () => number): Marks {
  const known = new Map<string, { stamp: string; mark: string }>();
  return {
    get(path, stats) {
      const found = known.get(path);
      return found?.stamp === stampOf(stats) ? found.mark : undefined;
    },
    set(path, stats, mark) {
      if (nowMs() - stats.ctimeMs >= FRESH_MS) known.set(path, { stamp: stampOf(stats), mark });
      else known.delete(path); // also of a volume whose clock is ahead
    },
  };
}

/** Any write, and any rename or change of its mode, moves the `ctime`, which nobody but the kernel can set. */
function stampOf({ dev, ino, size, mode, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mode, mtimeMs, ctimeMs].join(" ");
}
