import { describeError } from "../errors.ts";
import type { Json } from "../json.ts";
import { parseJson5 } from "./json5.ts";
import { CONFIG_LIMITS, messageForSize } from "./limits.ts";

export type ParsedDocument = { kind: "parsed"; value: Json } | { kind: "broken"; problem: string };

/** Parses a file as OpenClaw does: JSON5. The problem quotes at most one character of it. */
export function parseDocument(bytes: Uint8Array): ParsedDocument {
  if (bytes.length > CONFIG_LIMITS.bytes) return { kind: "broken", problem: messageForSize(CONFIG_LIMITS.bytes) };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (text.trim() === "") return { kind: "broken", problem: "the file is empty" };
    return { kind: "parsed", value: parseJson5(text) };
  } catch (error) {
    const problem = error instanceof SyntaxError ? describeError(error).replace(/^JSON5: /, "") : "not UTF-8 text";
    return { kind: "broken", problem };
  }
}
