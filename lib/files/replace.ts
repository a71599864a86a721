import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ManagerError, systemCode } from "../errors.ts";
import { type AttributeLoss, isRefusedByVolume } from "./attributes.ts";
import { obstacleOf } from "./regular-file.ts";
import {
  type Temporary,
  isTemporary,
  temporaryPathOf,
  temporaryPrefix,
  writeError,
  writeTemporary,
} from "./temporary.ts";

/** How often a file is written if its temporary file disappears. */
const REPLACE_ATTEMPTS = 3;

/** The temporary files of this process: they are not stale. Its kinds of settings share directories. */
const beingWritten = new Set<string>();

/**
 * Replaces `path` by `bytes` so that a reader, at any time and after any crash, sees the whole old file or the whole
 * new one: temporary file beside it, fsync, rename, fsync of the directory. Owner and mode of an existing file are
 * kept as far as the volume allows; a new one gets `newFileMode`. Parent directories are created, for this user alone
 * whatever the umask is. The old file need not be readable or ours: only its directory must be writable. A pipe, a
 * socket or a device is replaced too, since it holds nothing.
 *
 * @returns the owner or mode that could not be kept; undefined if all is as wanted. See {@link keepAttributes}.
 * @throws {ManagerError} `file` if a symbolic link or a directory is at the path, or the volume refuses (full, read-only,
 * the file itself mounted). The old file is then unchanged.
 */
export async function replaceFile(
  path: string,
  bytes: Uint8Array,
  newFileMode = 0o600,
): Promise<AttributeLoss | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await replaceOnce(path, bytes, newFileMode);
    } catch (error) {
      // Another process, such as a sync beside the sidecar, has removed our temporary file.
      const isRemoved = error instanceof ManagerError && systemCode(error.cause) === "ENOENT";
      if (!isRemoved || attempt === REPLACE_ATTEMPTS) throw error;
    }
  }
}

async function replaceOnce(path: string, bytes: Uint8Array, newFileMode: number): Promise<AttributeLoss | undefined> {
  let temporary: Temporary | undefined;
  const temporaryPath = temporaryPathOf(path);
  beingWritten.add(temporaryPath);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const old = await statTarget(path);
    temporary = await writeTemporary(path, bytes, old ? toReadable(old) : { mode: newFileMode }, temporaryPath);
    await rename(temporary.path, path);
    const { loss } = temporary;
    temporary = undefined;
    await syncDirectory(dirname(path));
    return loss;
  } catch (error) {
    if (temporary) await unlink(temporary.path).catch(() => undefined);
    throw error instanceof ManagerError ? error : writeError(path, error);
  } finally {
    beingWritten.delete(temporaryPath);
  }
}

/**
 * Removes the temporary files that a killed {@link replaceFile} of these paths left behind. Another process that is
 * writing at the same time loses its temporary file, fails at the rename, and writes it again.
 */
export async function removeStaleTempFiles(...paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map(removeStaleTempFilesOf));
}

async function removeStaleTempFilesOf(path: string): Promise<void> {
  const directory = dirname(path);
  const prefix = temporaryPrefix(path);
  const names = await readdir(directory).catch(() => []);
  await removeStale(
    directory,
    names.filter((name) => name.startsWith(prefix) && name.endsWith(".tmp")),
  );
}

/** The same for all paths in these directories: of files whose names are no longer known. */
export async function removeStaleTempFilesIn(...directories: readonly string[]): Promise<void> {
  for (const directory of new Set(directories)) {
    const names = await readdir(directory).catch(() => []);
    await removeStale(directory, names.filter(isTemporary));
  }
}

async function removeStale(directory: string, names: readonly string[]): Promise<void> {
  const stale = names.map((name) => join(directory, name)).filter((path) => !beingWritten.has(path));
  await Promise.all(stale.map((path) => unlink(path).catch(() => undefined)));
}

/** A file that not even its owner may read is of no use to anybody. */
function toReadable({ uid, gid, mode }: { uid: number; gid: number; mode: number }) {
  return { uid, gid, mode: (mode & 0o400) === 0 ? mode | 0o600 : mode };
}

async function statTarget(path: string) {
  let stats: Awaited<ReturnType<typeof lstat>>;
  try {
    stats = await lstat(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
  if (stats.isFile()) return stats;
  const obstacle = obstacleOf(path, stats);
  if (obstacle.kind === "special") return undefined; // the rename takes its place, and nothing is lost
  throw obstacle;
}

/** The file is in place already: a directory that cannot be opened or synced (as on some CIFS mounts) is no error. */
async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!isRefusedByVolume(error)) throw error;
  }
}
