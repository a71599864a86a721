import * as v from "valibot";
import { type FieldProblem, messageForUnknownField, messageForWrongType } from "./field-problem.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";

/** The parts of a valibot schema that say which fields an object has. */
type Schema = v.GenericSchema & {
  readonly entries?: v.ObjectEntries;
  readonly wrapped?: Schema;
  readonly options?: readonly (Schema | string)[];
};

/**
 * Unknown fields, and lists in place of objects, at any depth. valibot drops unknown fields (with `strictObject` it
 * reports only the first, and none called `__proto__`), and it reads a list as an object without fields.
 */
export function findShapeProblems(schema: Schema, value: Json): FieldProblem[] {
  const problems: FieldProblem[] = [];

  function visit(part: Schema, inner: Json, field: string): void {
    const objects = listObjects(part);
    if (objects.length === 0) return;
    if (!isJsonObject(inner)) {
      problems.push({ field, problem: messageForWrongType(part.expects, inner) });
      return;
    }
    const entries = findEntries(part, inner);
    if (!entries) return; // an unknown kind, which valibot reports
    for (const key of Object.keys(inner)) {
      const known = Object.hasOwn(entries, key) ? entries[key] : undefined;
      const next = inner[key];
      if (known && (typeof next !== "object" || next === null)) continue;
      const path = field === "" ? key : `${field}.${key}`;
      if (known && next !== undefined) visit(known, next, path);
      else problems.push({ field: path, problem: messageForUnknownField(key, Object.keys(entries)) });
    }
  }

  visit(schema, value, "");
  return problems;
}

/** The value without unknown fields, at any depth, and the dotted paths of those. Anything else wrong stays in it. */
export function omitUnknown(schema: Schema, value: JsonObject): { kept: JsonObject; omitted: string[] } {
  const omitted: string[] = [];

  function trim(part: Schema, inner: Json, path: string): Json {
    const entries = isJsonObject(inner) ? findEntries(part, inner) : undefined;
    if (!entries) return inner;
    const fields = Object.entries(inner as JsonObject).flatMap(([key, next]): [string, Json][] => {
      const field = path === "" ? key : `${path}.${key}`;
      const known = Object.hasOwn(entries, key) ? entries[key] : undefined;
      if (known) return [[key, trim(known, next, field)]];
      omitted.push(field);
      return [];
    });
    return Object.fromEntries(fields);
  }

  return { kept: trim(schema, value, "") as JsonObject, omitted };
}

/** The fields of the object that is meant: of the kind that the value has, where there are kinds. */
function findEntries(schema: Schema, value: JsonObject): v.ObjectEntries | undefined {
  return listObjects(schema).find(({ kind }) => kind === undefined || v.is(kind, value.kind));
}

/** The fields of each object that the schema accepts: several, where it has kinds. */
function listObjects({ entries, wrapped, options = [] }: Schema): v.ObjectEntries[] {
  if (entries) return [entries];
  if (wrapped) return listObjects(wrapped);
  return options.flatMap((option) => (typeof option === "string" ? [] : listObjects(option)));
}
