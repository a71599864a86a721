import { readlinkSync } from "node:fs";
import { systemCode } from "./errors.ts";

/** Says one line to whoever reads the container's log. A message that starts with `WARNING: ` is one. */
export type Log = (message: string) => void;

export interface LogOptions {
  format: "text" | "json";
  /** Whether local time is UTC, which then need not be looked up: see {@link isClockUtc}. */
  isUtc?: boolean;
  /** Receives each finished line, newline included. */
  write: (line: string) => void;
  now?: () => Date;
}

/**
 * Makes the log of manager.sh: `YYYY-MM-DD HH:MM:SS [config-manager] MESSAGE`, in local time.
 * With `format: "json"`, one object a line: `time` (ISO 8601), `level`, `message`.
 */
export function createLog({ format, isUtc = false, write, now = () => new Date() }: LogOptions): Log {
  const formatTime = isUtc ? formatUtc : formatLocalTime;
  return (message) => {
    if (format === "json") {
      const level = message.startsWith("WARNING: ") ? "warn" : "info";
      write(`${JSON.stringify({ time: now().toISOString(), level, message })}\n`);
    } else {
      write(`${formatTime(now())} [config-manager] ${escapeControls(message)}\n`);
    }
  };
}

/** As `date '+%Y-%m-%d %H:%M:%S'` prints it. */
function formatLocalTime(time: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":")}`;
}

function formatUtc(time: Date): string {
  return time.toISOString().slice(0, 19).replace("T", " ");
}

/**
 * Makes one line of any text. A job's name may hold a newline, and must not be able to
 * forge a log line with it, nor to send a terminal an escape sequence.
 */
export function escapeControls(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    if (character === "\r") return "\\r";
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/**
 * Whether the clocks of this container show UTC, as most do. To ask for the hour of any other zone loads the tables
 * of all of them, 4 MB. In doubt it is another one.
 */
export function isClockUtc(zone: string | undefined, localtime = "/etc/localtime"): boolean {
  if (zone) return zone === "UTC" || zone === "Etc/UTC";
  try {
    return readlinkSync(localtime).endsWith("/UTC");
  } catch (error) {
    return systemCode(error) === "ENOENT"; // as glibc takes it
  }
}
