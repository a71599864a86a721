import { basename, dirname } from "node:path";
import { ManagerError, systemCode } from "../errors.ts";
import { mapAtOnce } from "../files/at-once.ts";
import { type Folder, FolderError } from "../files/folder.ts";
import { ObstacleError, readOpened } from "../files/regular-file.ts";
import { type Stats, constants } from "node:fs";
import type { Marks } from "./marks.ts";
import type { Observed } from "./plan.ts";
import { MAX_FILE_BYTES, markOf } from "./read.ts";

/** Stands for the content of a file that is larger than any of Git's, and so is somebody else's. */
const LARGE = "f".repeat(64);

const ABSENT: Observed = { kind: "absent" };

/**
 * Looks at these paths of a workspace, through no link.
 *
 * @param marks of what was read before; without, each file is read
 */
export async function observeFiles(
  root: Folder | undefined,
  paths: Iterable<string>,
  marks?: Marks,
): Promise<ReadonlyMap<string, Observed>> {
  if (!root) return new Map(Array.from(paths, (path) => [path, ABSENT]));
  const observed = new Map<string, Observed>();
  for (const [folder, below] of Map.groupBy(paths, dirname)) {
    const names = below.map((path) => basename(path));
    const found = await observeFolder(root, folder === "." ? [] : folder.split("/"), names, marks);
    for (const [index, path] of below.entries()) observed.set(path, found[index] ?? ABSENT);
  }
  return observed;
}

/** The same of one path. */
export async function observeFile(root: Folder, path: string): Promise<Observed> {
  return (await observeFiles(root, [path])).get(path) ?? ABSENT;
}

/** Looks at these names of one folder, which is opened once for all of them. */
async function observeFolder(
  root: Folder,
  folder: readonly string[],
  names: readonly string[],
  marks?: Marks,
): Promise<Observed[]> {
  const explain = (error: unknown) => explainObstacle(root, error);
  try {
    await using opened = await root.descend(folder);
    return await mapAtOnce(names, async (name) => (opened ? observeEntry(opened, name, marks).catch(explain) : ABSENT));
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

async function observeEntry(folder: Folder, name: string, marks?: Marks): Promise<Observed> {
  const stats = await folder.stat(name);
  if (!stats) return ABSENT;
  if (!stats.isFile()) {
    const what = stats.isSymbolicLink() ? "a symbolic link" : stats.isDirectory() ? "a folder" : "a pipe or a device";
    return { kind: "obstacle", what: `is ${what}, expected a file` };
  }
  const known = marks?.get(`${folder.path}/${name}`, stats);
  if (known !== undefined) return { kind: "file", mark: known };
  return (await markEntry(folder, name, marks)) ?? ABSENT;
}

/** @returns undefined if it is gone by now */
async function markEntry(folder: Folder, name: string, marks?: Marks): Promise<Observed | undefined> {
  let opened: Stats | undefined;
  try {
    const bytes = await readOpened(folder.at(name), constants.O_NOFOLLOW, (stats) => {
      if (!stats.isFile()) throw new ObstacleError(name, "special", "is no regular file");
      opened = stats;
      return isLarge(stats) ? 0 : stats.size;
    });
    const stats = opened as unknown as Stats;
    const mark = isLarge(stats) ? LARGE : markOf(bytes, (stats.mode & 0o100) !== 0);
    marks?.set(`${folder.path}/${name}`, stats, mark);
    return { kind: "file", mark };
  } catch (error) {
    if (error instanceof ObstacleError) return { kind: "obstacle", what: error.what };
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

const isLarge = ({ size }: Stats): boolean => size > MAX_FILE_BYTES;
