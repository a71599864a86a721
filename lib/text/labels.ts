import { isSecretHeader, readHeader, skipScheme } from "./headers.ts";
import { isSecretLabel, isSecretParameter } from "./names.ts";
import { type FlagKind, findGlued, findSecretStart, isProgram, kindOfNext } from "./programs.ts";
import type { Span } from "./spans.ts";
import { isBlank, readQuote, readRest, readValue } from "./values.ts";

/** Names, flags and words. */
const WORDS = /[\w-]+/g;

/** Words of a sentence: `use --token or …`. No value of a flag. */
const PROSE = new Set(["and", "or", "is", "are", "for", "of", "to", "in", "with", "from", "option", "flag", "was"]);

/** How far before its password a line of `.netrc` may begin, in characters. */
const NETRC = 400;

interface Word {
  name: string;
  from: number;
  to: number;
  /** The quote right before it. */
  outer: string;
}

/** Finds the secrets that a name, a flag or a header before them tells of. Linear: a value is not looked into again. */
export function findLabelled(text: string): Span[] {
  const spans: Span[] = [];
  let until = 0;
  let program = "";
  let last = 0; // the end of the last word
  let machine = Number.NEGATIVE_INFINITY; // where a line of `.netrc` begins
  for (const { 0: name, index: from } of text.matchAll(WORDS)) {
    if (from < until) continue;
    if (endsCommand(text.slice(last, from))) program = "";
    last = from + name.length;
    if (isProgram(name)) program = name;
    if (name === "machine" || (name === "default" && text.startsWith(" login", last))) machine = from;
    const before = text.charAt(from - 1);
    const word = { name, from, to: last, outer: before !== "" && "\"'`".includes(before) ? before : "" };
    const span =
      readNamed(text, word, before) ??
      readFlag(text, word, program) ??
      (from - machine < NETRC ? readNetrc(text, word) : undefined) ??
      readSpoken(text, word);
    if (!span) continue;
    spans.push(span);
    until = span.to;
  }
  return spans;
}

/** Whether another command begins in what is between two words. A line that ends with a backslash goes on. */
function endsCommand(gap: string): boolean {
  return /[;|]|&&|(?<!\\)\n/.test(gap);
}

/** `NAME=…`, `"name": …`, a header, a parameter of a URL. */
function readNamed(text: string, { name, from, to, outer }: Word, before: string): Span | undefined {
  const isParameter = "?&#;".includes(before) && before !== "" && text[to] === "=";
  const bare = name.replace(/^-{1,2}/, "");
  const isHeader = bare === name && isSecretHeader(bare);
  if (!isHeader && !(isParameter ? isSecretParameter(bare) : isSecretLabel(bare) || isKeyPhrase(text, to)))
    return undefined;
  const separator = findSeparator(text, to);
  if (separator === undefined) return undefined;
  const { sign, at, isQuoted } = separator;
  const around = isQuoted ? "" : outer;
  if (sign === ":" && (text.startsWith("//", at) || /^auth$/i.test(bare))) return undefined; // a scheme; `gateway.auth: …`
  if (isParameter) return readValue(text, at, around, "#");
  const quote = readQuote(text, at);
  if (isHeader && !(quote && isQuoted)) return readHeader(text, bare, at, around);
  if (around !== "" && !quote && !isScript(text, from)) return readRest(text, at, around);
  const span = readValue(text, at, around);
  return isHeader && span ? skipScheme(text, span) : isCount(text, bare, span) ? undefined : span;
}

/** Whether what is in the quotes is a command line: `sh -c "TOKEN=… run"`. */
function isScript(text: string, from: number): boolean {
  return /-[a-z]{0,4}c[ "',]{1,4}$/.test(text.slice(Math.max(0, from - 12), from));
}

/** `API key: …` */
function isKeyPhrase(text: string, to: number): boolean {
  return /(?:api|access|secret|private) key$/i.test(text.slice(Math.max(0, to - 12), to));
}

/** `maxTokens: 4096` */
function isCount(text: string, name: string, span: Span | undefined): boolean {
  return (
    span !== undefined &&
    /tokens$/i.test(name) &&
    /^\d{1,7}$/.test(text.slice(span.from, Math.min(span.to, span.from + 9)))
  );
}

/** The sign between a name and its value. `isQuoted`: the name's quote closes before it. */
function findSeparator(text: string, to: number): { sign: string; at: number; isQuoted: boolean } | undefined {
  const quote = readQuote(text, to);
  let at = skipBlanks(text, quote?.from ?? to);
  if (text[at] === "]") at = skipBlanks(text, at + 1);
  const sign = text.charAt(at);
  if (sign !== "=" && sign !== ":") return undefined;
  at += 1;
  while (text[at] === "=" || text[at] === ">") at += 1;
  return { sign, at: skipBlanks(text, at), isQuoted: quote !== undefined };
}

/** `--password …`, `-u user:…`, `-p…`, also in a list of arguments. */
function readFlag(text: string, { name, from, to, outer }: Word, program: string): Span | undefined {
  if (
    !name.startsWith("-") ||
    !(isBlank(text.charAt(from - 1)) || outer !== "" || "[(,=\\".includes(text.charAt(from - 1)))
  ) {
    return undefined;
  }
  const glued = findGlued(name, program);
  if (glued && (name.length > 2 || !isBlank(text.charAt(to)))) {
    const isClosed = name.length === 2 && text.charAt(to) === outer;
    if (!isClosed) return cutKind(text, readValue(text, from + 2, outer), glued.kind);
  }
  const kind: FlagKind | undefined =
    kindOfNext(name, program) ?? (isSecretLabel(name.replace(/^-{1,2}/, "")) ? "secret" : undefined);
  const at = kind && findArgument(text, to);
  if (kind === undefined || at === undefined) return undefined;
  const span = readValue(text, at);
  if (
    !span ||
    isCount(text, name, span) ||
    isFlag(text, span) ||
    PROSE.has(text.slice(span.from, Math.min(span.to, span.from + 8)))
  )
    return undefined;
  return cutKind(text, span, kind);
}

/** Where the argument after a flag begins. A flag in quotes is followed by another quote, with or without a comma. */
function findArgument(text: string, to: number): number | undefined {
  const quote = readQuote(text, to);
  let at = skipBlanks(text, quote?.from ?? to);
  const isList = text[at] === ",";
  if (isList) at = skipBlanks(text, at + 1);
  if (text[at] === "\\" && text[at + 1] === "\n") at = skipBlanks(text, at + 2);
  const isItem = text[at] === "-" && isBlank(text.charAt(at + 1)) && text.slice(to, at).includes("\n"); // of a YAML list
  if (isItem) at = skipBlanks(text, at + 1);
  const isApart = at > (quote?.from ?? to);
  return isApart && (quote === undefined || readQuote(text, at) !== undefined) ? at : undefined;
}

function isFlag(text: string, { from, to }: Span): boolean {
  const value = text.slice(from, Math.min(to, from + 3));
  return value === "-" || value.startsWith("--");
}

function cutKind(text: string, span: Span | undefined, kind: FlagKind): Span | undefined {
  const start = span && findSecretStart(text.slice(span.from, span.to), kind);
  if (!span || start === undefined || span.from + start >= span.to) return undefined;
  return { from: span.from + start, to: span.to };
}

/** `machine HOST login USER password …` */
function readNetrc(text: string, { name, to }: Word): Span | undefined {
  if (!/^(?:password|passwd|account)$/.test(name) || !isBlank(text.charAt(to))) return undefined;
  return readValue(text, skipBlanks(text, to));
}

/** `Bearer …`, `PASSWORD '…'` and `IDENTIFIED BY '…'` of SQL, `set …token …` of several programs. */
function readSpoken(text: string, { name, from, to }: Word): Span | undefined {
  if (!isBlank(text.charAt(to))) return undefined;
  const at = skipBlanks(text, to);
  if (/^bearer$/i.test(name)) {
    const length = /^[\w.~+/=-]{6,}/.exec(text.slice(at, at + 4_096))?.[0].length;
    return length === undefined ? undefined : readValue(text, at);
  }
  const isQuoted = text[at] === "'" || text[at] === '"';
  const before = text.slice(Math.max(0, from - 24), from);
  if (/^(?:password|passphrase|by)$/i.test(name) && isQuoted && (name.length > 2 || /identified $/i.test(before))) {
    return readValue(text, at);
  }
  const isSet = isSecretLabel(name) && /\bset \S{0,80}$/.test(text.slice(Math.max(0, from - 90), from));
  return isSet ? readValue(text, at) : undefined;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charAt(at))) at += 1;
  return at;
}
