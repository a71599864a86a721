import * as v from "valibot";
import { type FieldProblem, messageForUnknownField, messageForWrongType } from "./field-problem.ts";
import { type Json, isJsonObject } from "../json.ts";

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
export function findShapeProblems(schema: Schema, value: Json, field = ""): FieldProblem[] {
  if (typeof value !== "object" || value === null) return [];
  const objects = listObjects(schema);
  if (objects.length === 0) return [];
  if (!isJsonObject(value)) return [{ field, problem: messageForWrongType(schema.expects, value) }];
  const entries = objects.find(({ kind }) => kind === undefined || v.is(kind, value.kind));
  if (!entries) return []; // an unknown kind, which valibot reports
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = field === "" ? key : `${field}.${key}`;
    const known = Object.hasOwn(entries, key) ? entries[key] : undefined;
    if (known) return findShapeProblems(known, inner, path);
    return [{ field: path, problem: messageForUnknownField(key, Object.keys(entries)) }];
  });
}

/** The fields of each object that the schema accepts: several, where it has kinds. */
function listObjects({ entries, wrapped, options = [] }: Schema): v.ObjectEntries[] {
  if (entries) return [entries];
  if (wrapped) return listObjects(wrapped);
  return options.flatMap((option) => (typeof option === "string" ? [] : listObjects(option)));
}
