import { fstatSync, write } from "node:fs";
import { ManagerError, systemCode } from "../errors.ts";

type Done = (error?: Error | null) => void;

interface Stream {
  write(text: string, done: Done): unknown;
}

/** How long a pipe that is full, and says so instead of letting us wait, is left alone, in milliseconds. */
const FULL_PAUSE_MS = 10;

/**
 * Writes texts to an open file, such as 1, one after the other. Not by `process.stdout`, which brings the terminals and
 * the streams of Node along: 3 ms of each start, and half a megabyte.
 */
export function openOutput(descriptor: number): Stream {
  const waiting: { bytes: Uint8Array; done: Done }[] = [];

  function writeNext(): void {
    const [next] = waiting;
    if (!next) return;
    write(descriptor, next.bytes, (error, written) => {
      if (systemCode(error) === "EAGAIN") {
        setTimeout(writeNext, FULL_PAUSE_MS);
        return;
      }
      next.bytes = next.bytes.subarray(written);
      if (!error && next.bytes.length > 0) return writeNext();
      waiting.shift();
      next.done(error);
      writeNext();
    });
  }

  return {
    write(text, done) {
      waiting.push({ bytes: new TextEncoder().encode(text), done });
      if (waiting.length === 1) writeNext();
    },
  };
}

/** Whether an open file may be a screen: it is no pipe, and no file on a disk. Told without asking Node's streams. */
export function mayBeScreen(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice();
  } catch {
    return false; // closed
  }
}

/**
 * Writes a text, and is done once whoever reads has all of it: a pipe takes 64 KiB at once, and what waits behind it
 * would go with the process. That nobody reads any more is no error.
 *
 * @throws {ManagerError} `file` where it cannot be written, to a full disk, say.
 */
export function writeOutput(text: string, stream: Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      const code = error ? (systemCode(error) ?? "unknown error") : undefined;
      if (code === undefined || code === "EPIPE") resolve();
      else reject(new ManagerError("file", `cannot write the output: ${code}`, { cause: error }));
    });
  });
}
