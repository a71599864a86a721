import { constants } from "node:fs";
import { open } from "node:fs/promises";

/**
 * Reads a file on a volume that others can write: never through a link at the path, never blocking on a pipe, and at
 * most `maxBytes`.
 *
 * @returns undefined if there is no such regular file, or it cannot be read. For a caller that needs no reason.
 */
export async function readRegularFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!file) return undefined;
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > maxBytes) return undefined;
    const bytes = Buffer.alloc(stats.size);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      ({ bytesRead: read } = await file.read(bytes, length, bytes.length - length));
    }
    return bytes.subarray(0, length); // shorter if it was cut off meanwhile
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}
