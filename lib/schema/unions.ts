import type { Json } from "../json.ts";
import type { KeyPath } from "../text/duplicate-keys.ts";
import type { Finding } from "./finding.ts";
import type { Schema } from "./json-schema.ts";
import { formatAllowed, formatKinds, kindOf } from "./words.ts";

/** One way in which a value may be written, with what is wrong with the value by it. */
interface Branch {
  schema: Schema;
  findings: readonly Finding[];
  /** How far the value is from it: the first number decides, then the next. */
  distance: readonly number[];
}

/**
 * Checks a value that may be written in several ways. Nothing is wrong if one of them takes it; else the findings are
 * those of the way that was probably meant: of the right type, then with the right `type` or `kind` in it, then with
 * the fewest faults.
 */
export function checkUnion(
  value: Json,
  schemas: readonly Schema[],
  path: KeyPath,
  walk: (value: Json, schema: Schema, path: KeyPath) => Finding[],
): Finding[] {
  const branches: Branch[] = [];
  for (const schema of schemas) {
    const findings = walk(value, schema, path);
    if (findings.length === 0) return [];
    branches.push({ schema, findings, distance: measure(findings, path) });
  }
  branches.sort((one, other) => compare(one.distance, other.distance));
  const [nearest] = branches;
  if (!nearest) return [];
  const isOfType = nearest.distance[0] === 0;
  const isInside = nearest.findings.some((finding) => finding.path.length > path.length);
  if (isOfType && (isInside || typeof value === "object")) return [...nearest.findings];
  return [describeAll(value, branches, path, isOfType)];
}

function measure(findings: readonly Finding[], path: KeyPath): readonly number[] {
  const here = findings.filter((finding) => finding.path.length === path.length);
  const isOtherType = here.some(({ rule }) => rule === "type" || rule === "union");
  const others = findings.filter(({ path: inner, rule }) => inner.length === path.length + 1 && rule === "enum");
  return [isOtherType ? 1 : 0, others.length, findings.length];
}

function compare(one: readonly number[], other: readonly number[]): number {
  const place = one.findIndex((part, index) => part !== other[index]);
  return place === -1 ? 0 : (one[place] ?? 0) - (other[place] ?? 0);
}

/** All that would be taken, in one line. */
function describeAll(value: Json, branches: readonly Branch[], path: KeyPath, isOfType: boolean): Finding {
  const expected = new Set<string>();
  const collect = (schema: Schema): void => {
    if (typeof schema === "boolean") return;
    const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
    for (const each of inner) collect(each);
    if (inner.length > 0) return;
    const fixed = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
    if (fixed) expected.add(formatAllowed(fixed));
    else if (schema.type !== undefined) expected.add(formatKinds([schema.type].flat()));
  };
  if (isOfType) {
    const told = branches.filter(({ distance }) => distance[0] === 0).flatMap(({ findings }) => findings);
    const messages = [...new Set(told.map(({ message }) => message.replace(/^expected /, "")))];
    return { path, message: `expected ${messages.join(", or ")}`, severity: "error", rule: "union" };
  }
  for (const { schema } of branches) collect(schema);
  const all = [...expected].join(", or ");
  return { path, message: `expected ${all}, not ${formatKinds([kindOf(value)])}`, severity: "error", rule: "union" };
}
