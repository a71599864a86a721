import { formatKey } from "./changed-paths.ts";
import { walkKeys } from "./key-walker.ts";
import { MAX_DEPTH } from "./limits.ts";

/** The path to a value: keys of objects and indexes of lists. */
export type KeyPath = readonly (string | number)[];

/** More than anybody reads. */
const MAX_DUPLICATES = 1_000;

/**
 * The paths of duplicate keys, each once, at most 1,000. JSON5 silently takes the last value, and a bad Git merge leaves
 * duplicates behind. The text must parse as JSON5; keys more than 200 levels deep are not reported.
 */
export function findDuplicates(text: string): KeyPath[] {
  const duplicates = new Map<string, KeyPath>();
  /** The current key or index of each object and list that is open, and the keys so far of an object. */
  const open: { keys: Set<string> | undefined; at: string | number }[] = [];
  walkKeys(text, (depth, key) => {
    const isObject = typeof key === "string";
    // What was open deeper has ended: the next entry there is one of another object.
    open.length = Math.min(open.length, depth);
    const entry = (open[depth - 1] ??= { keys: isObject ? new Set() : undefined, at: key });
    entry.at = key;
    if (!isObject) return;
    if (entry.keys?.has(key) && depth <= MAX_DEPTH && duplicates.size < MAX_DUPLICATES) {
      const path = open.map(({ at }) => at);
      duplicates.set(JSON.stringify(path), path);
    }
    entry.keys?.add(key);
  });
  return [...duplicates.values()];
}

/** The same as sorted dotted paths, with `[]` for every index. */
export function findDuplicateKeys(text: string): string[] {
  const paths = findDuplicates(text).map((path) =>
    path.map((part) => (typeof part === "number" ? "[]" : formatKey(part))).join("."),
  );
  return [...new Set(paths)].toSorted();
}
