/**
 * What controls a terminal, ends a line, or hides or turns text: control and format characters (C0, C1, zero-width,
 * bidi, soft hyphen, tags), line and paragraph separators, half surrogate pairs. An emoji may be joined by such a
 * character: it is then printed in its parts, with an escape in between.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u2060-\u206f\u{e0000}-\u{e0fff}]/gu;

/** What {@link escapeText} keeps, before the above: a whole line ending, and a colour of ours. */
const KEPT_OR_UNPRINTABLE = new RegExp(`\\r\\n|\\u001b\\[\\d{1,2}m|${UNPRINTABLE.source}`, "gu");

/** The longest line of a log or an error, in characters. */
const MAX_LINE = 8_192;

/**
 * Escapes text from outside so that the result is one line. A job's name may contain a newline or an escape sequence;
 * it must not forge a log line or control a terminal.
 */
export function escapeControls(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    if (character === "\r") return "\\r";
    return toEscape(character);
  });
}

/** The same for each text in a report, before it is rendered. */
export function escapeAll<T>(data: T): T {
  if (typeof data === "string") return escapeControls(data) as T;
  if (Array.isArray(data)) return data.map(escapeAll) as T;
  if (typeof data !== "object" || data === null || Object.getPrototypeOf(data) !== Object.prototype) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, escapeAll(value)])) as T;
}

/**
 * The last guard of every output: escapes all that must not be printed, save newlines and tabs, and colours where there
 * may be any. JSON stays JSON, with the same values: outside its strings, it has none of these characters.
 */
export function escapeText(text: string, { hasColours = false } = {}): string {
  return text.replace(KEPT_OR_UNPRINTABLE, (found) => {
    const isKept = ["\n", "\t", "\r\n"].includes(found) || (hasColours && found.length > 2);
    return isKept ? found : Array.from(found, toEscape).join("");
  });
}

/** `\u001b`, and `\udb40\udc41` for a character of two units, as JSON has it. */
function toEscape(character: string): string {
  if (/^[ -~]$/.test(character)) return character; // in a colour that is not kept
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

/** Shortens a line that would fill a log: a gateway's message may have any length. */
export function cutLine(text: string): string {
  if (text.length <= MAX_LINE) return text;
  return `${text.slice(0, MAX_LINE)}… (${text.length - MAX_LINE} more characters)`;
}

/** Names the first ones, and how many more there are. */
export function listSome(names: readonly string[], limit: number): string {
  const more = names.length > limit ? ` and ${names.length - limit} more` : "";
  return `${names.slice(0, limit).join(", ")}${more}`;
}

/** How many problems of one kind a report lists. */
const MAX_PROBLEMS = 100;

/** The first hundred problems of a report, each shortened, and how many more there are. */
export function capProblems(problems: readonly string[]): string[] {
  return capLines(problems, MAX_PROBLEMS, (count) => `… and ${count} more`);
}

/** The first lines, each shortened, and what `describeRest` says of the others. */
export function capLines(lines: readonly string[], limit: number, describeRest: (count: number) => string): string[] {
  const rest = lines.length - limit;
  return [...lines.slice(0, limit).map(cutLine), ...(rest > 0 ? [describeRest(rest)] : [])];
}
