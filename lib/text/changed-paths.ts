import { isDeepStrictEqual } from "node:util";
import { type JsonObject, isJsonObject } from "../json.ts";

/**
 * The dotted paths at which two configs differ, sorted, never their values. A list counts as one value.
 */
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

/** A key as it stands in a dotted path: quoted, where a dot or a blank in it would mislead. */
export function formatKey(key: string): string {
  return /^[\w$-]+$/.test(key) ? key : JSON.stringify(key);
}
