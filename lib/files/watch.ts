import { type FSWatcher, readlinkSync, statSync, watch } from "node:fs";
import { join } from "node:path";

export interface DirectoryWatch {
  close(): void;
}

/**
 * Calls `onChange` when something in the directory may have changed: the caller has to read it. Watches the directory,
 * not the files in it, because a watch on a file ends when the kubelet swaps the volume. A directory that is created or
 * replaced later is watched within `checkEveryMs`.
 *
 * A swap calls `onChange` once. The kubelet causes five or more events before and after it that change nothing that can
 * be read, and a pass for each would keep the gateway and the sidecar busy when the swap comes.
 */
export function watchDirectory(path: string, onChange: () => void, checkEveryMs: number): DirectoryWatch {
  let watched: { watcher: FSWatcher; identity: string } | undefined;
  let generation: string | undefined;

  function notify(): void {
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
      const watcher = watch(path, notify);
      watcher.on("error", () => drop(watcher));
      watched = { watcher, identity };
    } catch {
      // No watch available (inotify limits): the poll finds the change.
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

/** The current generation of the kubelet's volume; undefined in other directories. */
function readGeneration(path: string): string | undefined {
  try {
    return readlinkSync(join(path, "..data"));
  } catch {
    return undefined;
  }
}

/** Tells a directory from a later one at the same path. The inode number is not enough: it can be used again. */
function identify(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeMs } = statSync(path);
    return `${dev}:${ino}:${birthtimeMs}`;
  } catch {
    return undefined; // missing or not accessible: the pass reports it
  }
}
