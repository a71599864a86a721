import { type JsonObject, isJsonObject } from "../json.ts";
import { type Problem, type Rule, findAll, findTexts } from "./rule.ts";

/** Browser profiles, hooks, MCP servers, talk and secrets. */
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
    id: "executable",
    before: "2026.4.15",
    find: (config) =>
      findTexts(
        config,
        ["signal", "imessage"].flatMap((name) => [`channels.${name}.cliPath`, `channels.${name}.accounts.*.cliPath`]),
      )
        .filter(({ value }) => !isSafeExecutable(value))
        .map(({ path }) => ({ path, message: "the name or the path of a program is expected" })),
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
    id: "mcp-server",
    since: "2026.6.11",
    find: (config) =>
      findServers(config)
        .filter(({ server }) => server.transport === "stdio" && !isFilled(server.command))
        .map(({ path }) => ({ path: [...path, "transport"], message: "with stdio, a command is expected" })),
  },
  {
    id: "mcp-server",
    since: "2026.8.2",
    find: (config) =>
      findServers(config).flatMap(({ path, server }) =>
        OLD_SERVER_KEYS.filter((key) => Object.hasOwn(server, key)).map((key) => ({
          path: [...path, key],
          message: key === "disabled" ? "enabled is expected, with the opposite value" : "unknown key",
        })),
      ),
  },
  {
    id: "talk-provider",
    since: "2026.6.11",
    find: (config) => ["talk", "talk.realtime"].flatMap((place) => findTalkProblems(config, place)),
  },
  {
    id: "secret-command",
    since: "2026.2.26",
    find: (config) =>
      findTexts(config, ["secrets.providers.*.command", "secrets.providers.*.trustedDirs.*"])
        .filter(({ value }) => !/^(?:\/|[a-z]:[\\/]|\\\\)/i.test(value.trim()))
        .map(({ path }) => ({ path, message: "an absolute path is expected" })),
  },
  {
    id: "secret-reference",
    since: "2026.2.26",
    find: (config) => findReferences(config, []).flatMap(({ path, reference }) => findBadReference(path, reference)),
  },
];

const OLD_SERVER_KEYS = [
  "disabled",
  "connectTimeout",
  "connect_timeout",
  "timeout",
  "workingDirectory",
  "supports_parallel_tool_calls",
  "ssl_verify",
  "client_cert",
  "client_key",
];

function reachesBrowser(profile: JsonObject): boolean {
  return Boolean(
    profile.driver === "existing-session" || profile.driver === "extension" || profile.cdpPort || profile.cdpUrl,
  );
}

function isFilled(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}

/** A name, or a path without what a shell reads. */
function isSafeExecutable(text: string): boolean {
  const name = text.trim();
  if (name === "" || /[;&|`$<>\r\n"'\0]/.test(name)) return false;
  return /^[.~]|[/\\]/.test(name) || /^[A-Za-z0-9._+][A-Za-z0-9._+-]*$/.test(name);
}

function isSafeModule(path: string): boolean {
  const name = path.trim();
  if (name === "" || /^[/~]/.test(name) || name.includes(":")) return false;
  return !name.split(/[\\/]+/).includes("..");
}

function findServers(config: JsonObject): { path: (string | number)[]; server: JsonObject }[] {
  return findAll(config, ["mcp.servers.*", "nodeHost.mcp.servers.*"]).flatMap(({ path, value }) =>
    isJsonObject(value) ? [{ path, server: value }] : [],
  );
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
