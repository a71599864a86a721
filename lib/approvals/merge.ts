import { isDeepStrictEqual } from "node:util";
import { type Json, type JsonObject, isJsonObject, readOwn } from "../json.ts";
import { mergeThreeWay } from "../reconcile/merge.ts";
import { type Keyed, LISTS, firstKeyOf, isList, listOf, mapLists, mapValues } from "./document.ts";

/**
 * Three-way merge of exec approvals, by {@link mergeThreeWay}. Pure. An entry that Git drops goes whole, with all that
 * the gateway has stamped on it, and each time that it stands there; one that a person has made an "allow always" of
 * stays. An entry of anybody else is never touched.
 *
 * @param base what was last applied; undefined if that is unknown: then nothing is taken out
 */
export function mergeApprovals(base: Keyed | undefined, desired: Keyed, observed: Keyed): Keyed {
  const [before, wanted] = [base && repeatAsIn(observed, base), repeatAsIn(observed, desired)];
  const merged = mergeThreeWay(before, wanted, observed);
  return isJsonObject(merged) ? withoutRests(merged, wanted, observed) : {};
}

/** An entry that stands twice in the live list is meant twice. */
function repeatAsIn(observed: Keyed, declared: Keyed): Keyed {
  return mapLists(declared, (items, list, agent) => {
    if (!isJsonObject(items)) return items;
    const further = Object.keys(listOf(observed, agent, list)).flatMap((key): [string, Json][] => {
      const item = readOwn(items, firstKeyOf(key));
      return item === undefined ? [] : [[key, item]];
    });
    return { ...items, ...Object.fromEntries(further) };
  });
}

/** Mends the entries of which the merge has left a part: what the gateway has stamped on them. */
function withoutRests(merged: Keyed, wanted: Keyed, observed: Keyed): Keyed {
  const { agents } = merged;
  if (!isJsonObject(agents)) return merged;
  const mended = mapValues(agents, (agent, id) => {
    if (!isJsonObject(agent)) return agent;
    const fields = mapValues(agent, (items, list) => {
      if (!isList(list) || !isJsonObject(items)) return items;
      const whole = mendEntries(items, list, listOf(wanted, id, list), listOf(observed, id, list));
      const isEmptied = Object.keys(whole).length === 0 && Object.keys(items).length > 0;
      return isEmptied ? undefined : whole;
    });
    const isEmptied = Object.keys(fields).length === 0 && Object.keys(agent).length > 0;
    return isEmptied ? undefined : fields;
  });
  return { ...merged, agents: mended };
}

function mendEntries(items: JsonObject, list: string, wanted: JsonObject, observed: JsonObject): JsonObject {
  const [identity = ""] = LISTS[list] ?? [];
  return mapValues(items, (item, key) => {
    const live = readOwn(observed, key);
    if (!isJsonObject(item) || Object.hasOwn(item, identity) || isDeepStrictEqual(item, live)) return item;
    return readOwn(wanted, key) ?? (item.source === "allow-always" ? live : undefined);
  });
}
