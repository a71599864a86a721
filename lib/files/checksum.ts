import { mkdir, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { computeDigest } from "../digest.ts";
import { refuseOther } from "./directory.ts";
import { MAX_RECORD_BYTES, type ObstacleError, readHint } from "./regular-file.ts";
import { replaceFile } from "./replace.ts";

/** The md5 of the bytes in hex, as `md5sum` prints it; `none` if there is no file, as in manager.sh. */
export function computeChecksum(bytes: Uint8Array | undefined): string {
  return bytes ? computeDigest("md5", bytes) : "none";
}

/**
 * One checksum for a set of files: of a single file its own (as in manager.sh for cron-jobs.json), of several that of
 * the list that `md5sum *` prints. `none` for an empty set.
 */
export function computeSetChecksum(files: readonly { name: string; bytes: Uint8Array }[]): string {
  const [first, second] = files;
  if (!second) return computeChecksum(first?.bytes);
  const lines = files.map(({ name, bytes }) => `${computeChecksum(bytes)}  ${name}\n`);
  return computeChecksum(new TextEncoder().encode(lines.join("")));
}

/**
 * The checksum that was last applied, from `$CHECKSUM_DIR/NAME`; undefined in a new container.
 *
 * @param onObstacle is told what is there in place of a regular file
 */
export async function readChecksum(
  directory: string,
  name: string,
  onObstacle: (obstacle: ObstacleError) => void = () => undefined,
): Promise<string | undefined> {
  const bytes = await readHint(join(directory, name), { maxBytes: MAX_RECORD_BYTES }, onObstacle);
  return bytes?.toString().trim() || undefined;
}

/** Notes what is about to be applied. It is not synced to the disk: it is of use to the next process only. */
export async function noteChecksum(directory: string, name: string, checksum: string): Promise<void> {
  const path = join(directory, name);
  const write = async () => {
    await refuseOther(directory);
    await unlink(path).catch(() => undefined); // never write through what is there
    await writeFile(path, `${checksum}\n`, { flag: "wx" });
  };
  await write()
    .catch(async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await write();
    })
    .catch(() => undefined); // storing the checksum afterwards tells why
}

/** Stores the checksum that was applied. Call it only after success: a stored checksum is not applied again. */
export async function writeChecksum(directory: string, name: string, checksum: string): Promise<void> {
  if ((await readChecksum(directory, name)) === checksum) return;
  await refuseOther(directory);
  await replaceFile(join(directory, name), new TextEncoder().encode(`${checksum}\n`), 0o644);
}
