import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { computeChecksum, readChecksum, writeChecksum } from "../files/checksum.ts";
import { MAX_CONFIG_BYTES, type ObstacleError, readHint } from "../files/regular-file.ts";
import { removeStaleTempFiles, replaceFile } from "../files/replace.ts";
import { formatJson } from "../json.ts";
import type { Settings } from "../settings.ts";
import { checkApprovals } from "./check.ts";
import { type Keyed, fromKeyed } from "./document.ts";
import { mergeApprovals } from "./merge.ts";

/**
 * What is recorded, by the name in the directory of checksums. `approvals`: what Git said when it was last applied.
 * `approvals-pending`: what was about to be applied, so that what a killed pass has put there is known.
 */
type RecordName = "approvals" | "approvals-pending";

/** How many former checksums are kept beside the one of a write that is not done: one per write that was killed. */
const MAX_NOTED = 8;

/** Where the records and their checksums are. */
export type RecordPlaces = Pick<Settings, "pvcConfig" | "checksumDir">;

/** What Git said at some time. */
interface Recorded {
  checksum: string;
  keyed: Keyed;
}

export interface Records {
  /** What was last applied; undefined if nothing was, or that is not known. */
  base: Recorded | undefined;
  /** What a killed pass may have applied, or a part of what it took out. */
  pending: Recorded | undefined;
}

/**
 * Reads what was applied. It lies beside the live config, where an agent can write: a record counts while its md5 is in
 * the directory of checksums.
 *
 * @param onObstacle is told what is there in place of a regular file
 */
export async function readRecords(
  places: RecordPlaces,
  onObstacle: (obstacle: ObstacleError) => void,
): Promise<Records> {
  const read = async (name: RecordName): Promise<Recorded | undefined> => {
    const bytes = await readHint(pathOf(places, name), { maxBytes: MAX_CONFIG_BYTES }, onObstacle);
    if (!bytes) return undefined;
    const checksum = computeChecksum(bytes);
    if (!(await readChecksums(places.checksumDir, name, onObstacle)).includes(checksum)) return undefined;
    const checked = checkApprovals(bytes);
    return checked.kind === "valid" ? { checksum, keyed: checked.keyed } : undefined;
  };
  return { base: await read("approvals"), pending: await read("approvals-pending") };
}

/**
 * Keeps what is about to be applied, beside what an earlier pass may have applied.
 *
 * @throws {ManagerError} `file` if it cannot be written
 */
export async function writePending(places: RecordPlaces, desired: Keyed, pending: Keyed = {}): Promise<void> {
  const both = fromKeyed(mergeApprovals(undefined, desired, pending));
  await write(places, "approvals-pending", new TextEncoder().encode(formatJson(both)));
}

/** Forgets that: none of it was applied, or the base says so by now. */
export async function dropPending(places: RecordPlaces): Promise<void> {
  await Promise.all(pathsOf(places, "approvals-pending").map((path) => unlink(path).catch(() => undefined)));
}

/**
 * Keeps what has been applied, and nothing more as pending; undefined for a file that Git has dropped.
 *
 * @throws {ManagerError} `file` if it cannot be written
 */
export async function writeBase(places: RecordPlaces, bytes: Uint8Array | undefined): Promise<void> {
  await write(places, "approvals", bytes);
  await dropPending(places);
}

/** Removes the temporary files that a killed write has left. */
export async function cleanRecords(places: RecordPlaces): Promise<void> {
  const names = ["approvals", "approvals-pending"] as const;
  await removeStaleTempFiles(...names.flatMap((name) => pathsOf(places, name)));
}

/** A killed write leaves the former record or the new one. Both are known: the checksums of both are noted first. */
async function write(places: RecordPlaces, name: RecordName, bytes: Uint8Array | undefined): Promise<void> {
  const path = pathOf(places, name);
  const checksum = computeChecksum(bytes);
  if (bytes) {
    const known = await readChecksums(places.checksumDir, name, () => undefined);
    const noted = [...known.filter((each) => each !== checksum).slice(-MAX_NOTED), checksum];
    await writeChecksum(places.checksumDir, name, noted.join("\n"));
    await replaceFile(path, bytes);
  } else {
    await unlink(path).catch(() => undefined);
  }
  await writeChecksum(places.checksumDir, name, checksum);
}

async function readChecksums(
  directory: string,
  name: RecordName,
  onObstacle: (obstacle: ObstacleError) => void,
): Promise<string[]> {
  return (await readChecksum(directory, name, onObstacle))?.split("\n") ?? [];
}

function pathsOf(places: RecordPlaces, name: RecordName): string[] {
  return [pathOf(places, name), join(places.checksumDir, name)];
}

/** Where a record lies. */
export function pathOf({ pvcConfig }: RecordPlaces, name: RecordName): string {
  return `${pvcConfig}.config-manager-${name}`;
}
