import { type FSWatcher, statSync, watch } from "node:fs";

export interface DirectoryWatch {
  close(): void;
}

/**
 * Calls `onChange` when something in the directory changes: a hint to look, no fact. The directory, never a
 * file in it: a file's watch dies when the kubelet swaps the volume. A directory that is not there yet, or
 * was replaced, is watched again within `checkEveryMs`.
 */
export function watchDirectory(path: string, onChange: () => void, checkEveryMs: number): DirectoryWatch {
  let watched: { watcher: FSWatcher; identity: string } | undefined;

  function check(): void {
    const identity = identify(path);
    if (identity === watched?.identity) return;
    watched?.watcher.close();
    watched = undefined;
    if (identity === undefined) return;
    try {
      const watcher = watch(path, onChange);
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

/** Of two directories that were at one path one after the other: an inode number may be given out again. */
function identify(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeMs } = statSync(path);
    return `${dev}:${ino}:${birthtimeMs}`;
  } catch {
    return undefined; // not there, or not for us to see: the pass says what it misses
  }
}
