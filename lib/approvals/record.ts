import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { computeChecksum, readChecksum, writeChecksum } from "../files/checksum.ts";
import { MAX_CONFIG_BYTES, type ObstacleError, readHint } from "../files/regular-file.ts";
import { removeStaleTempFiles, replaceFile } from "../files/replace.ts";
import type { Settings } from "../settings.ts";
import { checkApprovals } from "./check.ts";
import type { Keyed } from "./document.ts";

/** The name in the directory of checksums, and in the name of the record. */
const NAME = "approvals";

/** Where the record and its checksum are. */
export type RecordPlaces = Pick<Settings, "pvcConfig" | "checksumDir">;

/** What Git said when it was last applied. */
export interface Base {
  checksum: string;
  keyed: Keyed;
}

/**
 * Reads what was last applied. It lies beside the live config, where an agent can write: it counts while its md5 is the
 * one in the directory of checksums.
 *
 * @param onObstacle is told what is there in place of a regular file
 * @returns undefined if nothing was applied, or that is not known
 */
export async function readBase(
  { pvcConfig, checksumDir }: RecordPlaces,
  onObstacle: (obstacle: ObstacleError) => void,
): Promise<Base | undefined> {
  const bytes = await readHint(pathOfBase(pvcConfig), { maxBytes: MAX_CONFIG_BYTES }, onObstacle);
  if (!bytes) return undefined;
  const checksum = computeChecksum(bytes);
  if (checksum !== (await readChecksum(checksumDir, NAME, onObstacle))) return undefined;
  const checked = checkApprovals(bytes);
  return checked.kind === "valid" ? { checksum, keyed: checked.keyed } : undefined;
}

/**
 * Keeps what has been applied; undefined for a file that Git has dropped.
 *
 * @throws {ManagerError} `file` if it cannot be written
 */
export async function writeBase(
  { pvcConfig, checksumDir }: RecordPlaces,
  bytes: Uint8Array | undefined,
): Promise<void> {
  const path = pathOfBase(pvcConfig);
  if (bytes) await replaceFile(path, bytes);
  else await unlink(path).catch(() => undefined);
  await writeChecksum(checksumDir, NAME, computeChecksum(bytes));
}

/** Removes what a killed {@link writeBase} has left. */
export async function cleanBase({ pvcConfig, checksumDir }: RecordPlaces): Promise<void> {
  await removeStaleTempFiles(pathOfBase(pvcConfig), join(checksumDir, NAME));
}

function pathOfBase(pvcConfig: string): string {
  return `${pvcConfig}.config-manager-${NAME}`;
}
