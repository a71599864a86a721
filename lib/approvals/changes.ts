import { isDeepStrictEqual } from "node:util";
import { type Json, type JsonObject, isJsonObject, readOwn } from "../json.ts";
import { formatKey } from "../text/changed-paths.ts";
import { type Keyed, LISTS, isList, listOf } from "./document.ts";

/** One difference between two documents. */
export interface ApprovalsChange {
  /** Dotted path of a field, or of the list that the entry is in: `agents.main.allowlist`. */
  path: string;
  kind: "added" | "removed" | "changed";
  /** What the entry of a list allows: its pattern, or `SERVER/TOOL`. */
  entry?: string;
}

/** The differences of policies and of list entries. Pure. */
export function findApprovalsChanges(before: Keyed, after: Keyed): ApprovalsChange[] {
  const agents = keysOf(objectAt(before, "agents"), objectAt(after, "agents"));
  return [
    ...compareFields("defaults", objectAt(before, "defaults"), objectAt(after, "defaults")),
    ...agents.flatMap((id) => {
      const path = `agents.${formatKey(id)}`;
      const [old, now] = [before, after].map((keyed) => objectAt(objectAt(keyed, "agents"), id));
      const lists = Object.keys(LISTS).flatMap((list) =>
        compareEntries(`${path}.${list}`, list, listOf(before, id, list), listOf(after, id, list)),
      );
      return compareFields(path, old ?? {}, now ?? {}).concat(lists);
    }),
  ];
}

/** `agents.main.allowlist (+2 -1), defaults.security`: paths and counts, no values. */
export function formatChanges(changes: readonly ApprovalsChange[]): string[] {
  return [...Map.groupBy(changes, ({ path }) => path)].map(([path, ofPath]) => {
    if (ofPath.every(({ entry }) => entry === undefined)) return path;
    const counts = (["added", "removed", "changed"] as const).map((kind) => ({
      mark: MARKS[kind],
      count: ofPath.filter((change) => change.kind === kind).length,
    }));
    return `${path} (${counts.flatMap(({ mark, count }) => (count > 0 ? [`${mark}${count}`] : [])).join(" ")})`;
  });
}

/** In Terraform's style. */
export const MARKS = { added: "+", removed: "-", changed: "~" } as const;

function compareFields(path: string, before: JsonObject, after: JsonObject): ApprovalsChange[] {
  return compare(before, after, (field) => (isList(field) ? undefined : { path: `${path}.${formatKey(field)}` }));
}

function compareEntries(path: string, list: string, before: JsonObject, after: JsonObject): ApprovalsChange[] {
  return compare(before, after, (_, item) => ({ path, entry: nameEntry(item, list) }));
}

function compare(
  before: JsonObject,
  after: JsonObject,
  toPlace: (key: string, value: Json) => Omit<ApprovalsChange, "kind"> | undefined,
): ApprovalsChange[] {
  return keysOf(before, after).flatMap((key): ApprovalsChange[] => {
    const [old, now] = [readOwn(before, key), readOwn(after, key)];
    const place = toPlace(key, now ?? old ?? null);
    if (!place || isDeepStrictEqual(old, now)) return [];
    return [{ ...place, kind: old === undefined ? "added" : now === undefined ? "removed" : "changed" }];
  });
}

function nameEntry(item: Json, list: string): string {
  if (!isJsonObject(item)) return "?";
  const [pattern, server, tool] = ["pattern", "server", "tool"].map((field) => {
    const value = readOwn(item, field);
    return typeof value === "string" ? value : "?";
  });
  return list === "allowlist" ? (pattern ?? "?") : `${server}/${tool}`;
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const value = readOwn(object, key);
  return isJsonObject(value) ? value : {};
}

function keysOf(...objects: readonly JsonObject[]): string[] {
  return [...new Set(objects.flatMap((object) => Object.keys(object)))];
}
