import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { type Json, type JsonObject, isJsonObject, readPath } from "../json.ts";
import { type Problem, type Rule, findAll, findTexts, isTemplate } from "./rule.ts";
import { isLocal, parseUrl } from "./urls.ts";

/** Headers that belong to the connection itself. */
const OWNED_HEADERS =
  "host connection upgrade content-length sec-websocket-key sec-websocket-version sec-websocket-protocol sec-websocket-extensions".split(
    " ",
  );

/** Hosts and headers of what a gateway reaches, and is reached by. */
export const HOST_RULES: Rule[] = [
  {
    id: "header",
    since: "2026.8.2",
    find: (config) =>
      findAll(config, ["gateway.remote.edgeAuth"]).flatMap(({ path, value }) => findBadHeaders(path, value)),
  },
  { id: "portal", since: "2026.9.6", find: findPortalProblems },
  {
    id: "url",
    since: "2026.8.2",
    find: (config) =>
      findTexts(config, ["models.catalogRefresh.url"])
        .filter(({ value }) => !isCatalog(value))
        .map(({ path }) => ({ path, message: "https:// is expected, or http:// on this machine" })),
  },
  {
    id: "host",
    since: "2026.8.2",
    find: (config) =>
      findTexts(config, ["secrets.egressProxy.allowedHosts.*", "secrets.egressProxy.bypassHosts.*"])
        .filter(({ value }) => !isHost(value))
        .map(({ path }) => ({ path, message: "the name of one host is expected, without port and path" })),
  },
];

function findBadHeaders(path: Problem["path"], headers: Json): Problem[] {
  if (!isJsonObject(headers)) return [];
  const names = Object.keys(headers);
  if (names.length === 0) return [{ path, message: "a header is expected in it" }];
  return names
    .filter((name, index) => {
      const small = name.toLowerCase();
      const isDouble = names.slice(0, index).some((other) => other.toLowerCase() === small);
      return !/^[!#$%&'*+\-.^_`|~\dA-Za-z]{1,1000}$/.test(name) || OWNED_HEADERS.includes(small) || isDouble;
    })
    .map((name) => ({ path: [...path, name], message: "a header of its own, written once, is expected" }));
}

function findPortalProblems(config: JsonObject): Problem[] {
  const ingress = readPath(config, "gateway.portals.ingress");
  if (!isJsonObject(ingress)) return [];
  const path = ["gateway", "portals", "ingress"];
  const problems: Problem[] = [];
  const { domain, port } = ingress;
  if (typeof domain === "string" && !isTemplate(domain)) {
    const origins = findTexts(config, ["gateway.publicOrigin", "gateway.controlUi.allowedOrigins.*"]);
    if (!isDomain(domain)) problems.push({ path: [...path, "domain"], message: "the name of a domain is expected" });
    else if (origins.some(({ value }) => isWithin(value, domain))) {
      problems.push({ path: [...path, "domain"], message: "another domain than the gateway's own is expected" });
    }
  }
  if (port !== undefined && port === (readPath(config, "gateway.port") ?? 18_789)) {
    problems.push({ path: [...path, "port"], message: "another port than the gateway's own is expected" });
  }
  return problems;
}

function isWithin(origin: string, domain: string): boolean {
  return `.${parseUrl(origin)?.hostname ?? ""}`.endsWith(`.${domain.toLowerCase()}`);
}

function isDomain(text: string): boolean {
  const labels = text.split(".");
  if (text.length > 220 || labels.length < 2 || isIP(text) !== 0) return false;
  return labels.every((label) => /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(label));
}

function isCatalog(text: string): boolean {
  const url = parseUrl(text);
  return url !== undefined && (url.protocol === "https:" || (url.protocol === "http:" && isLocal(url)));
}

function isHost(text: string): boolean {
  const name = text
    .trim()
    .toLowerCase()
    .replace(/\.{1,253}$/, "");
  const bare = name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
  if (isIP(bare) !== 0) return true;
  if (bare === "" || /[\s/?#@:*]/.test(bare)) return false;
  const ascii = domainToASCII(bare);
  return (
    ascii !== "" && ascii.length <= 253 && ascii.split(".").every((label) => /^(?!-)[a-z\d-]{1,63}(?<!-)$/.test(label))
  );
}
