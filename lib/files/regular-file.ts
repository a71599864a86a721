import { type Stats, constants } from "node:fs";
import { open } from "node:fs/promises";
import { ManagerError, describeError, systemCode } from "../errors.ts";

/** A ConfigMap holds 1 MiB. A config may come from several, and others add to the live file. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** For what this program writes itself: verdicts, checksums, staged definitions. */
export const MAX_RECORD_BYTES = 1024 * 1024;

/** Why a path cannot be read as a regular file. `special`: a pipe, a socket or a device. */
type ObstacleKind = "link" | "directory" | "special" | "large" | "unreadable";

/** Something else than a readable regular file of the usual size is at a path. */
export class ObstacleError extends ManagerError {
  readonly path: string;
  readonly kind: ObstacleKind;
  /** What is there, to stand after the path: `is a pipe, expected a regular file`. */
  readonly what: string;

  constructor(path: string, kind: ObstacleKind, what: string, cause?: unknown) {
    const isThere = kind !== "unreadable";
    const hint = isThere ? { hint: "remove it; config-manager reads and writes no file through it" } : {};
    super("file", isThere ? `${path} ${what}` : `cannot read ${path}: ${what}`, { ...hint, cause });
    this.path = path;
    this.kind = kind;
    this.what = what;
  }
}

export interface ReadOptions {
  maxBytes?: number;
  /** Whether a symbolic link at the path is followed: for mounted files, and to see what OpenClaw sees. */
  follow?: boolean;
}

/**
 * Reads a file on a volume that others can write: not through a link at the path, never blocking on a pipe, and at
 * most `maxBytes`, 4 MiB unless told otherwise.
 *
 * @returns undefined if nothing is there
 * @throws {ObstacleError} `file` if anything but a readable regular file is there
 */
export async function readRegularFile(
  path: string,
  { maxBytes = MAX_CONFIG_BYTES, follow = false }: ReadOptions = {},
): Promise<Buffer | undefined> {
  try {
    return await readOpened(path, follow ? 0 : constants.O_NOFOLLOW, (stats) => {
      if (!stats.isFile()) throw obstacleOf(path, stats);
      if (stats.size <= maxBytes) return stats.size;
      throw new ObstacleError(path, "large", `has ${stats.size} bytes; at most ${maxBytes} are read`);
    });
  } catch (error) {
    if (error instanceof ManagerError) throw error;
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw openError(path, code, error);
  }
}

/**
 * Opens what is at a path, without blocking, and reads as many bytes as `choose` says; fewer if it was cut off meanwhile.
 *
 * @param flags further flags of `open`
 * @throws the system's error, or what `choose` throws
 */
export async function readOpened(path: string, flags: number, choose: (stats: Stats) => number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
  try {
    const bytes = Buffer.alloc(choose(await file.stat()));
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      ({ bytesRead: read } = await file.read(bytes, length, bytes.length - length));
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

/**
 * The same for a file that is only a hint: what is in its way is reported, and counts as absent.
 *
 * @param onObstacle is told what is in the way
 */
export async function readHint(
  path: string,
  options: ReadOptions,
  onObstacle: (obstacle: ObstacleError) => void,
): Promise<Buffer | undefined> {
  try {
    return await readRegularFile(path, options);
  } catch (error) {
    if (!(error instanceof ObstacleError)) throw error;
    onObstacle(error);
    return undefined;
  }
}

/** Says why a file was not read: `EACCES`, or `it is a pipe, expected a regular file`. */
export function explainUnread(error: unknown): string {
  if (!(error instanceof ObstacleError)) return systemCode(error) ?? "unknown error";
  return error.kind === "unreadable" ? error.what : `it ${error.what}`;
}

/** Returns one WARNING: what is in the way of a hint counts as absent. */
export function describeObstacle(obstacle: ObstacleError): string {
  return `WARNING: Ignored: ${describeError(obstacle)}`;
}

/** The error for what `lstat` or `fstat` has found in place of a regular file. */
export function obstacleOf(path: string, stats: Stats): ObstacleError {
  if (stats.isSymbolicLink()) return notRegular(path, "link", "a symbolic link");
  if (stats.isDirectory()) return notRegular(path, "directory", "a directory");
  return notRegular(path, "special", stats.isFIFO() ? "a pipe" : stats.isSocket() ? "a socket" : "a device");
}

function notRegular(path: string, kind: ObstacleKind, what: string, cause?: unknown): ObstacleError {
  return new ObstacleError(path, kind, `is ${what}, expected a regular file`, cause);
}

function openError(path: string, code: string | undefined, cause: unknown): ObstacleError {
  if (code === "ELOOP") return notRegular(path, "link", "a symbolic link", cause);
  if (code === "ENXIO") return notRegular(path, "special", "a socket", cause);
  return new ObstacleError(path, "unreadable", code ?? "unknown error", cause);
}
