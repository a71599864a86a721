import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { systemCode } from "../errors.ts";

/** A ConfigMap holds 1 MiB. What others add to a live file may be more, but must fit into our memory. */
const MAX_BYTES = 16 * 1024 * 1024;

/** What the system says if something other than a regular file, or nothing, is at a path. */
const ABSENT = new Set(["ENOENT", "ELOOP", "EISDIR", "ENOTDIR", "ENXIO"]);

/**
 * Reads a file on a volume that others can write: not through a link at the path, never blocking on a pipe, and at
 * most `maxBytes`.
 *
 * @returns undefined if there is no such regular file
 * @throws the system's error if the file cannot be read; `EFBIG` if it is larger
 */
export async function readRegularFile(
  path: string,
  { maxBytes = MAX_BYTES, follow = false } = {},
): Promise<Buffer | undefined> {
  try {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW);
    const file = await open(path, flags);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return undefined;
      if (stats.size > maxBytes) throw Object.assign(new Error("file too large"), { code: "EFBIG" });
      const bytes = Buffer.alloc(stats.size);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        ({ bytesRead: read } = await file.read(bytes, length, bytes.length - length));
      }
      return bytes.subarray(0, length); // shorter if it was cut off meanwhile
    } finally {
      await file.close();
    }
  } catch (error) {
    if (ABSENT.has(systemCode(error) ?? "")) return undefined;
    throw error;
  }
}
