import { type Json, type JsonObject, isJsonObject, readOwn } from "../json.ts";

/**
 * A document whose lists are objects, so that it can be merged by key: `defaults`, `agents`, and whatever else a gateway
 * has in it, without `version` and `socket`. The order of a list is that of the keys.
 */
export type Keyed = JsonObject;

/** The lists of an agent, with the fields that tell one entry from another. 2026.9.6 compares the same. */
export const LISTS: Readonly<Record<string, readonly [string, string]>> = {
  allowlist: ["pattern", "argPattern"],
  mcpTools: ["server", "tool"],
};

/** What OpenClaw writes into an entry by itself. */
export const STAMPS: Readonly<Record<string, readonly string[]>> = {
  allowlist: ["id", "commandText", "lastUsedAt", "lastUsedCommand", "lastResolvedPath"],
  mcpTools: ["addedAt", "lastUsedAt"],
};

/** Turns the lists of a gateway's document into objects. What has another shape is left as it is. */
export function toKeyed(file: JsonObject): Keyed {
  const { version: _, socket: __, ...rest } = file;
  return mapLists(rest, (items, list) => (Array.isArray(items) ? toObject(items, list) : items));
}

/**
 * The reverse: a document to send. Without a socket, the gateway keeps its own.
 *
 * @param nowMs when the MCP grants without a date were added, in milliseconds since 1970; undefined adds no dates
 */
export function fromKeyed(keyed: Keyed, nowMs?: number): JsonObject {
  const stamp = (item: Json, list: string) => {
    const isDated = nowMs !== undefined && list === "mcpTools" && isJsonObject(item);
    return isDated ? { addedAt: nowMs, ...item } : item;
  };
  const toArray = (items: Json, list: string) =>
    isJsonObject(items) ? Object.values(items).map((item) => stamp(item, list)) : items;
  return { version: 1, ...mapLists(keyed, toArray) };
}

/** Replaces each list of each agent. Returns a new document. */
export function mapLists(keyed: Keyed, replace: (items: Json, list: string, agent: string) => Json | undefined): Keyed {
  const { agents } = keyed;
  if (!isJsonObject(agents)) return keyed;
  return {
    ...keyed,
    agents: mapValues(agents, (agent, id) => {
      if (!isJsonObject(agent)) return agent;
      return mapValues(agent, (value, field) => (isList(field) ? replace(value, field, id) : value));
    }),
  };
}

/** Whether this field of an agent is one of {@link LISTS}. */
export function isList(field: string): boolean {
  return Object.hasOwn(LISTS, field);
}

/** Returns a new object; an entry for which there is no value is left out. `__proto__` is a key like any other. */
export function mapValues(object: JsonObject, toValue: (value: Json, key: string) => Json | undefined): JsonObject {
  const entries = Object.entries(object).map(([key, value]) => [key, toValue(value, key)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** Returns the entries of an agent's list; empty without one. */
export function listOf(keyed: Keyed, agent: string, list: string): JsonObject {
  const agents = readOwn(keyed, "agents");
  const fields = isJsonObject(agents) ? readOwn(agents, agent) : undefined;
  const items = isJsonObject(fields) ? readOwn(fields, list) : undefined;
  return isJsonObject(items) ? items : {};
}

/** The same entry may stand in a list several times: the key of its second occurrence says so. */
function toObject(items: readonly Json[], list: string): JsonObject {
  const seen = new Map<string, number>();
  return Object.fromEntries(
    items.map((item, index) => {
      const key = isJsonObject(item) ? keyOf(item, list) : JSON.stringify([index]);
      const count = seen.get(key) ?? 0;
      seen.set(key, count + 1);
      return [count === 0 ? key : JSON.stringify([key, count]), item];
    }),
  );
}

/** A list in brackets as text: no number, which would move to the front of an object. */
export function keyOf(item: JsonObject, list: string): string {
  return JSON.stringify(LISTS[list]?.map((field) => readOwn(item, field) ?? null));
}

/** The key of the first occurrence of the same entry. */
export function firstKeyOf(key: string): string {
  const [first, count] = JSON.parse(key) as [Json, Json?];
  return typeof first === "string" && typeof count === "number" ? first : key;
}
