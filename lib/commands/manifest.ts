import { kindOf } from "../definition/field-problem.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";

/** One key of a ConfigMap. */
export type ManifestEntry =
  | { kind: "text"; key: string; bytes: Buffer }
  | { kind: "invalid"; key: string; problem: string };

/** One ConfigMap. `name` is empty where its `metadata` has none. */
interface ManifestMap {
  name: string;
  entries: ManifestEntry[];
}

/** The content of a manifest. */
export interface Manifest {
  /** Each ConfigMap that has entries. */
  maps: ManifestMap[];
  /** The kinds of all objects that are no ConfigMap. */
  otherKinds: ReadonlySet<string>;
}

/** Returns whether a document is a Kubernetes object. No job and no OpenClaw config has `kind` at its top level. */
export function isManifest(value: Json | undefined): value is JsonObject & { kind: string } {
  return isJsonObject(value) && typeof value.kind === "string" && !("schedule" in value);
}

/**
 * Reads the ConfigMaps of a Kubernetes object: the object itself, or the items of a List, at any depth.
 *
 * @param maxBytes the most bytes that the ConfigMaps may hold: with YAML aliases, a short text can expand to any size
 */
export function readManifest(object: JsonObject & { kind: string }, maxBytes: number): Manifest {
  const maps: ManifestMap[] = [];
  const otherKinds = new Set<string>();
  // With aliases, a List can contain itself. A set holds each object once, and iteration includes added ones.
  const objects = new Set([object]);
  let bytesLeft = maxBytes;
  for (const each of objects) {
    const items = each.kind.endsWith("List") && Array.isArray(each.items) ? each.items.filter(isManifest) : [];
    for (const item of items) objects.add(item);
    if (each.kind !== "ConfigMap") {
      if (items.length === 0) otherKinds.add(each.kind);
      continue;
    }
    const entries: ManifestEntry[] = [];
    maps.push({ name: nameOf(each), entries });
    for (const entry of readConfigMap(each)) {
      if (entry.kind === "text") bytesLeft -= entry.bytes.length;
      if (bytesLeft < 0) {
        entries.push({ kind: "invalid", key: entry.key, problem: "has aliases that stand for too much" });
        return { maps, otherKinds };
      }
      entries.push(entry);
    }
  }
  return { maps: maps.filter(({ entries }) => entries.length > 0), otherKinds };
}

/** Returns the name of a Kubernetes object; empty if it has none. */
export function nameOf({ metadata }: JsonObject): string {
  return isJsonObject(metadata) && typeof metadata.name === "string" ? metadata.name : "";
}

/** Reads the keys of one ConfigMap. A key that holds no text is an entry with a problem. */
export function* readConfigMap({ data, binaryData }: JsonObject): Generator<ManifestEntry> {
  yield* readData("data", data);
  yield* readData("binaryData", binaryData);
}

function* readData(field: "data" | "binaryData", data: Json | undefined): Generator<ManifestEntry> {
  if (data === undefined || data === null) return;
  if (!isJsonObject(data)) {
    yield { kind: "invalid", key: field, problem: `expected an object but received ${kindOf(data)}` };
    return;
  }
  for (const [key, value] of Object.entries(data)) {
    if (typeof value !== "string") {
      const problem = `expected text but received ${kindOf(value)}; a ConfigMap holds text, as after |`;
      yield { kind: "invalid", key, problem };
      continue;
    }
    const bytes = field === "data" ? Buffer.from(value) : decode(value);
    yield bytes ? { kind: "text", key, bytes } : { kind: "invalid", key, problem: "is no base64" };
  }
}

function decode(base64: string): Buffer | undefined {
  const bytes = Buffer.from(base64, "base64");
  return bytes.toString("base64") === base64.replaceAll(/\s/g, "") ? bytes : undefined;
}
