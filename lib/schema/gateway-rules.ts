import { type JsonObject, readPath } from "../json.ts";
import { type Rule, findTexts, isTemplate } from "./rule.ts";
import { findBadUrls, isLocal, isOrigin, parseUrl } from "./urls.ts";

/** The gateway's own address, TLS, and URLs. */
export const GATEWAY_RULES: Rule[] = [
  {
    id: "tailscale-bind",
    since: "2026.3.13",
    find(config) {
      const bind = readPath(config, "gateway.bind") ?? "loopback";
      if (!isExposed(config) || bind === "loopback" || typeof bind !== "string" || isTemplate(bind)) return [];
      const host = readPath(config, "gateway.customBindHost");
      const isLoopback = typeof host === "string" && (isTemplate(host) || /^127(?:\.\d{1,3}){3}$/.test(host));
      if (bind === "custom" && isLoopback) return [];
      return [{ path: ["gateway", "bind"], message: "with gateway.tailscale.mode, loopback is expected" }];
    },
  },
  {
    id: "tailscale-auth",
    since: "2026.6.11",
    find(config) {
      if (!isExposed(config) || readPath(config, "gateway.auth.mode") !== "none") return [];
      return [{ path: ["gateway", "auth", "mode"], message: "with gateway.tailscale.mode, none is not allowed" }];
    },
  },
  {
    id: "blank",
    since: "2026.6.11",
    find: (config) =>
      findTexts(config, ["gateway.tls.certPath", "gateway.tls.keyPath"])
        .filter(({ value }) => value.trim() === "")
        .map(({ path }) => ({ path, message: "the path of a file is expected" })),
  },
  {
    id: "stale-events",
    since: "2026.4.15",
    before: "2026.8.2",
    find(config) {
      const stale = readPath(config, "gateway.channelStaleEventThresholdMinutes");
      const health = readPath(config, "gateway.channelHealthCheckMinutes") ?? 5;
      if (typeof stale !== "number" || typeof health !== "number" || health === 0 || stale >= health) return [];
      const path = ["gateway", "channelStaleEventThresholdMinutes"];
      return [{ path, message: "at least channelHealthCheckMinutes is expected" }];
    },
  },
  {
    id: "url",
    since: "2026.8.2",
    find: (config) =>
      findTexts(config, ["gateway.publicOrigin"])
        .filter(({ value }) => !isPublicOrigin(value))
        .map(({ path }) => ({ path, message: "https://HOST is expected, or http:// on this machine" })),
  },
  {
    id: "url",
    since: "2026.5.20",
    find: (config) => findBadUrls(config, ["proxy.proxyUrl"]),
  },
  {
    id: "url",
    since: "2026.2.26",
    before: "2026.8.2",
    find: (config) => findBadUrls(config, ["cron.webhook"]),
  },
  {
    id: "path",
    since: "2026.9.6",
    find: (config) =>
      findTexts(config, ["worktreeRoot"])
        .filter(({ value }) => !/^(?:\/|~$|~\/)/.test(value.trim()))
        .map(({ path }) => ({ path, message: "an absolute path or one that starts with ~ is expected" })),
  },
  {
    id: "role",
    since: "2026.8.2",
    find(config) {
      const definitions = readPath(config, "gateway.roles.definitions");
      const name = readPath(config, "gateway.roles.default");
      if (typeof definitions !== "object" || definitions === null || typeof name !== "string" || isTemplate(name)) {
        return [];
      }
      if (Object.hasOwn(definitions, name)) return [];
      return [{ path: ["gateway", "roles", "default"], message: "a role of gateway.roles.definitions is expected" }];
    },
  },
  {
    id: "role",
    since: "2026.8.2",
    find: (config) =>
      findTexts(config, ["gateway.roles.definitions.*.agents.*"])
        .filter(({ value }) => !/^[a-z0-9][a-z0-9_-]{0,63}$/i.test(value.trim()))
        .map(({ path }) => ({ path, message: "the id of an agent is expected" })),
  },
];

function isExposed(config: JsonObject): boolean {
  const mode = readPath(config, "gateway.tailscale.mode");
  return mode === "serve" || mode === "funnel";
}

function isPublicOrigin(text: string): boolean {
  const url = parseUrl(text);
  return url !== undefined && isOrigin(text) && (url.protocol === "https:" || isLocal(url));
}
