import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ManagerError, systemCode } from "../errors.ts";
import { type AttributeLoss, isRefusedByVolume, keepAttributes } from "./attributes.ts";

/** How often a file is written if its temporary file disappears. */
const REPLACE_ATTEMPTS = 3;

/**
 * Replaces `path` by `bytes` so that a reader, at any time and after any crash, sees the whole old file or the whole
 * new one: temporary file beside it, fsync, rename, fsync of the directory. Owner and mode of an existing file are
 * kept as far as the volume allows; a new one gets `newFileMode`. Parent directories are created. The old file need
 * not be readable or ours: only its directory must be writable.
 *
 * @returns the owner or mode that could not be kept; undefined if all is as wanted. See {@link keepAttributes}.
 * @throws {ManagerError} `file` if something other than a regular file is at the path, or the volume refuses (full,
 * read-only, the file itself mounted). The old file is then unchanged.
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
  const directory = dirname(path);
  const temporary = join(directory, `${temporaryPrefix(path)}${crypto.randomUUID()}.tmp`);
  let written = false;
  let loss: AttributeLoss | undefined;
  try {
    await mkdir(directory, { recursive: true });
    const old = await statTarget(path);
    // O_EXCL and O_NOFOLLOW: never write through a file or link that somebody else has put there.
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = await open(temporary, flags, 0o600);
    written = true;
    try {
      await file.writeFile(bytes);
      loss = await keepAttributes(file, path, old ? toReadable(old) : { mode: newFileMode });
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    written = false;
    await syncDirectory(directory);
    return loss;
  } catch (error) {
    if (written) await unlink(temporary).catch(() => undefined);
    throw error instanceof ManagerError ? error : writeError(path, error);
  }
}

/**
 * Removes the temporary files that a killed {@link replaceFile} of these paths left behind. A process that is writing
 * at the same time loses its temporary file, fails at the rename, and writes it again.
 */
export async function removeStaleTempFiles(...paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map(removeStaleTempFilesOf));
}

async function removeStaleTempFilesOf(path: string): Promise<void> {
  const directory = dirname(path);
  const prefix = temporaryPrefix(path);
  const names = await readdir(directory).catch(() => []);
  const stale = names.filter((name) => name.startsWith(prefix) && name.endsWith(".tmp"));
  await Promise.all(stale.map((name) => unlink(join(directory, name)).catch(() => undefined)));
}

/** The same for all paths in these directories: of files whose names are no longer known. */
export async function removeStaleTempFilesIn(...directories: readonly string[]): Promise<void> {
  for (const directory of new Set(directories)) {
    const names = await readdir(directory).catch(() => []);
    const stale = names.filter((name) => /^\..+\.config-manager-.+\.tmp$/.test(name));
    await Promise.all(stale.map((name) => unlink(join(directory, name)).catch(() => undefined)));
  }
}

function temporaryPrefix(path: string): string {
  return `.${basename(path).slice(0, 64)}.config-manager-`; // a file name has at most 255 bytes, a ConfigMap's key 253
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
  const kind = stats.isSymbolicLink() ? "a symbolic link" : stats.isDirectory() ? "a directory" : "no regular file";
  throw new ManagerError("file", `${path} is ${kind}, expected a regular file`, {
    hint: "remove it; config-manager writes no file through it",
  });
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

const WRITE_HINTS: Record<string, string> = {
  ENOSPC: "the volume is full: free some space, the next try follows by itself",
  EDQUOT: "the volume's quota is used up: free some space, the next try follows by itself",
  EROFS: "the volume is mounted read-only: mount it writable in this container",
  EACCES: "run as the user that owns the volume, or set fsGroup",
  EPERM: "run as the user that owns the file",
  EBUSY: "the file itself is mounted, so it cannot be replaced: mount its directory instead",
};

function writeError(path: string, error: unknown): ManagerError {
  const code = systemCode(error) ?? "unknown error";
  const hint = WRITE_HINTS[code];
  return new ManagerError("file", `cannot write ${path}: ${code}`, { cause: error, ...(hint ? { hint } : {}) });
}
