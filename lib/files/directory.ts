import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ManagerError, systemCode } from "../errors.ts";
import { MAX_CONFIG_BYTES, MAX_RECORD_BYTES, type ObstacleError, readHint } from "./regular-file.ts";
import type { VolumeFile } from "./volume.ts";

/** More than anybody stages. */
const MAX_FILES = 1_000;

/**
 * Reads the regular files of a directory that others can write too, sorted by name: at most 1 MiB of each, and 4 MiB of
 * all. Nothing in it is followed: the link `..data` means nothing here.
 *
 * @param onObstacle is told what is in the way of a file that `select` accepts
 * @returns an empty list if the directory does not exist
 * @throws {ManagerError} `file` if it cannot be read, or holds more.
 */
export async function readOpenDirectory(
  directory: string,
  select: (name: string) => boolean,
  onObstacle: (obstacle: ObstacleError) => void,
): Promise<VolumeFile[]> {
  const names = (await listOpenDirectory(directory)).filter(select);
  if (names.length > MAX_FILES) throw new ManagerError("file", `${directory} has ${names.length} definition files`);
  const files: VolumeFile[] = [];
  let size = 0;
  for (const name of names) {
    const bytes = await readHint(join(directory, name), { maxBytes: MAX_RECORD_BYTES }, onObstacle);
    if (!bytes) continue;
    size += bytes.length;
    if (size > MAX_CONFIG_BYTES) throw new ManagerError("file", `${directory} has more than ${MAX_CONFIG_BYTES} bytes`);
    files.push({ name, bytes });
  }
  return files;
}

/**
 * Lists all names in it, sorted.
 *
 * @throws {ManagerError} `file` if it exists and is no directory, or cannot be read.
 */
export async function listOpenDirectory(directory: string): Promise<string[]> {
  await refuseOther(directory);
  try {
    return (await readdir(directory)).toSorted();
  } catch (error) {
    const code = systemCode(error) ?? "unknown error";
    if (code === "ENOENT") return [];
    throw new ManagerError("file", `cannot read ${directory}: ${code}`, { cause: error });
  }
}

/**
 * Refuses anything but a directory: files would be written through a link.
 *
 * @throws {ManagerError} `file` if something else is there.
 */
export async function refuseOther(directory: string): Promise<void> {
  const stats = await lstat(directory).catch(() => undefined);
  if (!stats || stats.isDirectory()) return;
  const what = stats.isSymbolicLink() ? "a symbolic link" : "no directory";
  throw new ManagerError("file", `${directory} is ${what}, expected a directory`, {
    hint: "remove it; config-manager writes no file through it",
  });
}
