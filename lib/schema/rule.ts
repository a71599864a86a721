import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import type { KeyPath } from "../text/duplicate-keys.ts";
import { readRelease } from "../text/release.ts";

/** What is wrong at a place of a config, in words without any value of it. */
export interface Problem {
  path: KeyPath;
  message: string;
}

/** A check of OpenClaw's that its JSON Schema does not say. */
export interface Rule {
  /** The name of the check, the same over all releases. */
  id: string;
  /** The first release that has it; undefined: all. */
  since?: string;
  /** The first release that has it no more; undefined: it stays. */
  before?: string;
  find(this: void, config: JsonObject, release: string): Problem[];
}

/** A value of a config, and where it is. */
export interface Place {
  path: (string | number)[];
  value: Json;
}

/** An agent of `agents.entries` or `agents.list`. */
export interface Agent {
  path: (string | number)[];
  /** As the config says it; undefined if it does not. */
  id: string | undefined;
  agent: JsonObject;
}

/**
 * Finds the values at a dotted path; `*` stands for each key of an object and each item of a list. Written without
 * intermediate lists: some 400 paths are looked for in each config, and most of them are not there.
 *
 * @param pattern `agents.*.heartbeat.every`
 */
function findPlaces(config: JsonObject, pattern: string, found: Place[]): void {
  const keys = pattern.split(".");
  const path: (string | number)[] = [];
  const visit = (value: Json): void => {
    const key = keys[path.length];
    if (key === undefined) {
      found.push({ path: [...path], value });
    } else if (key === "*") {
      for (const [name, inner] of entriesOf(value)) enter(name, inner);
    } else if (isJsonObject(value) && Object.hasOwn(value, key)) {
      enter(key, value[key] as Json);
    }
  };
  const enter = (key: string | number, value: Json): void => {
    path.push(key);
    visit(value);
    path.pop();
  };
  visit(config);
}

/** An agent's settings, shared or of one agent. */
const AGENT = "agent:";
const AGENT_SCOPES = ["agents.defaults.", "agents.list.*.", "agents.entries.*."];

/** The values at several dotted paths; `agent:KEY` stands for that of an agent's settings, shared or of one agent. */
export function findAll(config: JsonObject, patterns: readonly string[]): Place[] {
  const found: Place[] = [];
  for (const pattern of patterns) {
    const scopes = pattern.startsWith(AGENT) ? AGENT_SCOPES : [""];
    const key = pattern.startsWith(AGENT) ? pattern.slice(AGENT.length) : pattern;
    for (const scope of scopes) findPlaces(config, `${scope}${key}`, found);
  }
  return found;
}

/** The texts at these dotted paths that no `${VAR}` can change. */
export function findTexts(config: JsonObject, patterns: readonly string[]): (Place & { value: string })[] {
  return findAll(config, patterns).filter(
    (place): place is Place & { value: string } => typeof place.value === "string" && !isTemplate(place.value),
  );
}

function entriesOf(value: Json): [string | number, Json][] {
  if (Array.isArray(value)) return [...value.entries()];
  return isJsonObject(value) ? Object.entries(value) : [];
}

/** Whether a text has a `${VAR}` in it, which may become anything. */
export function isTemplate(text: string): boolean {
  return text.includes("${");
}

/** Whether a release is this one or a later one. Both as `2026.9.6`. */
export function isSince(release: string, first: string): boolean {
  return orderOf(release) >= orderOf(first);
}

/** The releases that read old keys as the new ones: the first, and the first that does not any more. */
export const READS_OLD_KEYS = ["2026.4.15", "2026.5.20"] as const;

/** Whether a release is `since` or later, and before `before`. Undefined: there is no such limit. */
export function isWithin(release: string, since: string | undefined, before: string | undefined): boolean {
  return (since === undefined || isSince(release, since)) && (before === undefined || !isSince(release, before));
}

/** Numbers in the order of the releases that were asked for: each row of a table asks for the same few. */
const orders = new Map<string, number>();

function orderOf(release: string): number {
  const known = orders.get(release);
  if (known !== undefined) return known;
  const [year = 0, month = 0, patch = 0] = readRelease(release) ?? [];
  const order = (year * 1e6 + month) * 1e6 + patch;
  orders.set(release, order);
  return order;
}

/** The agents that a release reads: from 2026.8.2 those of `agents.entries`, where there are such; else the list's. */
export function listAgents(config: JsonObject, release: string): Agent[] {
  const agents = config.agents;
  if (!isJsonObject(agents)) return [];
  if (isSince(release, "2026.8.2") && isJsonObject(agents.entries)) {
    return Object.entries(agents.entries).flatMap(([id, agent]) =>
      isJsonObject(agent) ? [{ path: ["agents", "entries", id], id, agent }] : [],
    );
  }
  if (!Array.isArray(agents.list)) return [];
  return agents.list.flatMap((agent, index) => {
    if (!isJsonObject(agent)) return [];
    return [{ path: ["agents", "list", index], id: typeof agent.id === "string" ? agent.id : undefined, agent }];
  });
}

/** An agent's id as OpenClaw compares it: lower case, other characters as `-`, at most 64. Empty: `main`. */
export function normalizeAgentId(id: string): string {
  const trimmed = id.trim().toLowerCase();
  if (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(trimmed)) return trimmed;
  const made = trimmed.replaceAll(/[^a-z0-9_-]+/g, "-").replace(/^-+/, "");
  // No pattern for the end: it would look at each run of dashes again and again.
  let end = made.length;
  while (made[end - 1] === "-") end--;
  return made.slice(0, Math.min(end, 64)) || "main";
}
