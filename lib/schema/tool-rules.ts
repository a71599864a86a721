import { type JsonObject, isJsonObject } from "../json.ts";
import { hasInstalledPlugins, isNamedPlugin } from "./plugin-rules.ts";
import { type Problem, type Rule, findAll, findTexts, isSince, isWithin } from "./rule.ts";

/** Where tools are said: for all, and for an agent. */
const SCOPES = ["tools", "agents.list.*.tools", "agents.entries.*.tools"];

const POLICIES = SCOPES.flatMap((scope) => [
  scope,
  `${scope}.byProvider.*`,
  `${scope}.sandbox.tools`,
  `${scope}.subagents.tools`,
]);

/** Channels' own policies were checked while OpenClaw itself had the channels' schemas. */
const CHANNEL_POLICIES = ["", "accounts.*."].flatMap((account) =>
  ["groups.*", "guilds.*", "guilds.*.channels.*", "channels.*", "teams.*", "teams.*.channels.*"].flatMap((group) => [
    `channels.*.${account}${group}.tools`,
    `channels.*.${account}${group}.toolsBySender.*`,
  ]),
);

/** Settings of a search service inside `tools.web.search`, which are its plugin's. */
const SEARCH_SERVICES =
  "brave duckduckgo exa firecrawl gemini grok kimi minimax ollama perplexity searxng tavily".split(" ");

/** What of the services stood in `tools.web.search` once. */
export const SEARCH_SERVICE_KEYS: readonly string[] = ["apiKey", ...SEARCH_SERVICES];

/** The plugins of services that have another name than theirs. */
const PLUGIN_OF_SERVICE: Readonly<Record<string, string>> = {
  kimi: "moonshot",
  "firecrawl-free": "firecrawl",
  "parallel-free": "parallel",
};

/** The services that OpenClaw brings along: [service, before]. */
const BUNDLED_SERVICES: [string, string?][] = [
  ["gemini"],
  ["grok"],
  ["minimax"],
  ["ollama"],
  ["duckduckgo", "2026.8.2"],
  ["exa", "2026.6.11"],
  ["firecrawl", "2026.6.11"],
  ["kimi", "2026.6.11"],
  ["perplexity", "2026.6.11"],
  ["searxng", "2026.6.11"],
  ["tavily", "2026.6.11"],
];

export const TOOL_RULES: Rule[] = [
  { id: "tool-policy", find: (config) => findPolicyConflicts(config, POLICIES) },
  { id: "tool-policy", before: "2026.4.15", find: (config) => findPolicyConflicts(config, CHANNEL_POLICIES) },
  {
    id: "exec-mode",
    since: "2026.6.11",
    find: (config) =>
      findAll(
        config,
        SCOPES.map((scope) => `${scope}.exec`),
      )
        .filter(
          ({ value }) => isJsonObject(value) && has(value, "mode") && (has(value, "security") || has(value, "ask")),
        )
        .map(({ path }) => ({ path: [...path, "mode"], message: "mode goes neither with security nor with ask" })),
  },
  {
    id: "search-service",
    since: "2026.5.20",
    find(config, release) {
      const search = findAll(config, ["tools.web.search"])[0]?.value;
      if (!isJsonObject(search)) return [];
      const isOld = (key: string) =>
        (SEARCH_SERVICES.includes(key) && isJsonObject(search[key])) ||
        (key === "apiKey" && isSince(release, "2026.8.2"));
      return Object.keys(search)
        .filter(isOld)
        .map((key) => ({
          path: ["tools", "web", "search", key],
          message: "the settings of a search service belong in plugins.entries.PLUGIN.config.webSearch",
        }));
    },
  },
  {
    id: "search-service",
    since: "2026.5.20",
    find: (config, release) =>
      findTexts(config, ["tools.web.search.provider"])
        .filter(({ value }) => !isBundled(value.trim(), release) && !isServiceOfPlugin(config, value.trim()))
        .map(({ path }) => ({ path, message: "a search service of a plugin is expected that is there" })),
  },
  {
    id: "loop-thresholds",
    since: "2026.2.26",
    before: "2026.8.2",
    find: (config) =>
      findAll(
        config,
        SCOPES.map((scope) => `${scope}.loopDetection`),
      ).flatMap(({ path, value }) => {
        const thresholds = ["warningThreshold", "criticalThreshold", "globalCircuitBreakerThreshold"];
        return thresholds.slice(1).flatMap((upper, index): Problem[] => {
          const lower = thresholds[index] ?? "";
          if (!isJsonObject(value)) return [];
          const [less, more] = [value[lower], value[upper]];
          if (typeof less !== "number" || typeof more !== "number" || less < more) return [];
          return [{ path: [...path, upper], message: `more than ${lower} is expected` }];
        });
      }),
  },
  {
    id: "model-policy",
    since: "2026.8.2",
    find: (config) =>
      findTexts(config, ["agent:modelPolicy.allow.*"])
        .filter(({ value }) => !isModelReference(value) && !isAlias(config, value))
        .map(({ path }) => ({ path, message: "an alias, provider/model or provider/* is expected" })),
  },
];

function isBundled(service: string, release: string): boolean {
  return BUNDLED_SERVICES.some(([name, before]) => name === service && isWithin(release, undefined, before));
}

function isServiceOfPlugin(config: JsonObject, service: string): boolean {
  const plugin = PLUGIN_OF_SERVICE[service];
  return (
    hasInstalledPlugins(config) ||
    isNamedPlugin(config, service) ||
    (plugin !== undefined && isNamedPlugin(config, plugin))
  );
}

function findPolicyConflicts(config: JsonObject, places: readonly string[]): Problem[] {
  return findAll(config, places)
    .filter(({ value }) => isJsonObject(value) && isFilled(value, "allow") && isFilled(value, "alsoAllow"))
    .map(({ path }) => ({ path, message: "allow or alsoAllow is expected, not both: put them into one list" }));
}

function isFilled(object: JsonObject, key: string): boolean {
  const list = object[key];
  return Array.isArray(list) && list.length > 0;
}

function has(object: JsonObject, key: string): boolean {
  return Object.hasOwn(object, key);
}

function isModelReference(text: string): boolean {
  const parts = text.trim().split("/");
  const names = parts.at(-1) === "*" ? parts.slice(0, -1) : parts;
  const enough = names.length >= (names.length === parts.length ? 2 : 1);
  return (enough && names.every((name) => /^[^\s*]+$/.test(name.trim()))) || /^openrouter:(?:auto|free)$/i.test(text);
}

function isAlias(config: JsonObject, text: string): boolean {
  return findAll(config, ["agent:models.*.alias"]).some(
    ({ value }) => typeof value === "string" && value.toLowerCase() === text.trim().toLowerCase(),
  );
}
