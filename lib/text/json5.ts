import JSON5 from "json5";
import type { Json } from "../json.ts";
import { CONFIG_LIMITS, ExcessError, JSON5_LIMIT_BYTES, findExcess, messageForSize } from "./limits.ts";

/**
 * Reads JSON5. JSON.parse goes first: plain JSON has the same value in both parsers, and JSON.parse needs a fraction of
 * the time and memory.
 *
 * @throws {SyntaxError} from json5; its message quotes a single character at most
 * @throws {ExcessError} before anything is parsed, if the text holds more than it may
 */
export function parseJson5(text: string, limits = CONFIG_LIMITS): Json {
  const excess = findExcess(text, limits);
  if (excess !== undefined) throw new ExcessError(excess);
  try {
    return JSON.parse(text) as Json;
  } catch {
    if (text.length <= JSON5_LIMIT_BYTES) return JSON5.parse<Json>(text);
    throw new ExcessError(`${messageForSize(JSON5_LIMIT_BYTES)}, and no plain JSON`);
  }
}
