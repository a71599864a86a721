import { type Json, isJsonObject } from "../json.ts";

/** Replaces a secret value. */
export const MASK = "***";

/** Shorter values are no secrets, and occur in every sentence. */
const MIN_VALUE_LENGTH = 3;

/** Parts of a gateway's message that come from its schema, not from the config. They are never masked. */
const SCHEMA_TEXT =
  /\(allowed: (?:(?:"[^"]*"|[\w.-]+)(?:, )?)+\)|expected one of (?:"[^"]*"\|?)+|[<>]=?-?\d[\d.]*|\(m(?:ini|axi)mum: -?[\d.]+\)/g;

/**
 * Masks the values of a config in a text about it: `plugin not found: ***`. Keys stay, because they are the path to the
 * problem. Values that the config only refers to, in the environment or in another file, are not masked.
 */
export function redactValues(text: string, config: Json): string {
  const leaves = new Set<string>();
  const keys = new Set<string>();
  collect(config, leaves, keys);
  const values = [...leaves].filter((leaf) => leaf.length >= MIN_VALUE_LENGTH && !keys.has(leaf));
  // The longest first: a value can contain another.
  const hidden = values.filter((value) => text.includes(value)).toSorted((a, b) => b.length - a.length);
  const mask = (part: string) => hidden.reduce(maskValue, part);
  const schemaTexts = text.match(SCHEMA_TEXT) ?? [];
  return text
    .split(SCHEMA_TEXT)
    .map((part, index) => mask(part) + (schemaTexts[index] ?? ""))
    .join("");
}

/** Masks whole words only: for the value `off`, `offset` stays as it is. */
function maskValue(text: string, value: string): string {
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${RegExp.escape(value)}(?![\\p{L}\\p{N}])`, "gu"), MASK);
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

/** The forms of a value in a gateway's message: as it is, trimmed, escaped, or as a resolved path. */
function spellingsOf(value: string): string[] {
  const trimmed = value.trim();
  return [value, trimmed, JSON.stringify(trimmed).slice(1, -1), trimmed.replace(/^(?:\.{1,2}\/)+/, "")];
}
