import process from "node:process";
import { ManagerError, systemCode } from "../errors.ts";
import { cutLine, escapeControls, escapeText } from "../printable.ts";

/** The part of `process.stdout` that {@link print} uses. */
export interface Output {
  isTTY?: boolean;
  write(text: string, done: (error?: Error | null) => void): unknown;
}

/**
 * Writes a text and resolves once all of it is written. A pipe holds 64 KiB; if the process exited earlier, the rest
 * would be lost. A closed pipe is no error.
 *
 * All that goes to stdout goes through here: what must not reach a terminal is escaped, whoever made the text.
 *
 * @throws {ManagerError} `file` if the text cannot be written, for example to a full disk.
 */
export function print(text: string, output: Output): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(escapeText(text, { hasColours: output.isTTY === true }), (error) => {
      const code = error ? (systemCode(error) ?? "unknown error") : undefined;
      if (code === undefined || code === "EPIPE") resolve();
      else reject(new ManagerError("file", `cannot write the output: ${code}`, { cause: error }));
    });
  });
}

/** Prints one line to stderr, whatever the text holds. */
export function printNotice(kind: "error" | "hint" | "warning", text: string): void {
  process.stderr.write(`${kind}: ${escapeControls(cutLine(text))}\n`);
}

/** Prints one line on how far a command is to stderr, whatever the text holds. */
export function printProgress(text: string): void {
  process.stderr.write(`${escapeControls(cutLine(text))}\n`);
}

/** Prints the place of a bug to stderr, below its notice. */
export function printFrames(frames: readonly string[]): void {
  process.stderr.write(frames.map((frame) => `${escapeControls(frame)}\n`).join(""));
}
