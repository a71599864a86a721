import { existsSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import { ManagerError, systemCode } from "../errors.ts";
import { MAX_RECORD_BYTES, readOpened } from "./regular-file.ts";

export interface VolumeFile {
  name: string;
  bytes: Buffer;
}

type Select = (name: string) => boolean;

/** The most bytes that are read of a file unless a caller says otherwise: a ConfigMap holds no more. */
const MAX_BYTES = MAX_RECORD_BYTES;

/** How long a file in a plain directory must be unmodified before it counts as complete, in milliseconds. */
const UNMODIFIED_MS = 50;

/** How often to wait for a file that is modified all the time. */
const UNMODIFIED_ATTEMPTS = 5;

/** How often to read a volume that is swapped during the read. */
const READ_ATTEMPTS = 20;

/**
 * Reads the files of a mounted ConfigMap that `select` accepts, sorted by name, all of one generation.
 *
 * The kubelet publishes a volume as `..<timestamp>/FILE` behind the link `..data`, swaps that link, and removes the old
 * generation file by file. So the result counts only if the link is unchanged after the read: half a generation looks
 * like a ConfigMap with half its files. In a plain directory, where a person or a test writes in place, a file that was
 * just modified is read a little later.
 *
 * Of a file with more than `maxBytes`, one byte more than that is read: whoever parses it sees that it is too large.
 *
 * @returns undefined if the directory does not exist; an empty list if no file is selected.
 * @throws {ManagerError} `file` if the directory or a file exists and cannot be read. This is never an empty set.
 */
export async function readVolume(
  directory: string,
  select: Select,
  maxBytes = MAX_BYTES,
): Promise<VolumeFile[] | undefined> {
  return readOneGeneration(directory, (generation) =>
    generation === undefined ? readPlain(directory, select, maxBytes) : readGeneration(generation, select, maxBytes),
  );
}

/**
 * Reads files of a mounted ConfigMap by name, all of one generation: `read` gets a function that reads one file, and
 * decides by its content which one to read next. It runs again if the volume is swapped meanwhile. Of each file it reads
 * as much as {@link readVolume}.
 *
 * @returns what `read` returns; the function that it gets returns undefined for a file that does not exist.
 * @throws {ManagerError} `file` if the directory or a file exists and cannot be read.
 */
export async function readVolumeByName<T>(
  directory: string,
  read: (readByName: (name: string) => Promise<Buffer | undefined>) => Promise<T>,
  maxBytes = MAX_BYTES,
): Promise<T> {
  return readOneGeneration(directory, (generation) =>
    read(async (name) => {
      const path = join(generation ?? directory, name);
      try {
        if (generation === undefined) await waitUntilUnmodified([path]);
        return await readBounded(path, maxBytes);
      } catch (error) {
        if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
        throw error;
      }
    }),
  );
}

/** Whether nothing is mounted there. */
export function isMissing(directory: string): boolean {
  return !existsSync(directory);
}

/** Whether there is no file at all, or no directory: so the kubelet mounts an optional ConfigMap that is not there. */
export async function isEmptyVolume(directory: string): Promise<boolean> {
  try {
    return selectNames((await listNames(directory)) ?? [], () => true).length === 0;
  } catch {
    return false; // what cannot be read may hold anything
  }
}

/**
 * Runs `read` over one generation of a volume, again if it is swapped meanwhile.
 *
 * @param read gets the directory of the current generation; undefined in a plain directory
 * @throws {ManagerError} `file` for an error of the system that `read` throws
 */
export async function readOneGeneration<T>(
  directory: string,
  read: (generation: string | undefined) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt++) {
    try {
      const generation = await resolveGeneration(directory);
      const files = await read(generation);
      if ((await resolveGeneration(directory)) === generation) return files;
    } catch (error) {
      if (error instanceof ManagerError) throw error;
      // ENOENT between the listing and the read: the kubelet is removing the old generation.
      if (systemCode(error) !== "ENOENT" || attempt === READ_ATTEMPTS) throw readError(directory, error);
    }
  }
  throw new ManagerError("file", `cannot read ${directory}: it was swapped ${READ_ATTEMPTS} times meanwhile`);
}

/**
 * Identifies the generation that the kubelet has mounted. It is never written again: a change is another generation.
 *
 * @returns undefined for a plain directory, or none, or one that cannot be read: whoever reads it says why
 */
export async function identifyGeneration(directory: string): Promise<string | undefined> {
  const path = await resolveGeneration(directory).catch(() => undefined);
  const stats = path === undefined ? undefined : await stat(path).catch(() => undefined);
  return stats && `${path} ${stats.ino} ${stats.ctimeMs}`;
}

async function readGeneration(root: string, select: Select, maxBytes: number): Promise<VolumeFile[]> {
  return readFiles(root, selectNames(await readdir(root), select), maxBytes);
}

async function readPlain(directory: string, select: Select, maxBytes: number): Promise<VolumeFile[] | undefined> {
  const all = await listNames(directory);
  if (!all) return undefined;
  const names = selectNames(all, select);
  await waitUntilUnmodified(names.map((name) => join(directory, name)));
  return readFiles(directory, names, maxBytes);
}

function selectNames(names: readonly string[], select: Select): string[] {
  return names.filter((name) => !name.startsWith("..") && select(name)).toSorted();
}

async function readFiles(root: string, names: readonly string[], maxBytes: number): Promise<VolumeFile[]> {
  return Promise.all(names.map(async (name) => ({ name, bytes: await readBounded(join(root, name), maxBytes) })));
}

/**
 * Reads at most `maxBytes` and one more, through links, as a ConfigMap's keys are.
 *
 * @throws the system's error; {@link ManagerError} for a pipe or a device, which may never end
 */
async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  return readOpened(path, 0, (stats) => {
    if (!stats.isFile()) throw notFileError(path, stats.isDirectory());
    return Math.min(stats.size, maxBytes + 1);
  });
}

function notFileError(path: string, isDirectory: boolean): Error {
  if (isDirectory) return Object.assign(new Error("is a directory"), { code: "EISDIR" });
  return new ManagerError("file", `cannot read ${path}: it is a pipe or a device, expected a file`);
}

async function resolveGeneration(directory: string): Promise<string | undefined> {
  try {
    return await realpath(join(directory, "..data"));
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

async function listNames(directory: string): Promise<string[] | undefined> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Waits until no file was modified within {@link UNMODIFIED_MS}, but not forever, nor for a file from the future. */
export async function waitUntilUnmodified(paths: readonly string[]): Promise<void> {
  for (let attempt = 1; attempt <= UNMODIFIED_ATTEMPTS; attempt++) {
    const ages = await Promise.all(paths.map(async (path) => Date.now() - (await stat(path)).mtimeMs));
    const youngest = Math.min(...ages);
    if (youngest < 0 || youngest >= UNMODIFIED_MS) return;
    await delay(UNMODIFIED_MS - youngest);
  }
}

function readError(directory: string, error: unknown): ManagerError {
  return new ManagerError("file", `cannot read ${directory}: ${systemCode(error) ?? "unknown error"}`, {
    hint: "check how the ConfigMap is mounted and as which user this container runs",
    cause: error,
  });
}
