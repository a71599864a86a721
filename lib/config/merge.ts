import { isDeepStrictEqual } from "node:util";
import { type Json, formatJson } from "../json.ts";
import { mergeThreeWay, projectOnto } from "../reconcile/merge.ts";
import { ConfigFile } from "./config-file.ts";
import { type Generation, ROOT_NAME } from "./generation.ts";

/** The parsed files of a generation by name, the root under {@link ROOT_NAME}. */
type Documents = ReadonlyMap<string, Json>;

/**
 * Applies to the observed files what differs between `base` and `desired`, see {@link mergeThreeWay}. A file that says
 * the same as one of them gets its bytes: those of `desired` first, comments and all.
 *
 * @param base what was last applied; undefined if that is unknown
 */
export function mergeGenerations(base: Generation | undefined, desired: Generation, observed: Generation): Generation {
  const [before, wanted, found] = align(base, desired, observed);
  const merged = combine([wanted, found], (name) =>
    mergeThreeWay(before?.get(name), wanted?.get(name), found?.get(name)),
  );
  return toGeneration(merged, desired, observed);
}

/** Puts back what `accepted` has at the paths that `declared` has. Everything else of `observed` stays. */
export function healGeneration(accepted: Generation, declared: Generation, observed: Generation): Generation {
  const [kept, wanted, found] = align(accepted, declared, observed);
  const healed = combine([wanted, found], (name) => {
    const value = projectOnto(wanted?.get(name), kept?.get(name));
    return value === undefined ? found?.get(name) : mergeThreeWay(undefined, value, found?.get(name));
  });
  return toGeneration(healed, observed, declared);
}

/**
 * Pairs the files of generations by name. 2026.2.9 writes the whole config into the root file at its start. If one of
 * the generations lacks an `$include` that the first one has, or has one of its own, each of them is one document with all includes resolved.
 */
function align(first: Generation | undefined, desired: Generation, observed: Generation): (Documents | undefined)[] {
  const generations = [first, desired, observed];
  const isNeeded = [...(first ?? desired).includes.keys()].every((name) => observed.includes.has(name));
  const isKnown = [...observed.includes.keys()].every(
    (name) => first?.includes.has(name) || desired.includes.has(name),
  );
  const isSplit = isNeeded && isKnown;
  return generations.map((generation) => generation && (isSplit ? toDocuments(generation) : toOneDocument(generation)));
}

function toDocuments({ root, includes }: Generation): Documents {
  const files = [[ROOT_NAME, root] as const, ...includes];
  return new Map(files.flatMap(([name, { parsed }]) => (parsed.kind === "parsed" ? [[name, parsed.value]] : [])));
}

function toOneDocument({ resolved }: Generation): Documents {
  return new Map(resolved.kind === "parsed" ? [[ROOT_NAME, resolved.value]] : []);
}

function combine(sides: readonly (Documents | undefined)[], toValue: (name: string) => Json | undefined): Documents {
  const names = new Set(sides.flatMap((side) => [...(side?.keys() ?? [])]));
  return new Map(
    [...names].flatMap((name) => {
      const value = toValue(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Turns documents into files, with the bytes of the first source that says the same. */
function toGeneration(documents: Documents, ...sources: readonly Generation[]): Generation {
  const root = documents.get(ROOT_NAME) ?? {};
  const same = sources.find((source) => isSame(documents, source));
  if (same) return same;
  const files = [...documents].map(([name, value]) => [name, toFile(name, value, sources)] as const);
  const template = sources[0] as Generation;
  return template
    .with(toFile(ROOT_NAME, root, sources), new Map(files.filter(([name]) => name !== ROOT_NAME)))
    .pruned();
}

/** A config in one document says the same as files that resolve to it. */
function isSame(documents: Documents, source: Generation): boolean {
  const own = documents.size === 1 && source.includes.size > 0 ? toOneDocument(source) : toDocuments(source);
  return isDeepStrictEqual(new Map(own), new Map(documents));
}

function toFile(name: string, value: Json, sources: readonly Generation[]): ConfigFile {
  const files = sources.map((source) => (name === ROOT_NAME ? source.root : source.includes.get(name)));
  const same = files.find((file) => file?.parsed.kind === "parsed" && isDeepStrictEqual(file.parsed.value, value));
  return same ?? new ConfigFile(new TextEncoder().encode(formatJson(value)));
}
