import { findDuplicates } from "../text/duplicate-keys.ts";
import { describeError } from "../errors.ts";
import { parseJson5 } from "../text/json5.ts";
import { CONFIG_LIMITS, DEFINITION_LIMITS, ExcessError, messageForSize } from "../text/limits.ts";
import type { ParsedText } from "../text/yaml.ts";

/**
 * Reads a definition file: the documents of YAML if its name ends in .yaml or .yml, else one of JSON5. At least one.
 * Never throws, and quotes nothing of the text but keys and single characters.
 */
export async function parseDefinitionText(name: string, bytes: Uint8Array): Promise<ParsedText[]> {
  const { bytes: limitBytes } = DEFINITION_LIMITS;
  // What is larger was not read to its end, and half a list must not pass for the whole.
  if (bytes.length > limitBytes)
    return [{ kind: "unreadable", problem: `is ${messageForSize(limitBytes)}; a ConfigMap holds no more` }];
  const text = decodeText(bytes);
  if (text === undefined) return [{ kind: "unreadable", problem: "is not UTF-8 text" }];
  if (text.trim() === "") return [{ kind: "unreadable", problem: "is empty; write [] to declare no jobs" }];
  if (!/\.ya?ml$/.test(name)) return [parseJson(text, DEFINITION_LIMITS)];
  // Loaded only when needed: it is the largest part of this program.
  const { parseYamlDocuments } = await import("../text/yaml.ts");
  return parseYamlDocuments(text, DEFINITION_LIMITS);
}

/** Decodes UTF-8; undefined if the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Reads JSON5. Never throws, and quotes single characters at most. */
export function parseJson(text: string, limits = CONFIG_LIMITS): ParsedText {
  try {
    const value = parseJson5(text, limits);
    const problems = findDuplicates(text).map((path) => ({ path, problem: "stands twice in one object" }));
    return { kind: "parsed", value, problems };
  } catch (error) {
    const problem = describeError(error).replace(/^JSON5: /, "");
    return { kind: "unreadable", problem: error instanceof ExcessError ? `is ${problem}` : problem };
  }
}
