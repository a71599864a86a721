import { ManagerError, systemCode } from "../errors.ts";

/** The part of `process.stdout` that is written to. */
export interface Output {
  write(text: string, done: (error?: Error | null) => void): unknown;
}

/**
 * Writes a text, and resolves once whoever reads has all of it: a pipe takes 64 KiB at once, and what waits behind it
 * would go with the process. That nobody reads any more is no error.
 *
 * @throws {ManagerError} `file` where it cannot be written, to a full disk, say.
 */
export function print(text: string, output: Output): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => {
      const code = error ? (systemCode(error) ?? "unknown error") : undefined;
      if (code === undefined || code === "EPIPE") resolve();
      else reject(new ManagerError("file", `cannot write the output: ${code}`, { cause: error }));
    });
  });
}
