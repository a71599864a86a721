import { basename, dirname } from "node:path";
import { ManagerError, systemCode } from "../errors.ts";
import { mapAtOnce } from "../files/at-once.ts";
import { type Folder, FolderError } from "../files/folder.ts";
import { ObstacleError, readOpened } from "../files/regular-file.ts";
import { constants } from "node:fs";
import type { Observed } from "./plan.ts";
import { MAX_FILE_BYTES, markOf } from "./read.ts";

/** Stands for the content of a file that is larger than any of Git's, and so is somebody else's. */
const LARGE = "f".repeat(64);

const ABSENT: Observed = { kind: "absent" };

/** Looks at these paths of a workspace, through no link. */
export async function observeFiles(
  root: Folder | undefined,
  paths: Iterable<string>,
): Promise<ReadonlyMap<string, Observed>> {
  if (!root) return new Map(Array.from(paths, (path) => [path, ABSENT]));
  const observed = new Map<string, Observed>();
  for (const [folder, below] of Map.groupBy(paths, dirname)) {
    const names = folder === "." ? [] : folder.split("/");
    const found = await observeFolder(
      root,
      names,
      below.map((path) => basename(path)),
    );
    for (const [index, path] of below.entries()) observed.set(path, found[index] ?? ABSENT);
  }
  return observed;
}

/** The same of one path. */
export async function observeFile(root: Folder, path: string): Promise<Observed> {
  return (await observeFiles(root, [path])).get(path) ?? ABSENT;
}

/** Looks at these names of one folder, which is opened once for all of them. */
async function observeFolder(root: Folder, folder: readonly string[], names: readonly string[]): Promise<Observed[]> {
  const explain = (error: unknown) => explainObstacle(root, error);
  try {
    await using opened = await root.descend(folder);
    return await mapAtOnce(names, async (name) => (opened ? observeEntry(opened, name).catch(explain) : ABSENT));
  } catch (error) {
    const obstacle = explain(error);
    return names.map(() => obstacle);
  }
}

function explainObstacle(root: Folder, error: unknown): Observed {
  if (error instanceof FolderError) {
    return { kind: "obstacle", what: `cannot be there: ${error.path.slice(root.path.length + 1)} ${error.what}` };
  }
  const code = systemCode(error);
  if (error instanceof ManagerError || code === undefined) throw error;
  return { kind: "obstacle", what: `cannot be read: ${code}` };
}

async function observeEntry(folder: Folder, name: string): Promise<Observed> {
  const stats = await folder.stat(name);
  if (!stats) return ABSENT;
  if (!stats.isFile()) {
    const what = stats.isSymbolicLink() ? "a symbolic link" : stats.isDirectory() ? "a folder" : "a pipe or a device";
    return { kind: "obstacle", what: `is ${what}, expected a file` };
  }
  return (await markEntry(folder, name)) ?? ABSENT;
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
