import { ManagerError, systemCode } from "../errors.ts";
import { type Folder, FolderError } from "../files/folder.ts";
import { ObstacleError, readOpened } from "../files/regular-file.ts";
import { constants } from "node:fs";
import type { Observed } from "./plan.ts";
import { MAX_FILE_BYTES, markOf } from "./read.ts";

/** Stands for the content of a file that is larger than any of Git's, and so is somebody else's. */
const LARGE = "f".repeat(64);

/** Looks at these paths of a workspace, through no link. */
export async function observeFiles(
  root: Folder | undefined,
  paths: Iterable<string>,
): Promise<ReadonlyMap<string, Observed>> {
  const observed = new Map<string, Observed>();
  for (const path of paths) observed.set(path, root ? await observeFile(root, path) : { kind: "absent" });
  return observed;
}

export async function observeFile(root: Folder, path: string): Promise<Observed> {
  const names = path.split("/");
  const name = names.pop() ?? "";
  try {
    await using folder = await root.descend(names);
    return folder ? await observeEntry(folder, name) : { kind: "absent" };
  } catch (error) {
    if (error instanceof FolderError) {
      return { kind: "obstacle", what: `cannot be there: ${error.path.slice(root.path.length + 1)} ${error.what}` };
    }
    const code = systemCode(error);
    if (error instanceof ManagerError || code === undefined) throw error;
    return { kind: "obstacle", what: `cannot be read: ${code}` };
  }
}

async function observeEntry(folder: Folder, name: string): Promise<Observed> {
  const stats = await folder.stat(name);
  if (!stats) return { kind: "absent" };
  if (!stats.isFile()) {
    const what = stats.isSymbolicLink() ? "a symbolic link" : stats.isDirectory() ? "a folder" : "a pipe or a device";
    return { kind: "obstacle", what: `is ${what}, expected a file` };
  }
  return (await markEntry(folder, name)) ?? { kind: "absent" };
}

/** @returns undefined if it is gone by now */
async function markEntry(folder: Folder, name: string): Promise<Observed | undefined> {
  let [isExecutable, isLarge] = [false, false];
  try {
    const bytes = await readOpened(folder.at(name), constants.O_NOFOLLOW, (stats) => {
      if (!stats.isFile()) throw new ObstacleError(name, "special", "is no regular file");
      isExecutable = (stats.mode & 0o100) !== 0;
      isLarge = stats.size > MAX_FILE_BYTES;
      return isLarge ? 0 : stats.size;
    });
    return { kind: "file", mark: isLarge ? LARGE : markOf(bytes, isExecutable) };
  } catch (error) {
    if (error instanceof ObstacleError) return { kind: "obstacle", what: error.what };
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
