import JSON5 from "json5";
import type { Json } from "../json.ts";
import { toPlainJson } from "./plain-json.ts";
import { CONFIG_LIMITS, ExcessError, JSON5_LIMIT_BYTES, findExcess, messageForSize } from "./limits.ts";

/**
 * Reads JSON5. JSON.parse goes first, then on the text without what is JSON5's own: both parsers find the same value, and
 * JSON.parse needs a fraction of the time and memory. json5 is left with what is wrong, to say where, and with numbers
 * that JSON does not have.
 *
 * @throws {SyntaxError} from json5; its message quotes a single character at most
 * @throws {ExcessError} before anything is parsed, if the text holds more than it may
 */
export function parseJson5(text: string, limits = CONFIG_LIMITS): Json {
  const excess = findExcess(text, limits);
  if (excess !== undefined) throw new ExcessError(excess);
  const value = parsePlain(() => text) ?? parsePlain(() => toPlainJson(text));
  if (value !== undefined) return value;
  if (text.length <= JSON5_LIMIT_BYTES) return JSON5.parse<Json>(text);
  throw new ExcessError(`${messageForSize(JSON5_LIMIT_BYTES)}, and no plain JSON`);
}

/** Undefined if it is no JSON. */
function parsePlain(write: () => string | undefined): Json | undefined {
  try {
    return JSON.parse(write() ?? "") as Json;
  } catch {
    return undefined;
  }
}
