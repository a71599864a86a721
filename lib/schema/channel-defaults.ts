import { type JsonObject, isJsonObject } from "../json.ts";
import { type Problem, type Rule, findAll, findTexts, isWithin } from "./rule.ts";

/** The keys of `channels.defaults`: [key, since, before]. No schema has them before 2026.8.2. */
const DEFAULT_KEYS: [string, string, string?][] = [
  ["groupPolicy", "2026.2.9"],
  ["heartbeat", "2026.2.9", "2026.8.2"],
  ["heartbeatVisibility", "2026.8.2"],
  ["contextVisibility", "2026.4.15"],
  ["botLoopProtection", "2026.5.20"],
  ["implicitMentions", "2026.8.2"],
];

/** What may be wrong with `channels.defaults`. */
export const CHANNEL_DEFAULT_RULES: Rule[] = [
  { id: "unknown-key", find: findUnknownDefaults },
  {
    id: "enum",
    find: (config) =>
      findTexts(config, ["channels.defaults.groupPolicy"])
        .filter(({ value }) => !["open", "disabled", "allowlist"].includes(value))
        .map(({ path }) => ({ path, message: "expected one of open, disabled, allowlist" })),
  },
  { id: "type", before: "2026.8.2", find: findBadHeartbeats },
];

function findUnknownDefaults(config: JsonObject, release: string): Problem[] {
  const [defaults] = findAll(config, ["channels.defaults"]);
  if (!defaults || !isJsonObject(defaults.value)) return [];
  const isKnown = (name: string) =>
    DEFAULT_KEYS.some(([key, since, before]) => key === name && isWithin(release, since, before));
  const keys = Object.keys(defaults.value).filter((key) => !isKnown(key));
  return keys.map((key) => ({ path: [...defaults.path, key], message: "unknown key" }));
}

function findBadHeartbeats(config: JsonObject): Problem[] {
  return findAll(config, ["channels.defaults.heartbeat"]).flatMap(({ path, value }): Problem[] => {
    if (!isJsonObject(value)) return [{ path, message: "expected an object" }];
    return Object.entries(value)
      .filter(([key, flag]) => !["showOk", "showAlerts", "useIndicator"].includes(key) || typeof flag !== "boolean")
      .map(([key]) => ({
        path: [...path, key],
        message: "showOk, showAlerts or useIndicator is expected, true or false",
      }));
  });
}
