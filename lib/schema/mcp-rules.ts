import { type JsonObject, isJsonObject } from "../json.ts";
import { type Place, type Problem, type Rule, findAll, findTexts, isTemplate } from "./rule.ts";
import { findBadUrls, isOrigin, parseUrl } from "./urls.ts";

const SERVERS = ["mcp.servers.*", "nodeHost.mcp.servers.*"];

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

/** MCP servers, of the gateway and of a node. */
export const MCP_RULES: Rule[] = [
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
    id: "mcp-server",
    since: "2026.8.2",
    find: (config) =>
      findAll(config, ["nodeHost.mcp.servers.*"])
        .filter(({ path }) => String(path.at(-1)).trim() === "" || String(path.at(-1)) !== String(path.at(-1)).trim())
        .map(({ path }) => ({ path, message: "a name without spaces around it is expected" })),
  },
  {
    id: "mcp-login",
    since: "2026.8.2",
    find: (config) => findServers(config).flatMap(findLoginProblems),
  },
  { id: "url", since: "2026.2.26", find: (config) => findBadUrls(config, ofServers("url")) },
  { id: "url", since: "2026.6.11", find: (config) => findBadUrls(config, ofServers("oauth.redirectUrl")) },
  {
    id: "url",
    since: "2026.6.11",
    find: (config) =>
      findTexts(config, ofServers("oauth.clientMetadataUrl"))
        .filter(({ value }) => !isDocument(value))
        .map(({ path }) => ({ path, message: "an https:// URL with a path is expected" })),
  },
  {
    id: "url",
    since: "2026.8.2",
    find: (config) =>
      findTexts(config, ["mcp.apps.sandboxOrigin"])
        .filter(({ value }) => !isOrigin(value))
        .map(({ path }) => ({ path, message: "http:// or https:// and a host alone is expected" })),
  },
];

function ofServers(key: string): string[] {
  return SERVERS.map((server) => `${server}.${key}`);
}

interface Server extends Pick<Place, "path"> {
  server: JsonObject;
}

function findServers(config: JsonObject): Server[] {
  return findAll(config, SERVERS).flatMap(({ path, value }) => (isJsonObject(value) ? [{ path, server: value }] : []));
}

/** Each user's own login goes over HTTP, and with no profile that all share. */
function findLoginProblems({ path, server }: Server): Problem[] {
  const login = server.oauth;
  if (!isJsonObject(login) || login.identity !== "per-requester") return [];
  const identity = [...path, "oauth", "identity"];
  const problems: Problem[] = [];
  const isOauth = server.auth === "oauth" || (typeof server.auth === "string" && isTemplate(server.auth));
  if (!isOauth) problems.push({ path: identity, message: "goes with auth: oauth alone" });
  if (!isFilled(server.url)) problems.push({ path: identity, message: "goes with a url alone" });
  if (isFilled(login.authProfileId)) {
    problems.push({ path: [...path, "oauth", "authProfileId"], message: "does not go with identity: per-requester" });
  }
  return problems;
}

function isFilled(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}

function isDocument(text: string): boolean {
  const url = parseUrl(text);
  return url?.protocol === "https:" && url.pathname !== "/";
}
