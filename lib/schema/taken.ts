import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import type { Finding } from "./finding.ts";
import { READS_OLD_KEYS, isSince, isWithin } from "./rule.ts";
import { SEARCH_SERVICE_KEYS } from "./tool-rules.ts";

/** Keys that a release takes although its schema does not have them: [place, since, before]. */
const TAKEN: [string, string, string?][] = [
  ["$schema", "2026.2.26"],
  ["canvasHost", "2026.5.20", "2026.8.2"],
  ["hooks.internal.handlers", "2026.4.15", "2026.8.2"],
  // Objects whose unknown keys are left out; the schemas say so from 2026.6.11.
  ["hooks.mappings.*.match.*", "2026.2.9", "2026.6.11"],
  ["gateway.tls.*", "2026.2.9", "2026.6.11"],
];

/** What 2026.4.15 migrates when it reads a config, whatever its schema says of it. */
const MIGRATED = [
  "channels.*.streaming",
  "messages.tts.*",
  ...SEARCH_SERVICE_KEYS.map((key) => `tools.web.search.${key}`),
];

/** Whether a finding about an unknown key is none, since this release takes the key all the same. */
export function isTaken({ path, rule }: Finding, release: string): boolean {
  const isRead = isWithin(release, ...READS_OLD_KEYS);
  if (isRead && (rule === "unknown-key" || rule === "type") && MIGRATED.some((place) => isAt(path, place))) return true;
  if (rule !== "unknown-key") return false;
  return TAKEN.some(([place, since, before]) => isAt(path, place) && isWithin(release, since, before));
}

/** Whether a path is that of a place; `*` stands for any key. */
function isAt(path: Finding["path"], place: string): boolean {
  const keys = place.split(".");
  return keys.length === path.length && keys.every((key, index) => key === "*" || key === path[index]);
}

/** A config as a release reads it, and where a path of it is in the config as it is written. */
export interface ReadConfig {
  config: JsonObject;
  toWritten(this: void, path: Finding["path"]): Finding["path"];
}

/**
 * The config as a release reads it: from 2026.8.2 a list of agents stands for `agents.entries`, by their ids. Where it
 * cannot, it is left as it is: then the release knows no such key.
 */
export function readAsRelease(config: JsonObject, release: string): ReadConfig {
  const asItIs: ReadConfig = { config, toWritten: (path) => path };
  const agents = config.agents;
  if (!isSince(release, "2026.8.2") || !isJsonObject(agents) || agents.entries !== undefined) return asItIs;
  const { list, ...rest } = agents;
  const ids = Array.isArray(list) ? list.map(readId) : [];
  if (!Array.isArray(list) || ids.includes(undefined) || new Set(ids).size < ids.length) return asItIs;
  const entries = list.map((agent, index): [string, Json] => {
    const { id: _, ...settings } = agent as JsonObject;
    return [ids[index] ?? "", settings];
  });
  return {
    config: { ...config, agents: { ...rest, entries: Object.fromEntries(entries) } },
    toWritten(path) {
      const [first, second, id, ...deeper] = path;
      if (first !== "agents" || second !== "entries" || typeof id !== "string") return path;
      return ["agents", "list", ids.indexOf(id), ...deeper];
    },
  };
}

function readId(agent: Json): string | undefined {
  return isJsonObject(agent) && typeof agent.id === "string" ? agent.id : undefined;
}
