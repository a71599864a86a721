/** Says one line to whoever reads the container's log. A message that starts with `WARNING: ` is one. */
export type Log = (message: string) => void;

export interface LogOptions {
  format: "text" | "json";
  /** Receives each finished line, newline included. */
  write: (line: string) => void;
  now?: () => Date;
}

/**
 * Makes the log of manager.sh: `YYYY-MM-DD HH:MM:SS [config-manager] MESSAGE`, in local time.
 * With `format: "json"`, one object a line: `time` (ISO 8601), `level`, `message`.
 */
export function createLog({ format, write, now = () => new Date() }: LogOptions): Log {
  return (message) => {
    if (format === "json") {
      const level = message.startsWith("WARNING: ") ? "warn" : "info";
      write(`${JSON.stringify({ time: now().toISOString(), level, message })}\n`);
    } else {
      write(`${formatLocalTime(now())} [config-manager] ${escapeControls(message)}\n`);
    }
  };
}

/** As `date '+%Y-%m-%d %H:%M:%S'` prints it. */
function formatLocalTime(time: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":")}`;
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
