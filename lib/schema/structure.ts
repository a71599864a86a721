import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { type Schema, type SchemaObject, mapSchemas } from "./json-schema.ts";
import { repairSchema } from "./repair.ts";

/**
 * What of a gateway's schema a config is checked by: no titles and hints, no `$ref`, and nothing required that has a
 * default. OpenClaw's schemas describe the config after its defaults were filled in.
 */
export function structureOf(schema: JsonObject): Schema {
  return toStructure(repairSchema(schema));
}

function toStructure(schema: unknown): Schema {
  if (typeof schema !== "object" || schema === null) return schema !== false;
  const structure = mapSchemas(schema as Record<string, unknown>, toStructure) as SchemaObject;
  if (structure.required) {
    const { properties = {} } = schema as { properties?: JsonObject };
    const required = structure.required.filter((name) => !hasDefault(properties[name]));
    if (required.length > 0) structure.required = required;
    else delete structure.required;
  }
  return mergeConstants(structure);
}

/** A choice of constants is an `enum`: older releases write it as a union. */
function mergeConstants(structure: SchemaObject): SchemaObject {
  const { anyOf, oneOf, ...rest } = structure;
  const branches = anyOf ?? oneOf;
  if (!branches || (anyOf && oneOf) || rest.enum) return structure;
  const constants = branches.map((each) => (typeof each === "boolean" ? undefined : each.const));
  return constants.every((each) => each !== undefined) ? { ...rest, enum: constants } : structure;
}

/** A union or an intersection has the default of a part of it. */
function hasDefault(schema: Json | undefined): boolean {
  if (!isJsonObject(schema)) return false;
  if ("default" in schema) return true;
  const { anyOf, oneOf, allOf } = schema;
  return [anyOf, oneOf, allOf].some((parts) => Array.isArray(parts) && parts.some(hasDefault));
}
