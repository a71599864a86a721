// What is new on npm, what of it becomes known, and what is new in it.

import type { SchemaObject, Schema } from "../../lib/schema/json-schema.ts";
import { FIRST_RELEASE, compareNewestFirst } from "./queue.ts";

/** What there is of the releases on npm, in no order. */
interface Known {
  /** Those that are known: their schema is in lib/schema/schemas.json. */
  known: readonly string[];
  /** Those that have a row in results.json. */
  measured: readonly string[];
}

/**
 * Finds the releases to be made known: of those newer than all that are known, the last of each month.
 *
 * @returns the oldest first: a feature ends with the first release that lacks it
 */
export function findUnknown(stable: readonly string[], known: readonly string[]): string[] {
  const newer = stable.filter((release) => known.every((other) => compareNewestFirst(release, other) < 0));
  return newer.toSorted(compareNewestFirst).filter(isLastOfMonth).toReversed();
}

/** Tells of each stable release what there is still to do about it, newest first: a line each. */
export function listNews(stable: readonly string[], { known, measured }: Known): string[] {
  const unknown = findUnknown(stable, known);
  return stable.toSorted(compareNewestFirst).flatMap((release) => {
    if (unknown.includes(release)) return `${release} would become known: its schema, its features and its row`;
    return measured.includes(release) ? [] : `${release} has no row`;
  });
}

/** Adds a release to ALL_RELEASES, of which the first supported one stays, and the last of each month. */
export function addRelease(releases: readonly string[], release: string): string[] {
  const all = [...new Set([...releases, release])].toSorted(compareNewestFirst);
  return all.filter((each, index) => each === FIRST_RELEASE || isLastOfMonth(each, index, all));
}

/** Whether no release of the same month stands before this one, in a list with the newest first. */
function isLastOfMonth(release: string, index: number, all: readonly string[]): boolean {
  const month = release.replace(/\d+$/, "");
  return !all[index - 1]?.startsWith(month);
}

/** Writes a list into the text of test/support/release.ts, as its ALL_RELEASES. */
export function writeReleases(source: string, releases: readonly string[]): string {
  const list = /(\bALL_RELEASES = \[)[^\]]*\]/;
  if (!list.test(source)) throw new Error("test/support/release.ts has no ALL_RELEASES");
  return source.replace(list, `$1\n${releases.map((release) => `  "${release}",\n`).join("")}]`);
}

/** Finds the keys of a config that a release takes and the former one did not; of a new object, only its own. */
export function findNewKeys(former: Schema, schema: Schema): string[] {
  const before = listKeys(former);
  const added = listKeys(schema).difference(before);
  return [...added].filter((key) => !added.has(key.split(".").slice(0, -1).join("."))).toSorted();
}

/** The dotted path of each key, with `*` for a name that a person gives. The places of a list add nothing to it. */
function listKeys(schema: Schema): Set<string> {
  const keys = new Set<string>();
  const add = (inner: Schema | undefined, path: string): void => {
    if (typeof inner !== "object") return;
    const { properties = {}, patternProperties = {}, additionalProperties } = inner;
    const named = Object.entries(properties);
    const free = [...Object.values(patternProperties), additionalProperties].map((each) => ["*", each] as const);
    for (const [name, value] of [...named, ...free]) {
      if (value === undefined || value === false) continue;
      const key = path === "" ? name : `${path}.${name}`;
      keys.add(key);
      add(value, key);
    }
    for (const part of partsOf(inner)) add(part, path);
  };
  add(schema, "");
  return keys;
}

/** What holds for the same place of a config, or for the places of the list in it. */
function partsOf({ anyOf = [], oneOf = [], allOf = [], items = [], ...rest }: SchemaObject): (Schema | undefined)[] {
  return [...anyOf, ...oneOf, ...allOf, ...[items].flat(), rest.then, rest.else];
}
