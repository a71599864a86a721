import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import type { KeyPath } from "../text/duplicate-keys.ts";
import { compareReleases, readRelease } from "../text/release.ts";

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
 * Finds the values at a dotted path; `*` stands for each key of an object and each item of a list.
 *
 * @param pattern `agents.*.heartbeat.every`
 */
function findPlaces(config: JsonObject, pattern: string): Place[] {
  let places: Place[] = [{ path: [], value: config }];
  for (const key of pattern.split(".")) {
    if (places.length === 0) break;
    places = places.flatMap(({ path, value }) => {
      if (key === "*") return entriesOf(value).map(([name, inner]) => ({ path: [...path, name], value: inner }));
      if (!isJsonObject(value) || !Object.hasOwn(value, key)) return [];
      return [{ path: [...path, key], value: value[key] as Json }];
    });
  }
  return places;
}

/** The values at several dotted paths. */
export function findAll(config: JsonObject, patterns: readonly string[]): Place[] {
  return patterns.flatMap((pattern) => findPlaces(config, pattern));
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
  return compareReleases(numbersOf(release), numbersOf(first)) >= 0;
}

/** The numbers of the releases that were asked for: each row of a table asks for the same few. */
const numbers = new Map<string, readonly number[]>();

function numbersOf(release: string): readonly number[] {
  const known = numbers.get(release) ?? readRelease(release) ?? [];
  numbers.set(release, known);
  return known;
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
