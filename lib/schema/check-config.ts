import { ManagerError } from "../errors.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import type { Finding } from "./finding.ts";
import { unpackSchema } from "./pool.ts";
import pool from "./schemas.json" with { type: "json" };
import { structureOf } from "./structure.ts";
import { walk } from "./walk.ts";

/**
 * Checks a config against what a release of OpenClaw takes: its schema, its old keys, and its rules across fields. All
 * findings at once, in the order of the config. A `${VAR}` in a string may become anything.
 *
 * @param release one of KNOWN_RELEASES
 */
export async function checkConfig(config: JsonObject, release: string): Promise<Finding[]> {
  return walk(config, unpackSchema(pool, release));
}

/**
 * Checks a config against a schema alone: that of `config.schema`, whole or its `schema`.
 *
 * @throws {ManagerError} `file` when it is no JSON Schema of an object
 */
export async function checkAgainst(config: JsonObject, schema: Json): Promise<Finding[]> {
  const inner = isJsonObject(schema) && isJsonObject(schema["schema"]) ? schema["schema"] : schema;
  if (!isJsonObject(inner) || !isJsonObject(inner["properties"])) {
    throw new ManagerError("file", "no JSON Schema of a config: it has no properties", {
      hint: "config-manager schema config",
    });
  }
  return walk(config, structureOf(inner));
}
