import { dirname, isAbsolute, relative, resolve } from "node:path";
import { type Json, isJsonObject } from "../json.ts";
import type { Environment } from "../setting-sources.ts";
import type { ParsedDocument } from "./document.ts";

/** The key that OpenClaw replaces by the content of other files, in all releases by the same rules. */
export const DIRECTIVE = "$include";

/** OpenClaw's limit: a chain of ten nested files works, the eleventh fails. */
const MAX_DEPTH = 10;

/** OpenClaw appends included lists to each other. Files that include each other twice could grow without limit. */
const MAX_ITEMS = 100_000;

/** Where the names of included files lead. */
export interface IncludePlaces {
  /** The directory of the live config. */
  directory: string;
  /** `OPENCLAW_INCLUDE_ROOTS`: the directories outside that OpenClaw may include files from. */
  roots: readonly string[];
}

/** An included file. */
export type Reference =
  /** Part of the generation. `name` is relative to the directory of the config: `agents.json5`, `sub/models.json5`. */
  | { kind: "inside"; name: string }
  /** Left to the gateway. */
  | { kind: "outside"; path: string }
  | { kind: "refused"; problem: string };

/** One that can be read. */
export type NamedReference = Exclude<Reference, { kind: "refused" }>;

/** What an included file holds; undefined if there is no such file. */
type Lookup = (reference: NamedReference) => ParsedDocument | undefined;

export interface ResolvedIncludes {
  value: Json;
  /** What cannot be resolved, with the names of the files: they are the path to the problem, and never masked. */
  problems: string[];
}

/** Reads `OPENCLAW_INCLUDE_ROOTS`: directories, separated by colons. */
export function readIncludeRoots({ OPENCLAW_INCLUDE_ROOTS: roots = "", HOME: home = "" }: Environment): string[] {
  const names = roots.split(":").filter((root) => root !== "");
  return names.map((root) => resolve(root.replace(/^~(?=\/|$)/, home)));
}

/** Whether a file may have an `$include`, without parsing it. An escape such as `\u0024` may spell the key. */
export function mayInclude(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [DIRECTIVE, "\\u", "\\x"].some((text) => buffer.includes(text));
}

/** Lists what one document includes, in order. `from` is the name of its file. */
export function listReferences(value: Json, from: string, places: IncludePlaces): Reference[] {
  if (Array.isArray(value)) return value.flatMap((item) => listReferences(item, from, places));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === DIRECTIVE
      ? toNames(inner).map((name) => toReference(name, from, places))
      : listReferences(inner, from, places),
  );
}

function toNames(value: Json): string[] {
  return [value].flat().filter((name): name is string => typeof name === "string");
}

/** OpenClaw resolves a name against the including file. Before 2026.4.15 it does not confine it; we always do. */
function toReference(name: string, from: string, { directory, roots }: IncludePlaces): Reference {
  if (!isFileName(name)) return { kind: "refused", problem: `${name.slice(0, 100)}: is no file name` };
  const path = resolve(directory, dirname(from), name);
  const inside = relative(directory, path);
  if (roots.some((root) => isWithin(relative(root, path)))) return { kind: "outside", path };
  if (isWithin(inside)) {
    if (!inside.includes(".config-manager-")) return { kind: "inside", name: inside };
    return { kind: "refused", problem: `${name}: is a record of config-manager` };
  }
  const problem = `${name}: leads out of ${directory}; only files of the ConfigMap can be included`;
  return { kind: "refused", problem };
}

/** Whether the system takes it as a path. */
function isFileName(name: string): boolean {
  const isShort = (part: string) => Buffer.byteLength(part) <= 255;
  return name !== "" && !name.includes("\0") && Buffer.byteLength(name) < 4_000 && name.split("/").every(isShort);
}

/** A key of a ConfigMap never begins with two dots: the kubelet's own files do. */
function isWithin(path: string): boolean {
  return path !== "" && !path.startsWith("..") && !isAbsolute(path);
}

/**
 * Replaces each `$include` by the content of its files, as OpenClaw does: later files win over earlier ones, and the
 * keys beside `$include` win over all. Objects merge by key, lists are appended, any other value replaces. What cannot
 * be resolved counts as an empty object, so that all problems are found at once.
 */
export function resolveIncludes(root: Json, rootName: string, places: IncludePlaces, look: Lookup): ResolvedIncludes {
  const problems = new Set<string>();
  const done = new Map<string, { value: Json; depth: number }>();
  let deepest = 0;
  const refuse = (problem: string): Json => {
    problems.add(`$include: ${problem}`);
    return {};
  };

  function walk(value: Json, chain: readonly string[]): Json {
    if (Array.isArray(value)) return value.map((item) => walk(item, chain));
    if (!isJsonObject(value)) return value;
    const beside = Object.entries(value)
      .filter(([key]) => key !== DIRECTIVE)
      .map(([key, inner]) => [key, walk(inner, chain)] as const);
    if (!Object.hasOwn(value, DIRECTIVE)) return Object.fromEntries(beside);
    const included = expand(value[DIRECTIVE], chain);
    if (beside.length === 0) return included;
    if (isJsonObject(included)) return merge(included, Object.fromEntries(beside));
    return refuse("keys stand beside it, so the included file has to hold an object");
  }

  function expand(names: Json | undefined, chain: readonly string[]): Json {
    if (typeof names === "string") return include(names, chain);
    if (!Array.isArray(names)) return refuse("expected a file name, or a list of file names");
    return names.reduce<Json>(
      (merged, name) =>
        merge(merged, typeof name === "string" ? include(name, chain) : refuse("expected a list of file names")),
      {},
    );
  }

  function include(name: string, chain: readonly string[]): Json {
    const reference = toReference(name, chain.at(-1) ?? rootName, places);
    if (reference.kind === "refused") return refuse(reference.problem);
    const id = idOf(reference);
    if (chain.includes(id)) return refuse(`circular: ${[...chain, id].join(" -> ")}`);
    const known = done.get(id);
    deepest = Math.max(deepest, chain.length + (known?.depth ?? 0));
    if (chain.length + (known?.depth ?? 0) > MAX_DEPTH) return refuse(`${id}: nested deeper than ${MAX_DEPTH} files`);
    if (known) return known.value;
    const document = look(reference);
    // What lies outside may be readable by the gateway alone.
    if (!document) return reference.kind === "outside" ? {} : refuse(`${id}: the ConfigMap has no such key`);
    if (document.kind === "broken") return refuse(`${id}: ${document.problem}`);
    const above = deepest;
    deepest = chain.length;
    const resolved = walk(document.value, [...chain, id]);
    done.set(id, { value: resolved, depth: deepest - chain.length });
    deepest = Math.max(above, deepest);
    return resolved;
  }

  function merge(target: Json, source: Json): Json {
    if (Array.isArray(target) && Array.isArray(source)) {
      return target.length + source.length > MAX_ITEMS ? refuse("the list is too long") : [...target, ...source];
    }
    if (!isJsonObject(target) || !isJsonObject(source)) return source;
    const merged = new Map<string, Json>(Object.entries(target));
    for (const [key, value] of Object.entries(source)) {
      const before = merged.get(key);
      merged.set(key, before === undefined ? value : merge(before, value));
    }
    return Object.fromEntries(merged);
  }

  return { value: walk(root, [rootName]), problems: [...problems] };
}

/**
 * Follows the includes of a root file, each file once.
 *
 * @param listOf lists what a file of this name includes
 * @param read reads an included file; undefined if there is none to go on with
 * @param maxFiles how many are read; further ones are not
 */
export async function followIncludes<T>(
  root: { name: string; file: T },
  listOf: (file: T, name: string) => readonly Reference[],
  read: (reference: NamedReference) => Promise<T | undefined>,
  maxFiles: number,
): Promise<void> {
  const seen = new Set<string>([root.name]);
  const waiting = [root];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const reference of listOf(next.file, next.name)) {
      if (reference.kind === "refused" || seen.size > maxFiles) continue;
      const name = idOf(reference);
      if (seen.has(name)) continue;
      seen.add(name);
      const file = await read(reference);
      if (file !== undefined) waiting.push({ name, file });
    }
  }
}

/** The name of a file of the generation, or the path of another one. */
export function idOf(reference: NamedReference): string {
  return reference.kind === "inside" ? reference.name : reference.path;
}
