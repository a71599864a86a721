import type { KeyPath } from "../text/duplicate-keys.ts";
import type { Finding } from "./finding.ts";
import type { SchemaObject } from "./json-schema.ts";

/** Above that a string is not held against a pattern: OpenClaw's patterns are not all linear. */
const MAX_PATTERN_LENGTH = 1_000;

/** `format` as OpenClaw's own validators take it; others are only notes. */
const FORMATS: Readonly<Record<string, (value: string) => boolean>> = {
  uri: (value) => URL.canParse(value),
  email: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  "date-time": (value) => !Number.isNaN(Date.parse(value)),
};

/** Whether a text matches a schema's pattern. One that is not judged does: it is too long, or the pattern is none. */
export function matchesPattern(text: string, pattern: string): boolean {
  if (text.length > MAX_PATTERN_LENGTH) return true;
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}

/** What is wrong with a string. One with a variable in it may become anything. */
export function findStringFaults(value: string, schema: SchemaObject, path: KeyPath): Finding[] {
  if (value.includes("${")) return [];
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema;
  const messages: string[] = [];
  if (value.length < minLength)
    messages.push(minLength === 1 ? "expected some text" : `expected at least ${minLength} characters`);
  if (value.length > maxLength) messages.push(`expected at most ${maxLength} characters`);
  if (pattern !== undefined && !matchesPattern(value, pattern)) messages.push(`expected text that matches ${pattern}`);
  if (format !== undefined && FORMATS[format]?.(value) === false)
    messages.push(`expected text of the format ${format}`);
  return messages.map((message) => ({ path, message, severity: "error", rule: "text" }));
}

/** What is wrong with a number. */
export function findNumberFaults(value: number, schema: SchemaObject, path: KeyPath): Finding[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const messages: string[] = [];
  if (minimum !== undefined && value < minimum) messages.push(`expected at least ${minimum}`);
  if (maximum !== undefined && value > maximum) messages.push(`expected at most ${maximum}`);
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum)
    messages.push(`expected more than ${exclusiveMinimum}`);
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum)
    messages.push(`expected less than ${exclusiveMaximum}`);
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf))
    messages.push(`expected a multiple of ${multipleOf}`);
  return messages.map((message) => ({ path, message, severity: "error", rule: "range" }));
}
