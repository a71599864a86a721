import { basename } from "node:path";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import type { ManifestEntry } from "./manifest.ts";

/** In the order in which kustomize looks for them. */
const NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** What a kustomization says about ConfigMaps. Paths are as they are written, relative to its folder. */
export interface Kustomization {
  /** Files and folders that it takes in: `resources` and, as they were once called, `bases`. */
  resources: string[];
  /** Folders with kustomizations that change what the resources have made. */
  components: string[];
  /** Whether it is such a one itself. */
  isComponent: boolean;
  generators: Generator[];
  patches: Patch[];
  /** The files of secrets, by key. They are never read. */
  secretFiles: SourcePath[];
  namePrefix: string;
  nameSuffix: string;
}

/** An item of `configMapGenerator`. */
export interface Generator {
  name: string;
  behavior: string;
  files: SourcePath[];
  literals: ManifestEntry[];
  /** What kustomize would refuse, without values. */
  problems: string[];
}

/** A file, and the key under which it is mounted. */
interface SourcePath {
  key: string;
  path: string;
}

/** A patch: a file, or the text itself. `target` is that of `patches`; without one, the patch names its object. */
type Patch = ({ path: string } | { text: string }) & { target?: JsonObject };

/** Returns the name among these that kustomize would read. */
export function findKustomization(names: readonly string[]): string | undefined {
  return NAMES.find((name) => names.includes(name));
}

/** Returns whether a file of this name is a kustomization. */
export function isKustomizationName(path: string): boolean {
  return NAMES.includes(basename(path));
}

/**
 * Reads a kustomization as kustomize 5 does, as far as ConfigMaps depend on it. What it does not know is left out.
 *
 * @returns what is wrong if it is no YAML object
 */
export async function parseKustomization(text: string): Promise<Kustomization | string> {
  // Loaded only when needed: it is the largest part of this program.
  const { parseYamlDocuments } = await import("../text/yaml.ts");
  const [document] = parseYamlDocuments(text);
  if (document?.kind !== "parsed") return document?.problem ?? "is empty";
  const { value } = document;
  if (!isJsonObject(value)) return "expected an object at the top";
  const generators = objectsOf(value.configMapGenerator).map(readGenerator);
  const files = objectsOf(value.secretGenerator).flatMap((each) => textsOf(each.files));
  return {
    resources: [value.resources, value.bases].flatMap(textsOf),
    components: textsOf(value.components),
    isComponent: value.kind === "Component",
    generators,
    patches: [
      ...textsOf(value.patchesStrategicMerge).map((each) => (each.includes("\n") ? { text: each } : { path: each })),
      ...[value.patches, value.patchesJson6902].flatMap(objectsOf).flatMap(readPatch),
    ],
    secretFiles: files.map(readFileSource).filter((source) => source !== undefined),
    namePrefix: textOf(value.namePrefix),
    nameSuffix: textOf(value.nameSuffix),
  };
}

function readGenerator(generator: JsonObject): Generator {
  const problems: string[] = [];
  const files = textsOf(generator.files).flatMap((source) => {
    const read = readFileSource(source);
    if (!read) problems.push(`files: ${source}: expected PATH or KEY=PATH`);
    return read ?? [];
  });
  const literals = textsOf(generator.literals).flatMap((source): ManifestEntry[] => {
    const end = source.indexOf("=");
    if (end > 0) {
      return [{ kind: "text", key: source.slice(0, end), bytes: Buffer.from(withoutQuotes(source.slice(end + 1))) }];
    }
    problems.push("literals: expected KEY=VALUE");
    return [];
  });
  return { name: textOf(generator.name), behavior: textOf(generator.behavior) || "create", files, literals, problems };
}

/** `PATH`, mounted under its own name, or `KEY=PATH`. Neither may contain another `=`. */
function readFileSource(source: string): SourcePath | undefined {
  const [first = "", second, ...more] = source.split("=");
  if (first === "" || second === "" || more.length > 0) return undefined;
  return second === undefined ? { key: basename(first), path: first } : { key: first, path: second };
}

function withoutQuotes(value: string): string {
  const isQuoted = value.length > 1 && ["'", '"'].some((quote) => value.startsWith(quote) && value.endsWith(quote));
  return isQuoted ? value.slice(1, -1) : value;
}

function readPatch({ path, patch, target }: JsonObject): Patch[] {
  const aimed = isJsonObject(target) ? { target } : {};
  if (typeof patch === "string") return [{ text: patch, ...aimed }];
  return typeof path === "string" ? [{ path, ...aimed }] : [];
}

function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
