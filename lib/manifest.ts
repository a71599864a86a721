import { kindOf } from "./field-problem.ts";
import { type Json, type JsonObject, isJsonObject } from "./json.ts";

/** One key of a ConfigMap. */
export type ManifestEntry =
  | { kind: "text"; key: string; bytes: Buffer }
  | { kind: "invalid"; key: string; problem: string };

/** What a manifest brings. */
export interface Manifest {
  entries: ManifestEntry[];
  /** The kinds of the objects that are no ConfigMaps. */
  otherKinds: string[];
}

/** Deeper than anybody puts a List into a List. */
const MAX_DEPTH = 20;

/** Whether a document is a Kubernetes object. A job has no `kind` at its top, nor has a config of OpenClaw. */
export function isManifest(value: Json | undefined): value is JsonObject & { kind: string } {
  return isJsonObject(value) && typeof value.kind === "string" && !("schedule" in value);
}

/** Takes the ConfigMaps out of a Kubernetes object: itself, or those in a List. */
export function readManifest(object: JsonObject & { kind: string }, depth = 0): Manifest {
  const { kind, items } = object;
  if (kind === "ConfigMap") return { entries: readConfigMap(object), otherKinds: [] };
  if (!kind.endsWith("List") || !Array.isArray(items) || depth === MAX_DEPTH)
    return { entries: [], otherKinds: [kind] };
  const inner = items.filter(isManifest).map((item) => readManifest(item, depth + 1));
  return {
    entries: inner.flatMap(({ entries }) => entries),
    otherKinds: inner.flatMap(({ otherKinds }) => otherKinds),
  };
}

function readConfigMap({ data, binaryData }: JsonObject): ManifestEntry[] {
  return [...readData("data", data, "utf8"), ...readData("binaryData", binaryData, "base64")];
}

function readData(field: string, data: Json | undefined, encoding: "utf8" | "base64"): ManifestEntry[] {
  if (data === undefined || data === null) return [];
  if (!isJsonObject(data)) {
    return [{ kind: "invalid", key: field, problem: `expected an object but received ${kindOf(data)}` }];
  }
  return Object.entries(data).map(([key, value]) => {
    if (typeof value === "string") return { kind: "text", key, bytes: Buffer.from(value, encoding) };
    return {
      kind: "invalid",
      key,
      problem: `expected text but received ${kindOf(value)}; a ConfigMap holds text, as after |`,
    };
  });
}
