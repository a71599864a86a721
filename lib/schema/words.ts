import { findNearest } from "../text/nearest.ts";
import type { Json } from "../json.ts";

/** The type of a value, by JSON Schema's names. What is no number of JSON, as JSON5's `NaN`, has none. */
export function kindOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value !== "number") return typeof value;
  if (Number.isInteger(value)) return "integer";
  return Number.isFinite(value) ? "number" : "no number of JSON";
}

const NAMES: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  integer: "a whole number",
  null: "null",
  number: "a number",
  object: "an object",
  string: "a string",
};

/** `a string, a number or an object`. */
export function formatKinds(kinds: readonly string[]): string {
  const names = [...new Set(kinds)].map((kind) => NAMES[kind] ?? kind);
  return [names.slice(0, -1).join(", "), names.at(-1)].filter(Boolean).join(" or ");
}

/** `one of a, b, c`; the schema's own words, and never the config's. */
export function formatAllowed(allowed: readonly Json[]): string {
  const shown = allowed.slice(0, 12).map((each) => (typeof each === "string" ? each : JSON.stringify(each)));
  const more = allowed.length > shown.length ? ", …" : "";
  return shown.length === 1 ? (shown[0] ?? "") : `one of ${shown.join(", ")}${more}`;
}

/** Above that a name is compared with none: comparing takes time by the length of both. */
const MAX_NAME_LENGTH = 100;

/** `did you mean NAME?` with the known name that is near; undefined if none is. */
export function formatMeant(name: string, known: readonly string[]): string | undefined {
  const nearest = name.length <= MAX_NAME_LENGTH ? findNearest(name, known) : undefined;
  return nearest?.isNear ? `did you mean ${nearest.name}?` : undefined;
}
