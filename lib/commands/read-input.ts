import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import process from "node:process";
import { describeError, systemCode } from "../errors.ts";
import { readOpened } from "../files/regular-file.ts";
import { CONFIG_LIMITS, messageForSize } from "../text/limits.ts";

const TOO_LARGE = `is ${messageForSize(CONFIG_LIMITS.bytes)}; a ConfigMap holds 1 MiB`;

/** Stands for standard input. */
export const STDIN = "/dev/stdin";

/** Its other paths. It may be a socket, which cannot be opened by a path. */
const STDIN_PATHS = /^\/(?:dev\/stdin|(?:dev|proc\/self)\/fd\/0)$/;

/** A shell's `<(…)`: somebody is about to write to it. */
const STREAMS = /^\/(?:dev|proc\/(?:self|\d+))\/fd\/\d+$/;

/**
 * Reads a file, or a stream that this process was given. Any other pipe may wait for a writer for ever, and a device may
 * never end.
 *
 * @returns the bytes, at most as many as a config may have; or what is wrong, such as "is larger than 4 MiB"
 */
export async function readInput(path: string): Promise<Buffer | string> {
  try {
    if (STDIN_PATHS.test(path)) return await readStream(process.stdin);
    if (STREAMS.test(path)) return await readStream(createReadStream(path));
    const stats = await stat(path);
    if (!stats.isFile()) return "is a pipe or a device, expected a file";
    // A file of the kernel's has no size, and a text all the same.
    return stats.size === 0 ? await readStream(createReadStream(path)) : await readFile(path);
  } catch (error) {
    return describeFailure(error);
  }
}

/** Without a stream, which takes longer to load than to read. */
async function readFile(path: string): Promise<Buffer | string> {
  const limit = CONFIG_LIMITS.bytes;
  const bytes = await readOpened(path, 0, ({ size }) => Math.min(size, limit + 1));
  return bytes.length > limit ? TOO_LARGE : bytes;
}

async function readStream(stream: AsyncIterable<Uint8Array>): Promise<Buffer | string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > CONFIG_LIMITS.bytes) return TOO_LARGE;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Describes a failed system call. */
export function describeFailure(error: unknown): string {
  const code = systemCode(error);
  return code === "ENOENT" ? "there is no such file" : `cannot be read: ${code ?? describeError(error)}`;
}
