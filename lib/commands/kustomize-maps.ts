import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { parseYamlDocuments } from "../text/yaml.ts";
import { type ManifestEntry, isManifest, nameOf, readConfigMap, readManifest } from "./manifest.ts";

/** One key of a ConfigMap as it will be mounted. `name` is shown: the file that holds it, or `cm.yaml#KEY`. */
export type MountedEntry = ManifestEntry & { name: string };

/** A ConfigMap that a kustomization makes, or takes in. */
export interface BuiltMap {
  /** All names that it has had: with and without prefixes. */
  names: Set<string>;
  entries: Map<string, MountedEntry>;
  /** Whether a generator or a patch has made it what it is; else a manifest says all of it. */
  isBuilt: boolean;
}

export function copyMap({ names, entries, isBuilt }: BuiltMap): BuiltMap {
  return { names: new Set(names), entries: new Map(entries), isBuilt };
}

/** Reads the ConfigMaps of a file of manifests. What is no manifest has none. */
export function readMaps(bytes: Buffer, file: string): BuiltMap[] {
  return readDocuments(bytes).flatMap((value) => {
    if (!isManifest(value)) return [];
    return readManifest(value, 2 * bytes.length).maps.map(({ name, entries }) => ({
      names: new Set([name]),
      entries: new Map(entries.map((entry) => [entry.key, { ...entry, name: `${file}#${entry.key}` }])),
      isBuilt: false,
    }));
  });
}

/**
 * Applies a patch to ConfigMaps: a strategic merge, or a list of operations (RFC 6902). Only what it does to their keys
 * counts; a patch of other objects does nothing.
 *
 * @param place the file of the patch, shown with its keys, and the `target` in the kustomization
 */
export function patchMaps(
  maps: readonly BuiltMap[],
  bytes: Buffer,
  place: { name: string; target?: JsonObject },
): void {
  const { name: file, target } = place;
  if (target && target.kind !== undefined && target.kind !== "ConfigMap") return;
  for (const value of readDocuments(bytes)) {
    if (Array.isArray(value)) {
      // Operations name no object: without a kind, this may be any.
      if (target?.kind === "ConfigMap") for (const map of findTargets(maps, target)) applyOperations(map, value, file);
    } else if (isJsonObject(value) && (target?.kind ?? value.kind) === "ConfigMap") {
      const targets = target ? findTargets(maps, target) : maps.filter(({ names }) => names.has(nameOf(value)));
      for (const map of targets) mergeKeys(map, value, file);
    }
  }
}

/** Kustomize takes the name for a pattern. Here it is a name: a pattern from outside may take very long. */
function findTargets(maps: readonly BuiltMap[], { name }: JsonObject): BuiltMap[] {
  if (typeof name !== "string") return [...maps];
  return maps.filter(({ names }) => names.has(name));
}

function mergeKeys(map: BuiltMap, patch: JsonObject, file: string): void {
  const { data, binaryData } = patch;
  for (const part of [data, binaryData].filter((each) => isJsonObject(each))) {
    for (const key of Object.keys(part).filter((each) => part[each] === null)) remove(map, key);
  }
  const isKept = (part: Json | undefined) =>
    isJsonObject(part) && Object.fromEntries(Object.entries(part).filter(([, value]) => value !== null));
  const kept = { data: isKept(data) || {}, binaryData: isKept(binaryData) || {} };
  for (const entry of readConfigMap(kept)) set(map, entry, file);
}

function applyOperations(map: BuiltMap, operations: readonly Json[], file: string): void {
  for (const operation of operations.filter(isJsonObject)) {
    const { op, path, value } = operation;
    const [root, field, pointer, ...more] = typeof path === "string" ? path.split("/") : [];
    if (root !== "" || (field !== "data" && field !== "binaryData") || !pointer || more.length > 0) continue;
    const key = pointer.replaceAll("~1", "/").replaceAll("~0", "~");
    if (op === "remove") remove(map, key);
    else if (value !== undefined)
      for (const entry of readConfigMap({ [field]: { [key]: value } })) set(map, entry, file);
  }
}

function set(map: BuiltMap, entry: ManifestEntry, file: string): void {
  map.entries.set(entry.key, { ...entry, name: `${file}#${entry.key}` });
  map.isBuilt = true;
}

function remove(map: BuiltMap, key: string): void {
  if (map.entries.delete(key)) map.isBuilt = true;
}

function readDocuments(bytes: Buffer): Json[] {
  return parseYamlDocuments(bytes.toString()).flatMap((each) => (each.kind === "parsed" ? [each.value] : []));
}
