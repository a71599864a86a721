import { readlinkSync } from "node:fs";
import { systemCode } from "./errors.ts";
import { cutLine, escapeControls, escapeText } from "./printable.ts";

/** Writes one line to the container's log. A message that starts with `WARNING: ` has level `warn` in JSON. */
export type Log = (message: string) => void;

export interface LogOptions {
  format: "text" | "json";
  /** Whether local time is UTC; it saves the time zone lookup, see {@link isClockUtc}. */
  isUtc?: boolean;
  /** Receives each finished line, newline included. */
  write: (line: string) => void;
  now?: () => Date;
}

/**
 * Creates a log in manager.sh's format: `YYYY-MM-DD HH:MM:SS [config-manager] MESSAGE`, in local time.
 * With `format: "json"`, each line is an object: `time` (ISO 8601), `level`, `message`. A message of more than 8,192
 * characters is cut.
 */
export function createLog({ format, isUtc = false, write, now = () => new Date() }: LogOptions): Log {
  const formatTime = isUtc ? formatUtc : formatLocalTime;
  return (whole) => {
    const message = cutLine(whole);
    if (format === "json") {
      const level = message.startsWith("WARNING: ") ? "warn" : "info";
      write(`${escapeText(JSON.stringify({ time: now().toISOString(), level, message }))}\n`);
    } else {
      write(`${formatTime(now())} [config-manager] ${escapeControls(message)}\n`);
    }
  };
}

/** Formats like `date '+%Y-%m-%d %H:%M:%S'`. */
function formatLocalTime(time: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":")}`;
}

function formatUtc(time: Date): string {
  return time.toISOString().slice(0, 19).replace("T", " ");
}

/**
 * Returns whether local time in this container is UTC, as in most. Formatting a time in any other zone loads the
 * tables of all zones, 4 MB. If in doubt, the answer is false.
 */
export function isClockUtc(zone: string | undefined, localtime = "/etc/localtime"): boolean {
  if (zone) return zone === "UTC" || zone === "Etc/UTC";
  try {
    return readlinkSync(localtime).endsWith("/UTC");
  } catch (error) {
    return systemCode(error) === "ENOENT"; // glibc uses UTC then
  }
}
