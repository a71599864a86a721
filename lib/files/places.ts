import { constants } from "node:fs";
import { access, lstat, readdir, realpath, stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemCode } from "../errors.ts";
import { type Mount, findSubPath, readMounts } from "./mounts.ts";

/** How the directory of a ConfigMap is mounted in this container. */
export type MountedDirectory =
  | { kind: "missing" }
  /** Mounted with `subPath` at this path: changes of the ConfigMap never arrive. */
  | { kind: "sub-path"; path: string }
  | { kind: "unreadable"; code: string }
  /** No `..data`, so no volume of the kubelet. Changes are seen, but several files do not change at once. */
  | { kind: "plain" }
  /** `writtenAt`: when the kubelet last published it. */
  | { kind: "volume"; writtenAt: Date };

export async function inspectMount(directory: string, mounts: readonly Mount[]): Promise<MountedDirectory> {
  try {
    await stat(directory);
    const path = findSubPath(mounts, directory);
    if (path !== undefined) return { kind: "sub-path", path };
    const names = await readdir(directory);
    if (!names.includes("..data")) return { kind: "plain" };
    return { kind: "volume", writtenAt: (await lstat(join(directory, "..data"))).mtime };
  } catch (error) {
    const code = systemCode(error) ?? "unknown error";
    return code === "ENOENT" ? { kind: "missing" } : { kind: "unreadable", code };
  }
}

/** Whether files can be replaced at a path. Checked without writing. */
export type WritablePlace =
  | { kind: "writable" }
  /** The directory does not exist. */
  | { kind: "missing"; directory: string }
  /** Something other than a regular file is at the path. */
  | { kind: "occupied" }
  /** Something other than a directory is where the directory should be. */
  | { kind: "blocked"; directory: string }
  /** The file is itself a mount point, which no rename can replace (EBUSY). */
  | { kind: "mounted" }
  /** `owner`: the owner of the directory. */
  | { kind: "refused"; code: string; directory: string; owner: { uid: number; gid: number } | undefined }
  | { kind: "full"; directory: string };

/**
 * For a file that is replaced by rename, which needs write access to its directory.
 *
 * @param mounts the mounts of this container; read if left out
 */
export async function inspectFilePlace(path: string, mounts?: readonly Mount[]): Promise<WritablePlace> {
  const file = await lstat(path).catch(() => undefined);
  if (file && !file.isFile()) return { kind: "occupied" };
  if (file && (await isMountPoint(path, mounts ?? (await readMounts())))) return { kind: "mounted" };
  return inspectDirectory(dirname(path));
}

async function isMountPoint(path: string, mounts: readonly Mount[]): Promise<boolean> {
  const directory = await realpath(dirname(path)).catch(() => dirname(path)); // the kernel lists real paths
  return mounts.some(({ point }) => point === join(directory, basename(path)));
}

/** For a directory that is created if missing, which needs write access to the nearest existing one above it. */
export async function inspectMadeDirectory(directory: string): Promise<WritablePlace> {
  for (let path = directory; ; path = dirname(path)) {
    const place = await inspectDirectory(path);
    if (place.kind !== "missing" || path === dirname(path)) return place;
  }
}

/** What statfs(2) says of a tmpfs, and of a ramfs. */
const MEMORY_TYPES = new Set([0x01_02_19_94, 0x85_84_58_f6]);

/** Whether what is written to a directory stays in memory; undefined if that is unknown. */
export async function isInMemory(directory: string): Promise<boolean | undefined> {
  const stats = await statfs(directory).catch(() => undefined);
  return stats && MEMORY_TYPES.has(stats.type);
}

async function inspectDirectory(directory: string): Promise<WritablePlace> {
  try {
    if (!(await stat(directory)).isDirectory()) return { kind: "blocked", directory };
    await access(directory, constants.W_OK | constants.X_OK);
    const { bavail, blocks } = await statfs(directory);
    return blocks > 0 && bavail === 0 ? { kind: "full", directory } : { kind: "writable" };
  } catch (error) {
    const code = systemCode(error) ?? "unknown error";
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing", directory };
    const owner = await stat(directory).catch(() => undefined);
    return { kind: "refused", code, directory, owner: owner && { uid: owner.uid, gid: owner.gid } };
  }
}
