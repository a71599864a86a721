import type { Span } from "./spans.ts";

/** A quote, behind as many backslashes as it has in JSON within JSON. */
export interface Quote {
  character: string;
  backslashes: number;
  /** Where the quoted text begins. */
  from: number;
}

/** Three levels of JSON within JSON. */
const MAX_BACKSLASHES = 7;

const QUOTES = "\"'`";

/** What ends a word of a command line. */
const END = ";&|)<>";

/** What can follow a quote that closes something around the value: `"--token=abc", …`. */
const AFTER_CLOSING = ",.:)]}&|>";

/** A variable, which is no secret itself. */
const REFERENCE = /^"?\$(?:\{[A-Z_][A-Z0-9_]*\}|[A-Z_][A-Z0-9_]*)"?$/;

export function isBlank(character: string): boolean {
  return character.trim() === ""; // of no character, too
}

/** The quote that stands here, with the backslashes before it. */
export function readQuote(text: string, at: number): Quote | undefined {
  let next = at;
  while (text[next] === "\\" && next - at < MAX_BACKSLASHES) next += 1;
  const character = text.charAt(next);
  if (character === "" || !QUOTES.includes(character)) return undefined;
  return { character, backslashes: next - at, from: next + 1 };
}

/** Where the quoted text ends, before the quote and its backslashes; the end of the text if it is never closed. */
function findClosing(text: string, { character, backslashes, from }: Quote): number {
  for (let at = text.indexOf(character, from); at !== -1; at = text.indexOf(character, at + 1)) {
    let before = 0;
    while (at - before > from && text[at - before - 1] === "\\") before += 1;
    if (isClosing(text, at, character, backslashes, before)) return at - Math.min(before, backslashes);
  }
  return text.length;
}

function isClosing(text: string, at: number, character: string, expected: number, before: number): boolean {
  if (expected > 0) return before <= expected;
  // A shell does not escape in single quotes, other languages do.
  if (character === "'") return before === 0 || isBlank(text.charAt(at + 1));
  return before % 2 === 0;
}

/**
 * The value that begins here, without its quotes: a word of a command line, a quoted text, a list or an object.
 * Undefined if there is none, or only a reference such as `$TOKEN`.
 *
 * @param outer the quote right before the name of the value, as in `"X-Key: value"`
 */
export function readValue(text: string, at: number, outer = "", stop = ""): Span | undefined {
  const first = text.charAt(at);
  if (isBlank(first) || first === outer) return undefined;
  const quote = readQuote(text, at);
  if (quote) {
    const to = findClosing(text, quote);
    const after = Math.min(text.length, to + quote.backslashes + 1);
    const isWhole = quote.backslashes > 0 || !continuesWord(text, after);
    if (isReference(text.slice(quote.from, to)) && isWhole && quote.character !== "'") return undefined;
    if (isWhole) return toSpan(quote.from, to);
    return toSpan(at, findWordEnd(text, after, stop));
  }
  if (first === "{" || first === "[") return toSpan(at + 1, findBracketEnd(text, at));
  const to = findWordEnd(text, at, stop);
  return isReference(text.slice(at, to)) ? undefined : toSpan(at, to);
}

/** What is in the quotes around the name, from here on: a header, or a variable. To the end of the line if unquoted. */
export function readRest(text: string, at: number, outer: string): Span | undefined {
  const quote = outer === "" ? undefined : { character: outer, backslashes: 0, from: at };
  if (quote) {
    const to = findClosing(text, quote);
    return isReference(text.slice(at, to)) ? undefined : toSpan(at, to);
  }
  let to = at;
  while (to < text.length && text[to] !== "\n" && !QUOTES.includes(text.charAt(to))) to += 1;
  while (to > at && isBlank(text.charAt(to - 1))) to -= 1;
  return isReference(text.slice(at, to)) ? undefined : toSpan(at, to);
}

function toSpan(from: number, to: number): Span | undefined {
  return from < to ? { from, to } : undefined;
}

/** Whether a value is only the name of a variable, or a command that prints the value. */
export function isReference(value: string): boolean {
  return (
    value.length < 200 && (REFERENCE.test(value) || (value.startsWith("$(") && value.indexOf(")") === value.length - 1))
  );
}

/** Whether a word of a command line goes on after a quote: `"a"b`. */
function continuesWord(text: string, at: number): boolean {
  const next = text.charAt(at);
  if (next === "." || next === ",") return !isBlank(text.charAt(at + 1)) && /\w/.test(text.charAt(at + 1));
  if (next !== "" && QUOTES.includes(next) && endsWord(text.charAt(at + 1))) return false;
  return next !== "" && /[\w"'$\\/+=@!%^~-]/.test(next);
}

/** Whether a quote before this character closes something. */
function endsWord(next: string): boolean {
  return isBlank(next) || END.includes(next) || AFTER_CLOSING.includes(next);
}

function findWordEnd(text: string, start: number, stop: string): number {
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (isBlank(character) || END.includes(character) || stop.includes(character)) break;
    if (character === "\\" && !isEscapedQuote(text, at)) at += 2;
    else if (character === "\\") break;
    else if (QUOTES.includes(character)) {
      const next = text.charAt(at + 1);
      if (endsWord(next) || next === character) break;
      at = findClosing(text, { character, backslashes: 0, from: at + 1 }) + 1;
    } else if (text.startsWith("$(", at) || text.startsWith("${", at)) {
      const end = text.indexOf(text[at + 1] === "(" ? ")" : "}", at);
      at = end === -1 ? text.length : end + 1;
    } else if (",]}".includes(character) && endsList(text, at + 1)) break;
    else at += 1;
  }
  return Math.min(at, text.length);
}

/** A quote of JSON within JSON that closes what is around the value. */
function isEscapedQuote(text: string, at: number): boolean {
  return readQuote(text, at) !== undefined;
}

/** Whether what follows a comma or a bracket shows that it belongs to a list around the value. */
function endsList(text: string, at: number): boolean {
  const next = text.charAt(at);
  return isBlank(next) || QUOTES.includes(next) || ",]}\\".includes(next);
}

/** Where a list or an object ends, before its bracket; the end of the text if it is never closed. */
function findBracketEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') at = findClosing(text, { character, backslashes: 0, from: at + 1 });
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") depth -= 1;
    if (depth === 0) return at;
  }
  return text.length;
}
