import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { ManagerError, systemCode, toResult } from "../errors.ts";
import { listOpenDirectory } from "../files/directory.ts";
import { MAX_RECORD_BYTES, ObstacleError, readRegularFile } from "../files/regular-file.ts";
import { isTemporary } from "../files/temporary.ts";
import { formerDirectoryOf } from "../gateway/secret-file.ts";
import type { DesiredSecrets } from "./read.ts";
import { type SecretsRecord, readRecord } from "./record.ts";

/** The permission bits that OpenClaw's file provider accepts: 2026.9.6 refuses what others than the owner may read. */
const PRIVATE_MODE = 0o600;

/** One file of the target directory. */
interface Copy {
  bytes: Buffer;
  /** Whether the file provider reads it: 0600, and no second hard link. */
  isPrivate: boolean;
}

/** What is in the target directory. */
export interface ObservedSecrets {
  /** The copies by name, as far as regular files are there. */
  copies: ReadonlyMap<string, Copy>;
  /** Names of files that are not ours: neither wanted nor written by us. */
  foreign: readonly string[];
  /** What is in the way of a copy: nothing is written through it. */
  obstacles: readonly ObstacleError[];
  record: SecretsRecord;
  /** The former values that are kept, by name. */
  formers: ReadonlyMap<string, Buffer>;
}

/**
 * Reads the copies of these names, and the record. A pipe, a socket or a device counts as absent: it holds nothing.
 *
 * @throws {ManagerError} `file` if the target is no directory, or cannot be read.
 */
export async function observeSecrets(targetDir: string, wanted: readonly string[]): Promise<ObservedSecrets> {
  const all = (await listOpenDirectory(targetDir)).filter((name) => !name.startsWith(".."));
  const obstacles: ObstacleError[] = [];
  const record = await readRecord(targetDir, (obstacle) => obstacles.push(obstacle));
  const ours = new Set([...wanted, ...record.names]);
  const copies = new Map<string, Copy>();
  for (const name of all.filter((each) => ours.has(each))) {
    const copy = await readCopy(join(targetDir, name), obstacles);
    if (copy) copies.set(name, copy);
  }
  const foreign = all.filter((name) => !ours.has(name));
  return { copies, foreign, obstacles, record, formers: await readFormers(targetDir) };
}

async function readCopy(path: string, obstacles: ObstacleError[]): Promise<Copy | undefined> {
  try {
    const bytes = await readRegularFile(path, { maxBytes: MAX_RECORD_BYTES });
    const stats = bytes && (await lstat(path));
    return stats && { bytes, isPrivate: (stats.mode & 0o7777) === PRIVATE_MODE && stats.nlink === 1 };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    if (!(error instanceof ObstacleError)) throw error;
    if (error.kind === "link" || error.kind === "directory") obstacles.push(error);
    return undefined;
  }
}

async function readFormers(targetDir: string): Promise<ReadonlyMap<string, Buffer>> {
  const directory = formerDirectoryOf(targetDir);
  const formers = new Map<string, Buffer>();
  for (const name of (await listOpenDirectory(directory)).filter((each) => !isTemporary(each))) {
    const bytes = await toResult(readRegularFile(join(directory, name), { maxBytes: MAX_RECORD_BYTES }));
    if (bytes && !(bytes instanceof ManagerError)) formers.set(name, bytes);
  }
  return formers;
}

/** All values that are known, the new ones and those before: none of them may be printed. */
export function listValues(desired: DesiredSecrets, { copies, formers }: ObservedSecrets): Buffer[] {
  const wanted = desired.kind === "valid" ? desired.files : [];
  return [...wanted, ...copies.values()].map(({ bytes }) => bytes).concat([...formers.values()]);
}
