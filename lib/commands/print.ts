import { ManagerError, systemCode } from "../errors.ts";

/** The part of `process.stdout` that {@link print} uses. */
export interface Output {
  write(text: string, done: (error?: Error | null) => void): unknown;
}

/**
 * Writes a text and resolves once all of it is written. A pipe holds 64 KiB; if the process exited earlier, the rest
 * would be lost. A closed pipe is no error.
 *
 * @throws {ManagerError} `file` if the text cannot be written, for example to a full disk.
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
