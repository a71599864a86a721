import { rmdir, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ManagerError, systemCode } from "../errors.ts";
import { Folder } from "./folder.ts";
import { obstacleOf } from "./regular-file.ts";
import { isTemporaryOf } from "./temporary.ts";

/** A path on a volume that others write to, too. Links are followed on the way to `root` alone, which a setting names. */
export interface OwnPath {
  root: string;
  /** The folders below it, and the name at the end. */
  names: readonly string[];
}

/** A path below a directory of our own, which must not be a link either. */
export function ownIn(directory: string, ...names: readonly string[]): OwnPath {
  return { root: dirname(directory), names: [basename(directory), ...names] };
}

/** A file in a directory of somebody else. */
export function ownFile(path: string): OwnPath {
  return { root: dirname(path), names: [basename(path)] };
}

export function formatOwnPath({ root, names }: OwnPath): string {
  return join(root, ...names);
}

/**
 * Says whether a regular file is there.
 *
 * @throws {ManagerError} `file` if something else is there, or on the way, or it cannot be looked at.
 */
export async function isOwnFile(path: OwnPath): Promise<boolean> {
  const isThere = await inFolderOf(path, async (folder, name) => {
    const stats = await folder.stat(name);
    if (stats && !stats.isFile()) throw obstacleOf(formatOwnPath(path), stats);
    return stats !== undefined;
  });
  return isThere ?? false;
}

/**
 * Removes a regular file.
 *
 * @returns false if there is none
 * @throws {ManagerError} `file` if something else is there, or the volume refuses.
 */
export async function removeOwnFile(path: OwnPath): Promise<boolean> {
  if (!(await isOwnFile(path))) return false;
  return (await inFolderOf(path, async (folder, name) => unlink(folder.at(name)).then(() => true))) ?? false;
}

/**
 * Removes a directory if it is empty.
 *
 * @throws {ManagerError} `file` if something is on the way, or the volume refuses.
 */
export async function removeOwnDirectory(path: OwnPath): Promise<void> {
  await inFolderOf(path, async (folder, name) => {
    if (!(await folder.stat(name))?.isDirectory()) return;
    await rmdir(folder.at(name)).catch((error: unknown) => {
      if (!["ENOTEMPTY", "EEXIST", "EBUSY"].includes(systemCode(error) ?? "")) throw error; // EBUSY: a mount
    });
  });
}

/** Adds the temporary files that a killed write of one of these files has left beside it. */
export async function withTemporaries(paths: readonly OwnPath[]): Promise<OwnPath[]> {
  const found = await Promise.all(paths.map(listTemporariesOf));
  return [...paths, ...found.flat()];
}

/**
 * Lists the temporary files that a killed write of this file has left beside it.
 *
 * @returns an empty list if the directory cannot be read
 */
export async function listTemporariesOf(path: OwnPath): Promise<OwnPath[]> {
  const names = (await inFolderOf(path, (folder) => folder.list()).catch(() => [])) ?? [];
  return names
    .filter((name) => isTemporaryOf(formatOwnPath(path), name))
    .map((name) => ({ root: path.root, names: [...path.names.slice(0, -1), name] }));
}

/** @returns undefined if a folder on the way is missing. */
async function inFolderOf<T>(
  path: OwnPath,
  work: (folder: Folder, name: string) => Promise<T>,
): Promise<T | undefined> {
  try {
    await using root = await Folder.open(path.root);
    await using folder = await root.descend(path.names.slice(0, -1));
    return folder && (await work(folder, path.names.at(-1) ?? ""));
  } catch (error) {
    const code = systemCode(error);
    if (error instanceof ManagerError || code === undefined) throw error;
    if (code === "ENOENT") return undefined;
    throw new ManagerError("file", `cannot remove ${formatOwnPath(path)}: ${code}`, {
      hint: "run as the user that owns the volume, with the volume mounted writable",
      cause: error,
    });
  }
}
