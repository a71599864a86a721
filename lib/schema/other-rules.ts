import { type JsonObject, isJsonObject, readPath } from "../json.ts";
import { type Problem, type Rule, findAll, findTexts, isSince } from "./rule.ts";

/** Browser profiles, hooks, talk and secrets. */
export const OTHER_RULES: Rule[] = [
  {
    id: "type",
    since: "2026.2.26",
    find: (config) =>
      findAll(config, ["$schema"])
        .filter(({ value }) => typeof value !== "string")
        .map(({ path }) => ({ path, message: "expected a string" })),
  },
  {
    id: "browser-profile",
    find: (config) =>
      findAll(config, ["browser.profiles.*"])
        .filter(({ value }) => isJsonObject(value) && !reachesBrowser(value))
        .map(({ path }) => ({ path, message: "cdpPort or cdpUrl is expected" })),
  },
  {
    id: "browser-profile",
    since: "2026.4.15",
    find: (config) =>
      findAll(config, ["browser.profiles.*"])
        .filter(({ value }) => isJsonObject(value) && value.userDataDir && value.driver !== "existing-session")
        .map(({ path }) => ({ path: [...path, "userDataDir"], message: "goes with driver: existing-session alone" })),
  },
  {
    id: "browser-profile",
    since: "2026.7.35",
    find: (config) =>
      findAll(config, ["browser.profiles.*"])
        .filter(({ value }) => isJsonObject(value) && value.driver === "extension" && value.cdpUrl)
        .map(({ path }) => ({ path: [...path, "cdpUrl"], message: "does not go with driver: extension" })),
  },
  {
    id: "hook-session",
    since: "2026.8.2",
    find(config) {
      const hooks = config.hooks;
      if (!isJsonObject(hooks) || isFilled(hooks.defaultSessionKey)) return [];
      return findAll(config, ["hooks.mappings.*"]).flatMap(({ path, value }): Problem[] => {
        if (!isJsonObject(value) || value.sessionMode !== "persistent" || (value.action ?? "agent") !== "agent")
          return [];
        if (isFilled(value.sessionKey) || value.transform !== undefined) return [];
        const message = "with sessionMode persistent, a sessionKey, hooks.defaultSessionKey or a transform is expected";
        return [{ path: [...path, "sessionKey"], message }];
      });
    },
  },
  {
    id: "module-path",
    since: "2026.2.26",
    find: (config) =>
      findTexts(config, ["hooks.mappings.*.transform.module", "hooks.internal.handlers.*.module"])
        .filter(({ value }) => !isSafeModule(value))
        .map(({ path }) => ({ path, message: "a relative path without .. is expected" })),
  },
  {
    id: "secret-reference",
    since: "2026.4.15",
    find: (config) =>
      findAll(config, ["hooks.token", "hooks.gmail.pushToken", "hooks.mappings.*.sessionKey"])
        .filter(({ value }) => isJsonObject(value))
        .map(({ path }) => ({ path, message: "a text is expected, as ${VAR}; no reference to a secret" })),
  },
  {
    id: "type",
    since: "2026.4.15",
    before: "2026.5.20",
    find: (config) =>
      config.channels === undefined || isJsonObject(config.channels)
        ? []
        : [{ path: ["channels"], message: "expected an object" }],
  },
  {
    id: "talk-provider",
    since: "2026.4.15",
    before: "2026.6.11",
    find: (config) => findTalkProblems(config, "talk").filter(() => readPath(config, "talk.provider") === undefined),
  },
  {
    id: "talk-provider",
    since: "2026.6.11",
    find: (config) => ["talk", "talk.realtime"].flatMap((place) => findTalkProblems(config, place)),
  },
  {
    id: "secret-reference",
    since: "2026.2.26",
    find: (config, release) =>
      findReferences(config, [])
        .filter(({ path }) => !isPluginSetting(path, release))
        .flatMap(({ path, reference }) => findBadReference(path, reference)),
  },
];

function reachesBrowser(profile: JsonObject): boolean {
  return Boolean(
    profile.driver === "existing-session" || profile.driver === "extension" || profile.cdpPort || profile.cdpUrl,
  );
}

function isFilled(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}

function isSafeModule(path: string): boolean {
  const name = path.trim();
  if (name === "" || /^[/~]/.test(name) || name.includes(":")) return false;
  return !name.split(/[\\/]+/).includes("..");
}

function findTalkProblems(config: JsonObject, place: string): Problem[] {
  const talk = findAll(config, [place])[0]?.value;
  if (!isJsonObject(talk) || !isJsonObject(talk.providers)) return [];
  const names = Object.keys(talk.providers);
  const path = [...place.split("."), "provider"];
  const name = typeof talk.provider === "string" ? talk.provider.trim().toLowerCase() : "";
  if (name.includes("${")) return [];
  if (name === "") {
    return names.length > 1 ? [{ path, message: "with several providers, the name of one is expected" }] : [];
  }
  if (names.length === 0 || names.includes(name)) return [];
  return [{ path, message: "a key of providers is expected" }];
}

interface Reference {
  path: (string | number)[];
  reference: JsonObject;
}

/** Objects of `source`, `provider` and `id` alone: references to secrets, wherever they are. */
function findReferences(value: unknown, path: (string | number)[]): Reference[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => findReferences(each, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  const object = value as JsonObject;
  const isReference = Object.keys(object).toSorted().join(" ") === "id provider source";
  if (isReference && ["source", "provider", "id"].every((key) => typeof object[key] === "string")) {
    return [{ path, reference: object }];
  }
  return Object.entries(object).flatMap(([key, inner]) => findReferences(inner, [...path, key]));
}

/** What plugins look at: with schemas of their own, which do not tell how an id is written, or with none. */
function isPluginSetting(path: Problem["path"], release: string): boolean {
  const [first, second, , fourth] = path;
  if (path.includes("params")) return true;
  if (first === "channels") return isSince(release, "2026.4.15");
  return (first === "plugins" || first === "skills") && second === "entries" && fourth === "config";
}

function findBadReference(path: (string | number)[], { source, id }: JsonObject): Problem[] {
  if (typeof id !== "string" || id.includes("${")) return [];
  if (source === "file" && id !== "value" && !/^(?:\/(?:[^~/]|~0|~1)*)+$/.test(id)) {
    return [{ path: [...path, "id"], message: "a JSON pointer is expected, as /providers/acme/apiKey, or value" }];
  }
  const isPath = /^[A-Za-z0-9][A-Za-z0-9._:/#-]{0,255}$/.test(id) && !/(?:^|\/)\.{1,2}(?:\/|$)/.test(id);
  if (source === "exec" && !isPath)
    return [{ path: [...path, "id"], message: "an id as vault/acme/api-key is expected" }];
  return [];
}
