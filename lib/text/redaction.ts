import { type Json, isJsonObject } from "../json.ts";

/** What stands for a value that is nobody's business. */
export const MASK = "***";

/** Nobody keeps a secret in two characters, and every sentence holds some. */
const MIN_VALUE_LENGTH = 3;

/** What a schema allows is the schema's own text, the same for every config. */
const SCHEMA_TEXT =
  /\(allowed: (?:(?:"[^"]*"|[\w.-]+)(?:, )?)+\)|expected one of (?:"[^"]*"\|?)+|[<>]=?-?\d[\d.]*|\(m(?:ini|axi)mum: -?[\d.]+\)/g;

/**
 * Takes the values of a config out of a text about it: `plugin not found: ***`. Keys stay, for they are the
 * path to what is wrong. What a value refers to, in the environment or another file, is not known here.
 */
export function redactValues(text: string, config: Json): string {
  const leaves = new Set<string>();
  const keys = new Set<string>();
  collect(config, leaves, keys);
  const values = [...leaves].filter((leaf) => leaf.length >= MIN_VALUE_LENGTH && !keys.has(leaf));
  // The longest first: one value may be the beginning of another.
  const hidden = values.filter((value) => text.includes(value)).toSorted((a, b) => b.length - a.length);
  const mask = (part: string) => hidden.reduce(maskValue, part);
  const schemaTexts = text.match(SCHEMA_TEXT) ?? [];
  return text
    .split(SCHEMA_TEXT)
    .map((part, index) => mask(part) + (schemaTexts[index] ?? ""))
    .join("");
}

/** As a word of its own: a value `off` is no reason to blot out half of `offset`. */
function maskValue(text: string, value: string): string {
  const literal = value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, "gu"), MASK);
}

function collect(value: Json, leaves: Set<string>, keys: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, leaves, keys);
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      keys.add(key);
      collect(item, leaves, keys);
    }
  } else if (typeof value === "string") {
    for (const spelling of spellingsOf(value)) leaves.add(spelling);
  } else if (typeof value === "number") {
    leaves.add(String(value));
  }
}

/** How a text may come back: trimmed, escaped, or as a path that was resolved. */
function spellingsOf(value: string): string[] {
  const trimmed = value.trim();
  return [value, trimmed, JSON.stringify(trimmed).slice(1, -1), trimmed.replace(/^(?:\.{1,2}\/)+/, "")];
}
