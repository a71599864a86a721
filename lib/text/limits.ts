import { MAX_CONFIG_BYTES, MAX_RECORD_BYTES } from "../files/regular-file.ts";

/** How much a text may hold before it is parsed. */
export interface TextLimits {
  /** The most bytes of the file. */
  bytes: number;
  /** The most values, keys not counted. */
  values: number;
}

const MIB = 1024 * 1024;

/** For a config: a ConfigMap holds 1 MiB, and a gateway adds to its live file. */
export const CONFIG_LIMITS: TextLimits = { bytes: MAX_CONFIG_BYTES, values: 100_000 };

/** For a definition file, which comes out of a ConfigMap. */
export const DEFINITION_LIMITS: TextLimits = { bytes: MAX_RECORD_BYTES, values: 100_000 };

/** json5 builds each text character by character, which takes 35 bytes for each. It gets what cannot be written as JSON. */
export const JSON5_LIMIT_BYTES = MIB / 2;

/** Deeper than any real file, and shallow enough that no parser or comparison overflows the stack. */
export const MAX_DEPTH = 200;

/** The most characters of the dotted paths of all values together: a long key may have very many values below it. */
const MAX_PATH_CHARACTERS = 16 * MIB;

/** A text holds more than it may: parsing it would take memory that this container lacks. The message follows "is". */
export class ExcessError extends SyntaxError {}

export const TOO_DEEP = "nested too deeply";
export const messageForSize = (limitBytes: number) => `larger than ${limitBytes / MIB} MiB`;

/**
 * Finds out whether JSON or JSON5 holds more than it may, without parsing it: in linear time, with memory for the
 * depth alone. What follows the first syntax error may be counted wrongly; a parser does not get there either.
 *
 * @returns what is too much, to stand after "is"; undefined if nothing is
 */
export function findExcess(text: string, limits: TextLimits): string | undefined {
  if (text.length > limits.bytes) return messageForSize(limits.bytes);
  /** For each open object or list, how long the path to its values is, without the key. */
  const open: number[] = [];
  let values = 1;
  let paths = 0;
  /** Where the current key may begin, and how long it is once its colon is read. */
  let from = 0;
  let key = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
      case 0x27: // '
        at = findQuote(text, at);
        break;
      case 0x2f: // a slash
        at = findCommentEnd(text, at);
        break;
      case 0x3a: // :
        key = at - from;
        break;
      case 0x5b: // [
      case 0x7b: // {
        open.push((open.at(-1) ?? 0) + key + 1);
        values += 1;
        [from, key] = [at + 1, 0];
        if (open.length > MAX_DEPTH) return TOO_DEEP;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        open.pop();
        break;
      case 0x2c: // ,
        values += 1;
        paths += (open.at(-1) ?? 0) + key;
        [from, key] = [at + 1, 0];
        break;
      default:
    }
    if (values > limits.values) return `made of more than ${limits.values} values`;
    if (paths > MAX_PATH_CHARACTERS) return "made of too many values below long keys";
  }
  return undefined;
}

/** The index of the closing quote; that of the last character if there is none. */
function findQuote(text: string, from: number): number {
  const quote = text.charCodeAt(from);
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) return at;
    if (code === 0x5c) at += 1; // a backslash
  }
  return text.length;
}

/** The index of the last character of a comment; `from` if none begins there. */
function findCommentEnd(text: string, from: number): number {
  const next = text.charAt(from + 1);
  if (next !== "/" && next !== "*") return from;
  if (next === "*") {
    const end = text.indexOf("*/", from + 2);
    return end === -1 ? text.length : end + 1;
  }
  for (let at = from + 2; at < text.length; at++) if (/[\n\r\u2028\u2029]/.test(text.charAt(at))) return at;
  return text.length;
}
