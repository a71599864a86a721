import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../lib/json.ts";
import { findConflicts } from "../../../lib/schema/rules.ts";
import { readConfigTable } from "../../support/config-table.ts";
import { VERDICT_RELEASES, readVerdicts } from "../../support/verdicts.ts";

/** A conflict, where it is, and the first and the last recorded release whose gateway refuses it. */
interface Case {
  rule: string;
  path: string;
  /** Of test/golden/configs: a gateway has judged it. */
  name: string;
  releases: string[];
}

const [, , MIDDLE, RECENT, LAST] = VERDICT_RELEASES as [string, string, string, string, string];

const CASES: Case[] = [
  at("duration", "agents.defaults.heartbeat.every", "heartbeat every word", VERDICT_RELEASES),
  at("duration", "agents.list.0.heartbeat.every", "heartbeat every of a list agent", VERDICT_RELEASES),
  at("duration", "agents.entries.main.heartbeat.every", "heartbeat every of an entry", [LAST]),
  at("duration", "cron.sessionRetention", "retention word", [MIDDLE, RECENT, LAST]),
  at("duration", "session.maintenance.pruneAfter", "prune after word", [MIDDLE, RECENT, LAST]),
  at("duration", "session.maintenance.pruneAfter", "prune after zero", [RECENT, LAST]),
  at("time-of-day", "agents.defaults.heartbeat.activeHours.end", "active hours 24:30", [RECENT, LAST]),
  at("size", "session.maintenance.maxDiskBytes", "disk bytes word", [MIDDLE, RECENT, LAST]),
  at("unknown-agent", "bindings.0.agentId", "binding to unknown in list", [MIDDLE, RECENT, LAST]),
  at("unknown-agent", "broadcast.+15555550123.1", "broadcast to unknown in list", VERDICT_RELEASES),
  at("unknown-agent", "talk.agentId", "talk agent unknown", [LAST]),
  at("agent-roster", "agents.ownership", "entries no owner", [RECENT, LAST]),
  at("agent-folder", "agents.list.1.agentDir", "two agents same folder", VERDICT_RELEASES),
  at("avatar", "agents.list.0.identity.avatar", "avatar home", VERDICT_RELEASES),
  at("tool-policy", "tools", "tools allow and alsoAllow", VERDICT_RELEASES),
  at("tool-policy", "tools.byProvider.openai", "tools by provider allow and alsoAllow", VERDICT_RELEASES),
  at("exec-mode", "tools.exec.mode", "exec mode with security", [LAST]),
  at("search-service", "tools.web.search.perplexity", "web search provider section", [MIDDLE, RECENT, LAST]),
  at("custom-provider", "models.providers.acme.baseUrl", "provider without baseUrl", [MIDDLE, RECENT, LAST]),
  at("tailscale-bind", "gateway.bind", "tailscale serve on the lan", VERDICT_RELEASES.slice(1)),
  at("tailscale-auth", "gateway.auth.mode", "tailscale without auth", [MIDDLE, RECENT, LAST]),
  at("sandbox-network", "agents.defaults.sandbox.docker.network", "sandbox network host", VERDICT_RELEASES.slice(1)),
  at("sandbox-env", "agents.defaults.sandbox.docker.env.A", "sandbox env lines", [RECENT, LAST]),
  at("hook-session", "hooks.mappings.0.sessionKey", "hook persistent without key", [RECENT, LAST]),
  at("talk-provider", "talk.provider", "talk provider missing", VERDICT_RELEASES.slice(2)),
  slip("retired-model", "agents.defaults.model.fallbacks.1", "held-out: slip: retired fallback", [
    MIDDLE,
    RECENT,
    LAST,
  ]),
  slip("retired-model", "agents.defaults.model", "held-out: slip: retired model", [RECENT, LAST]),
  slip("exact-model", "agents.defaults.models.gpt.codeMode", "refinements: code mode bare", [LAST]),
  slip("type", "models.providers.acme.contextWindow", "held-out: slip: context of a provider a text", [RECENT, LAST]),
  slip("url", "mcp.servers.a.oauth.redirectUrl", "refinements: mcp redirect url", [MIDDLE, RECENT, LAST]),
  slip("url", "mcp.servers.a.oauth.clientMetadataUrl", "refinements: mcp metadata url http", [MIDDLE, RECENT, LAST]),
  slip("url", "mcp.apps.sandboxOrigin", "refinements: mcp sandbox origin", [RECENT, LAST]),
  slip("mcp-login", "mcp.servers.a.oauth.identity", "refinements: mcp per requester no auth", [RECENT, LAST]),
  slip("header", "gateway.remote.edgeAuth.bad header", "refinements: edge auth bad header", [RECENT, LAST]),
  slip("portal", "gateway.portals.ingress.domain", "refinements: portal conflict", [LAST]),
  slip("portal", "gateway.portals.ingress.port", "refinements: portal same port", [LAST]),
  slip("host", "secrets.egressProxy.allowedHosts.0", "refinements: egress host", [RECENT, LAST]),
  slip("duration", "cloudWorkers.profiles.a.suspendAfter", "refinements: worker suspend", [RECENT, LAST]),
  slip("secret-reference", "cloudWorkers.profiles.a.settings.apiKey", "refinements: worker secret", [RECENT, LAST]),
  slip("secret-command", "secrets.providers.v.command", "refinements: secret exec unsafe", VERDICT_RELEASES.slice(1)),
];

function at(rule: string, path: string, name: string, releases: string[]): Case {
  return slip(rule, path, `cross-field: ${name}`, releases);
}

function slip(rule: string, path: string, name: string, releases: string[]): Case {
  return { rule, path, name, releases };
}

const TABLE = new Map(readConfigTable().map(({ name, config }) => [name, config]));

function readConfig(name: string): JsonObject {
  const config = TABLE.get(name);
  if (!config) throw new Error(`no config ${name}`);
  return config;
}

describe("conflicts between fields", () => {
  for (const { rule, path, name, releases } of CASES) {
    test(`${rule}: ${name}`, () => {
      for (const release of VERDICT_RELEASES) {
        const verdict = readVerdicts(release)[name];
        const found = findConflicts(readConfig(name), release).map((each) => `${each.rule} ${each.path.join(".")}`);
        if (releases.includes(release)) {
          expect(verdict?.valid).toBe(false);
          expect(found).toContain(`${rule} ${path}`);
        } else if (verdict?.valid) {
          expect(found).toEqual([]);
        }
      }
    });
  }

  test("names no value of the config", () => {
    for (const { config } of readConfigTable()) {
      for (const release of VERDICT_RELEASES) {
        for (const { message } of findConflicts(config, release)) {
          expect(message).not.toMatch(/xoxb|abc|\+1555|lots|soon|work"/);
        }
      }
    }
  });

  test("takes a variable for anything", () => {
    const config: JsonObject = {
      agents: { defaults: { heartbeat: { every: "${EVERY}", target: "${CHANNEL}" } }, list: [{ id: "a" }] },
      bindings: [{ agentId: "${AGENT}", match: { channel: "telegram" } }],
      broadcast: { "+15555550123": ["${AGENT}"] },
      cron: { sessionRetention: "${KEEP}" },
      gateway: { bind: "${BIND}", tailscale: { mode: "serve" } },
      models: { providers: { acme: { baseUrl: "${URL}", models: [] } } },
      plugins: { slots: { memory: "${MEMORY}" } },
      channels: { telegram: { dmPolicy: "open", allowFrom: ["${OWNERS}"] } },
    };
    for (const release of VERDICT_RELEASES) expect(findConflicts(config, release)).toEqual([]);
  });

  for (const release of VERDICT_RELEASES) {
    test(`raises no false alarm on what ${release} takes`, () => {
      const verdicts = readVerdicts(release);
      const alarms = readConfigTable()
        .filter(({ name }) => verdicts[name]?.valid)
        .flatMap(({ name, config }) => findConflicts(config, release).map(({ rule }) => `${name}: ${rule}`));
      expect(alarms).toEqual([]);
    });
  }
});
