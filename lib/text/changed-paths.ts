import { isDeepStrictEqual } from "node:util";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";

/** One path at which two documents differ. */
export interface PathDifference {
  /** Dotted path. */
  path: string;
  kind: "added" | "removed" | "changed";
}

/** The paths at which two documents differ, sorted, without values. A list counts as one value. */
export function findDifferences(before: JsonObject, after: JsonObject, prefix = ""): PathDifference[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return keys.flatMap((key): PathDifference[] => {
    const [old, now] = [own(before, key), own(after, key)];
    const path = `${prefix}${formatKey(key)}`;
    if (isDeepStrictEqual(old, now)) return [];
    const [from, to] = [old ?? {}, now ?? {}];
    const inner = isJsonObject(from) && isJsonObject(to) ? findDifferences(from, to, `${path}.`) : [];
    if (inner.length > 0) return inner;
    return [{ path, kind: old === undefined ? "added" : now === undefined ? "removed" : "changed" }];
  });
}

/** The sorted dotted paths at which two documents differ. */
export function findChangedPaths(before: JsonObject, after: JsonObject): string[] {
  return findDifferences(before, after).map(({ path }) => path);
}

/** A key for a dotted path: quoted if it has other characters than letters, digits, `_`, `$` and `-`. */
export function formatKey(key: string): string {
  return /^[\w$-]+$/.test(key) ? key : JSON.stringify(key);
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
