import { type FSWatcher, readlinkSync, statSync, watch } from "node:fs";
import { join } from "node:path";

export interface DirectoryWatch {
  close(): void;
}

/**
 * Calls `onChange` when something in the directory changes: a hint to look, no fact. The directory, never a
 * file in it: a file's watch dies when the kubelet swaps the volume. A directory that is not there yet, or
 * was replaced, is watched again within `checkEveryMs`.
 *
 * A swap is told of once. What the kubelet does before it and after it are five events or more, and nothing that can be
 * read changes by them: a look at each would keep a gateway busy, and us with it, when the swap comes.
 */
export function watchDirectory(path: string, onChange: () => void, checkEveryMs: number): DirectoryWatch {
  let watched: { watcher: FSWatcher; identity: string } | undefined;
  let generation: string | undefined;

  function tell(): void {
    const now = readGeneration(path);
    if (now !== undefined && now === generation) return;
    generation = now;
    onChange();
  }

  function check(): void {
    const identity = identify(path);
    if (identity === watched?.identity) return;
    watched?.watcher.close();
    watched = undefined;
    if (identity === undefined) return;
    generation = readGeneration(path);
    try {
      const watcher = watch(path, tell);
      watcher.on("error", () => drop(watcher));
      watched = { watcher, identity };
    } catch {
      // No watch to be had (inotify limits): the poll sees to it.
    }
  }

  function drop(watcher: FSWatcher): void {
    if (watched?.watcher === watcher) watched = undefined;
    watcher.close();
  }

  check();
  const timer = setInterval(() => {
    const before = watched;
    check();
    if (watched !== before) onChange();
  }, checkEveryMs);
  return {
    close() {
      clearInterval(timer);
      watched?.watcher.close();
    },
  };
}

/** What the kubelet has swapped in last; undefined in a directory that it does not keep. */
function readGeneration(path: string): string | undefined {
  try {
    return readlinkSync(join(path, "..data"));
  } catch {
    return undefined;
  }
}

/** Of two directories that were at one path one after the other: an inode number may be given out again. */
function identify(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeMs } = statSync(path);
    return `${dev}:${ino}:${birthtimeMs}`;
  } catch {
    return undefined; // not there, or not for us to see: the pass says what it misses
  }
}
