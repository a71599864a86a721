import { isDeepStrictEqual } from "node:util";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";

/** A value, or undefined for a path that a document does not have. */
type Value = Json | undefined;

/**
 * Three-way merge of JSON documents, as `kubectl apply` does it. Pure.
 *
 * What differs between `base` and `desired` is applied to `observed`. On a path that both sides changed, `desired` wins.
 * A path that neither `base` nor `desired` has is never touched. An object that `desired` drops loses the paths that
 * `base` declared, and stays for the others. Objects merge by key. Arrays merge by item if the items can be paired, see
 * {@link pairByKey} and {@link pairByPosition}; else an array is one value.
 *
 * @param base what was last applied; undefined if that is unknown: then nothing is taken out
 * @returns a new document with the key order of `observed`; undefined if nothing is left
 */
export function mergeThreeWay(base: Value, desired: Value, observed: Value): Value {
  if (isDeepStrictEqual(base, desired) || isDeepStrictEqual(desired, observed)) return observed;
  if (desired === undefined) return takeOut(base, observed);
  if (isJsonObject(desired) && (observed === undefined || isJsonObject(observed))) {
    const merged = mergeObjects(isJsonObject(base) ? base : {}, desired, observed ?? {});
    const isLeftOver = observed === undefined && Object.keys(merged).length === 0 && Object.keys(desired).length > 0;
    return isLeftOver ? undefined : merged;
  }
  if (Array.isArray(desired) && Array.isArray(observed)) return mergeArrays(base, desired, observed);
  return desired;
}

function mergeObjects(base: JsonObject, desired: JsonObject, observed: JsonObject): JsonObject {
  const keys = new Set([...Object.keys(observed), ...Object.keys(desired)]);
  return toObject([...keys].map((key) => [key, mergeThreeWay(get(base, key), get(desired, key), get(observed, key))]));
}

/** Takes the paths of `base` out of `observed`. Undefined if nothing is left. */
function takeOut(base: Value, observed: Value): Value {
  if (!isJsonObject(base) || !isJsonObject(observed)) return base === undefined ? observed : undefined;
  const rest = toObject(
    Object.entries(observed).map(([key, value]) => [
      key,
      Object.hasOwn(base, key) ? takeOut(get(base, key), value) : value,
    ]),
  );
  return Object.keys(rest).length > 0 ? rest : undefined;
}

/**
 * Returns what `observed` has at the paths that `declared` has, and nothing else. Paired items of arrays are projected
 * too; any other array is one value.
 */
export function projectOnto(declared: Value, observed: Value): Value {
  if (declared === undefined) return undefined;
  if (isJsonObject(declared) && isJsonObject(observed)) {
    return toObject(Object.keys(declared).map((key) => [key, projectOnto(get(declared, key), get(observed, key))]));
  }
  if (!Array.isArray(declared) || !Array.isArray(observed)) return observed;
  const key = findKey([declared, observed]);
  if (key === undefined) {
    const isPaired =
      declared.length === observed.length && declared.every((item, index) => contains(observed[index], item));
    return isPaired ? declared.map((item, index) => projectOnto(item, observed[index]) as Json) : observed;
  }
  const byKey = indexBy(key, declared);
  return observed.flatMap((item) => {
    const mate = byKey.get(get(item as JsonObject, key));
    return mate === undefined ? [] : [projectOnto(mate, item) as Json];
  });
}

function mergeArrays(base: Value, desired: Json[], observed: Json[]): Json[] {
  const before = Array.isArray(base) ? base : undefined;
  const key = findKey([before ?? [], desired, observed]);
  if (key !== undefined) return pairByKey(key, before, desired, observed);
  return pairByPosition(before, desired, observed) ?? desired;
}

/**
 * Merges arrays of objects by `id` or `name`. An item that `desired` drops goes whole: without the key, the rest of it
 * would mean nothing. The order is that of `desired` if Git changed it, else that of `observed`.
 */
function pairByKey(key: string, base: Json[] | undefined, desired: Json[], observed: Json[]): Json[] {
  const [before, wanted, found] = [indexBy(key, base ?? []), indexBy(key, desired), indexBy(key, observed)];
  // Without a base, additions of somebody else's are no change of the order.
  const former = base ? [...before.keys()] : [...found.keys()].filter((id) => wanted.has(id));
  const isSameOrder = isDeepStrictEqual(former, [...wanted.keys()]);
  const kept = [...found.keys()].filter((id) => wanted.has(id) || !before.has(id));
  const ids = isSameOrder ? new Set([...kept, ...wanted.keys()]) : new Set([...wanted.keys(), ...kept]);
  return [...ids].flatMap((id) => {
    const [old, now, live] = [before.get(id), wanted.get(id), found.get(id)];
    if (now === undefined) return [live as Json];
    if (live === undefined) return isDeepStrictEqual(old, now) ? [] : [now];
    return [mergeThreeWay(old, now, live) as Json];
  });
}

/**
 * Merges arrays of objects item by item if all have the same length and in each pair one side is unchanged, or only
 * adds to what was there. Undefined if they cannot be paired: an item could get the fields of another one.
 */
function pairByPosition(base: Json[] | undefined, desired: Json[], observed: Json[]): Json[] | undefined {
  const before = base ?? desired;
  if (before.length !== desired.length || observed.length !== desired.length) return undefined;
  const isPaired = before.every(
    (item, index) =>
      isJsonObject(item) &&
      isJsonObject(desired[index]) &&
      ((base && isDeepStrictEqual(item, desired[index])) ||
        contains(observed[index], item) ||
        contains(observed[index], desired[index])),
  );
  if (!isPaired) return undefined;
  return desired.map((item, index) => mergeThreeWay(base?.[index], item, observed[index]) as Json);
}

/** Whether `whole` has every path of `part`, with the same value. */
function contains(whole: Value, part: Value): boolean {
  if (!isJsonObject(part) || !isJsonObject(whole)) return isDeepStrictEqual(whole, part);
  return Object.entries(part).every(([key, value]) => contains(get(whole, key), value));
}

/** The field that identifies the items of all these arrays: text, and unique in each. */
function findKey(arrays: readonly Json[][]): string | undefined {
  if (arrays.every((items) => items.length === 0)) return undefined;
  return ["id", "name"].find((key) =>
    arrays.every((items) => {
      const ids = items.map((item) => (isJsonObject(item) ? get(item, key) : undefined));
      return ids.every((id) => typeof id === "string") && new Set(ids).size === ids.length;
    }),
  );
}

function indexBy(key: string, items: Json[]): Map<Value, Json> {
  return new Map(items.map((item) => [get(item as JsonObject, key), item]));
}

/** Own properties only: a document may have a key such as `constructor`. */
function get(object: JsonObject, key: string): Value {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Unlike an assignment, fromEntries() makes `__proto__` a property like any other. */
function toObject(entries: readonly (readonly [string, Value])[]): JsonObject {
  return Object.fromEntries(entries.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}
