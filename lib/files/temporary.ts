import { constants } from "node:fs";
import { open, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ManagerError, systemCode } from "../errors.ts";
import { type AttributeLoss, keepAttributes } from "./attributes.ts";

/** A file that is about to take the place of another one. */
export interface Temporary {
  path: string;
  loss: AttributeLoss | undefined;
}

/**
 * Writes a new file beside `path`, on the disk when this returns.
 *
 * @param temporary its path
 * @throws the system's error; nothing is left behind
 */
export async function writeTemporary(
  path: string,
  bytes: Uint8Array,
  attributes: { uid?: number; gid?: number; mode: number },
  temporary = temporaryPathOf(path),
): Promise<Temporary> {
  // O_EXCL and O_NOFOLLOW: never write through a file or link that somebody else has put there.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(temporary, flags, 0o600);
  try {
    await file.writeFile(bytes);
    const loss = await keepAttributes(file, path, attributes);
    await file.sync();
    return { path: temporary, loss };
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
}

/** A new name beside `path`, which a later process recognizes as left behind. */
export function temporaryPathOf(path: string): string {
  return join(dirname(path), `${temporaryPrefix(path)}${crypto.randomUUID()}.tmp`);
}

/** Whether a file of this name is one of ours, or of another process of config-manager, that is being written or was. */
export function isTemporary(name: string): boolean {
  return /^\..+\.config-manager-.+\.tmp$/.test(name);
}

/** What `crypto.randomUUID()` makes, and the end of a temporary name. */
const UUID_TMP = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.tmp$/;

/** Whether {@link temporaryPathOf} could have made this name for that path, and nobody else would have. */
export function isTemporaryOf(path: string, name: string): boolean {
  const prefix = temporaryPrefix(path);
  return name.startsWith(prefix) && UUID_TMP.test(name.slice(prefix.length));
}

export function temporaryPrefix(path: string): string {
  return `.${basename(path).slice(0, 64)}.config-manager-`; // a file name has at most 255 bytes, a ConfigMap's key 253
}

const WRITE_HINTS: Record<string, string> = {
  ENOSPC: "the volume is full: free some space, the next try follows by itself",
  EDQUOT: "the volume's quota is used up: free some space, the next try follows by itself",
  EROFS: "the volume is mounted read-only: mount it writable in this container",
  EACCES: "run as the user that owns the volume, or set fsGroup",
  EPERM: "run as the user that owns the file",
  ENOTDIR: "something other than a directory is on the way: remove it",
  EEXIST: "something other than a directory is on the way: remove it",
  EBUSY: "the file itself is mounted, so it cannot be replaced: mount its directory instead",
};

/** The error for a path that cannot be written, with what to do about it. */
export function writeError(path: string, error: unknown): ManagerError {
  const code = systemCode(error) ?? "unknown error";
  const hint = WRITE_HINTS[code];
  return new ManagerError("file", `cannot write ${path}: ${code}`, { cause: error, ...(hint ? { hint } : {}) });
}
