import { isDeepStrictEqual } from "node:util";
import { type JsonObject, isJsonObject } from "../json.ts";

/** The sorted dotted paths at which two configs differ, without values. A list counts as one value. */
export function findChangedPaths(before: JsonObject, after: JsonObject, prefix = ""): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return keys.flatMap((key) => {
    const [old, now] = [before[key], after[key]];
    const path = `${prefix}${formatKey(key)}`;
    if (isDeepStrictEqual(old, now)) return [];
    const [from, to] = [old ?? {}, now ?? {}];
    const inner = isJsonObject(from) && isJsonObject(to) ? findChangedPaths(from, to, `${path}.`) : [];
    return inner.length > 0 ? inner : [path];
  });
}

/** A key for a dotted path: quoted if it has other characters than letters, digits, `_`, `$` and `-`. */
export function formatKey(key: string): string {
  return /^[\w$-]+$/.test(key) ? key : JSON.stringify(key);
}
