import { isDeepStrictEqual } from "node:util";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import type { KeyPath } from "../text/duplicate-keys.ts";
import type { Finding } from "./finding.ts";
import type { Schema, SchemaObject } from "./json-schema.ts";
import { findNumberFaults, findStringFaults, matchesPattern } from "./scalars.ts";
import { checkUnion } from "./unions.ts";
import { formatAllowed, formatKinds, formatMeant, kindOf } from "./words.ts";

/** More than anybody reads, and what a config of thousands of unknown keys is stopped at. */
const MAX_FINDINGS = 1_000;

/**
 * Checks a value against a schema, all findings at once, in the order of the value, at most 1,000.
 *
 * Not a validator of a library: with the schema of 2026.9.6, ajv 8.20 compiles for 14 s and takes 480 MB, and
 * `@cfworker/json-schema` 4.1 takes 75 ms before it looks at a value. Neither says which part of a union was meant.
 */
export function walk(value: Json, schema: Schema, path: KeyPath = []): Finding[] {
  if (schema === true) return [];
  if (schema === false) return [findingAt(path, "is not taken here", "unknown-key")];
  const typeFault = findTypeFault(value, schema, path);
  if (typeFault) return [typeFault];
  const findings = [
    ...findFixedFaults(value, schema, path),
    ...(typeof value === "string" ? findStringFaults(value, schema, path) : []),
    ...(typeof value === "number" ? findNumberFaults(value, schema, path) : []),
    ...(Array.isArray(value) ? walkArray(value, schema, path) : []),
    ...(isJsonObject(value) ? walkObject(value, schema, path) : []),
    ...walkCombined(value, schema, path),
  ];
  return findings.length > MAX_FINDINGS ? findings.slice(0, MAX_FINDINGS) : findings;
}

function findingAt(path: KeyPath, message: string, rule: string): Finding {
  return { path, message, severity: "error", rule };
}

function findTypeFault(value: Json, { type }: SchemaObject, path: KeyPath): Finding | undefined {
  if (type === undefined) return undefined;
  const types = Array.isArray(type) ? type : [type];
  const kind = kindOf(value);
  if (types.includes(kind) || (kind === "integer" && types.includes("number"))) return undefined;
  return findingAt(path, `expected ${formatKinds(types)}, not ${formatKinds([kind])}`, "type");
}

/** Whether OpenClaw puts a variable's value into this string: it may become anything. */
function isVariable(value: Json): boolean {
  return typeof value === "string" && value.includes("${");
}

function findFixedFaults(value: Json, schema: SchemaObject, path: KeyPath): Finding[] {
  if (isVariable(value)) return [];
  const allowed = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (!allowed || allowed.some((each) => each === value || isDeepStrictEqual(each, value))) return [];
  const names = allowed.filter((each) => typeof each === "string");
  const meant = typeof value === "string" && allowed.length > 1 ? formatMeant(value, names) : undefined;
  return [findingAt(path, [`expected ${formatAllowed(allowed)}`, meant].filter(Boolean).join("; "), "enum")];
}

function walkArray(items: readonly Json[], schema: SchemaObject, path: KeyPath): Finding[] {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, uniqueItems } = schema;
  const findings: Finding[] = [];
  if (items.length < minItems) findings.push(findingAt(path, `expected at least ${minItems} items`, "length"));
  if (items.length > maxItems) findings.push(findingAt(path, `expected at most ${maxItems} items`, "length"));
  if (uniqueItems && new Set(items.map((each) => JSON.stringify(each))).size < items.length) {
    findings.push(findingAt(path, "expected items that are all different", "length"));
  }
  for (const [index, item] of items.entries()) {
    const each = Array.isArray(schema.items) ? (schema.items[index] ?? schema.additionalItems) : schema.items;
    if (each !== undefined) findings.push(...walk(item, each, [...path, index]));
    if (findings.length > MAX_FINDINGS) break;
  }
  return findings;
}

function walkObject(value: JsonObject, schema: SchemaObject, path: KeyPath): Finding[] {
  const { required = [], minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema;
  const keys = Object.keys(value);
  const findings: Finding[] = [];
  for (const name of required) {
    if (!Object.hasOwn(value, name)) findings.push(findingAt(path, `expected a key ${name} in it`, "required"));
  }
  if (keys.length < minProperties) findings.push(findingAt(path, `expected at least ${minProperties} keys`, "length"));
  if (keys.length > maxProperties) findings.push(findingAt(path, `expected at most ${maxProperties} keys`, "length"));
  for (const key of keys) {
    findings.push(...walkKey(key, value[key] as Json, schema, path));
    if (findings.length > MAX_FINDINGS) break;
  }
  return findings;
}

function walkKey(key: string, value: Json, schema: SchemaObject, path: KeyPath): Finding[] {
  const { properties, patternProperties, propertyNames } = schema;
  const here = [...path, key];
  const findings: Finding[] = [];
  if (propertyNames !== undefined) {
    for (const { message, severity, rule } of walk(key, propertyNames, here)) {
      findings.push({ path: here, message: `its name: ${message}`, severity, rule });
    }
  }
  const known: Schema[] = [];
  if (properties && Object.hasOwn(properties, key)) known.push(properties[key] ?? true);
  for (const [pattern, each] of Object.entries(patternProperties ?? {})) {
    if (matchesPattern(key, pattern)) known.push(each);
  }
  if (known.length > 0) return [...findings, ...known.flatMap((each) => walk(value, each, here))];
  const { additionalProperties = true } = schema;
  if (additionalProperties === false)
    return [...findings, findingAt(here, describeUnknown(key, properties ?? {}), "unknown-key")];
  return [...findings, ...walk(value, additionalProperties, here)];
}

function describeUnknown(key: string, properties: Readonly<Record<string, Schema>>): string {
  const known = Object.keys(properties).filter((name) => properties[name] !== false);
  if (known.length === 0) return "unknown key; none is taken here";
  return ["unknown key", formatMeant(key, known)].filter(Boolean).join(", ");
}

function walkCombined(value: Json, schema: SchemaObject, path: KeyPath): Finding[] {
  const { allOf = [], not } = schema;
  const findings = allOf.flatMap((each) => walk(value, each, path));
  for (const branches of [schema.anyOf, schema.oneOf]) {
    if (branches) findings.push(...checkUnion(value, branches, path, walk));
  }
  const isExcluded = not !== undefined && !isVariable(value) && walk(value, not, path).length === 0;
  if (isExcluded) findings.push(findingAt(path, "is one of those that are not taken here", "excluded"));
  if (schema.if !== undefined) {
    const branch = walk(value, schema.if, path).length === 0 ? schema.then : schema.else;
    if (branch !== undefined) findings.push(...walk(value, branch, path));
  }
  return findings;
}
