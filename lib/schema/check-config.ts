import { ManagerError } from "../errors.ts";
import { type Json, type JsonObject, isJsonObject, readOwn } from "../json.ts";
import type { KeyPath } from "../text/duplicate-keys.ts";
import type { Finding } from "./finding.ts";
import { findOldKeys } from "./old-keys.ts";
import type { Schema } from "./json-schema.ts";
import { unpackSchema } from "./pool.ts";
import { findConflicts } from "./rules.ts";
import pool from "./schemas.json" with { type: "json" };
import { structureOf } from "./structure.ts";
import { isTaken, readAsRelease } from "./taken.ts";
import { walk } from "./walk.ts";

/** The schemas that have been unpacked, by release. */
const unpacked = new Map<string, Promise<Schema>>();

function openSchema(release: string): Promise<Schema> {
  const schema = unpacked.get(release) ?? unpackSchema(pool, release);
  unpacked.set(release, schema);
  return schema;
}

/**
 * Checks a config against what a release of OpenClaw takes: its schema, its old keys, and its rules across fields. All
 * findings at once, in the order of the config. A `${VAR}` in a string may become anything.
 *
 * @param release one of KNOWN_RELEASES
 */
export async function checkConfig(config: JsonObject, release: string): Promise<Finding[]> {
  const read = readAsRelease(config, release);
  const old = findOldKeys(config, release);
  const isOld = (finding: Finding) => old.some((key) => covers(key, finding));
  const found = walk(read.config, await openSchema(release))
    .map(({ path, message, severity, rule }): Finding => ({ path: read.toWritten(path), message, severity, rule }))
    .filter((finding) => !isTaken(finding, release) && !isOld(finding));
  const conflicts = findConflicts(config, release).filter((finding) => !NOT_TAKEN.has(finding.rule) || !isOld(finding));
  // First the one that says most: an old key has a new name, and the schema may know a name that is near.
  const findings = onceByKind([...old, ...found, ...conflicts]);
  const placeOf = createPlacer(config);
  return findings
    .map((finding) => ({ finding, place: placeOf(finding.path) }))
    .toSorted((one, other) => comparePlaces(one.place, other.place))
    .map(({ finding }) => finding);
}

/** The rules by which a key is not taken. What else a rule finds wrong there is another kind. */
const NOT_TAKEN: ReadonlySet<string> = new Set(["old-key", "unknown-key", "unknown-channel"]);

/** Keeps the first finding of a kind at a path: the schema, the old keys and the rules may know the same. */
function onceByKind(findings: readonly Finding[]): Finding[] {
  const kindOf = ({ path, message, severity, rule }: Finding) =>
    JSON.stringify([path, severity, NOT_TAKEN.has(rule) ? "not taken" : message]);
  return [...Map.groupBy(findings, kindOf).values()].flatMap(([first]) => first ?? []);
}

/** Old keys whose values are judged all the same: the release's schema has them, or they are read as new ones first. */
const JUDGED: ReadonlySet<string> = new Set(["agents.list", "tools.exec.security", "tools.exec.ask"]);

/** Whether all is said with an old key: what its value should be is not known. */
function covers(key: Finding, { path }: Finding): boolean {
  return !JUDGED.has(key.path.join(".")) && isBelow(path, key.path);
}

/** Whether a path is this one, or leads deeper. */
function isBelow(path: KeyPath, above: KeyPath): boolean {
  return above.every((key, index) => key === path[index]);
}

/** Returns a function that tells the positions of a path's keys in their objects; a key that is not there stands last. */
function createPlacer(config: JsonObject): (path: KeyPath) => number[] {
  const known = new Map<JsonObject, Map<string, number>>();
  const positionsOf = (value: JsonObject) => {
    const positions = known.get(value) ?? new Map(Object.keys(value).map((key, index) => [key, index]));
    known.set(value, positions);
    return positions;
  };
  return (path) => {
    let value: Json | undefined = config;
    return path.map((key) => {
      if (Array.isArray(value)) {
        value = value[Number(key)];
        return Number(key);
      }
      const positions = isJsonObject(value) ? positionsOf(value) : undefined;
      value = isJsonObject(value) ? readOwn(value, String(key)) : undefined;
      return positions?.get(String(key)) ?? positions?.size ?? 0;
    });
  };
}

function comparePlaces(one: readonly number[], other: readonly number[]): number {
  const index = one.findIndex((position, at) => position !== other[at]);
  if (index === -1) return one.length - other.length;
  return (one[index] ?? 0) - (other[index] ?? -1);
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
