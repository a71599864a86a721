import { expect, test } from "bun:test";
import type { JsonObject } from "../../../lib/json.ts";
import { checkConfig } from "../../../lib/schema/check-config.ts";

async function check(config: JsonObject, release: string): Promise<string[]> {
  const findings = await checkConfig(config, release);
  return findings.map(({ severity, path, rule }) => `${severity} ${path.join(".")} ${rule}`);
}

test("reads a list of agents as entries, and says where it is in the list", async () => {
  const config = {
    agents: {
      list: [
        { id: "main", default: true },
        { id: "ops", modell: "a/b" },
      ],
    },
  };
  expect(await check(config, "2026.9.6")).toEqual([
    "warning agents.list migrated-key",
    "error agents.list.1.modell unknown-key",
  ]);
  expect(await check(config, "2026.6.11")).toEqual(["error agents.list.1.modell unknown-key"]);
});

test("takes what a release takes beside its schema", async () => {
  expect(await check({ $schema: "https://openclaw.ai/config.json" }, "2026.9.6")).toEqual([]);
  expect(await check({ $schema: "https://openclaw.ai/config.json" }, "2026.2.9")).toEqual([
    "error $schema unknown-key",
  ]);
  expect(await check({ hooks: { mappings: [{ match: { paths: "x" } }] } }, "2026.2.9")).toEqual([]);
});

test("names an old key once, and keeps the order of the config", async () => {
  const config = {
    tools: { exec: { timeoutSec: 5 }, allow: ["read"], alsoAllow: ["write"] },
    gateway: { prot: 1 },
    agents: { defaults: { heartbeat: { every: "soon" } } },
  };
  expect(await check(config, "2026.9.6")).toEqual([
    "error tools tool-policy",
    "warning tools.exec.timeoutSec old-key",
    "error gateway.prot unknown-key",
    "error agents.defaults.heartbeat.every duration",
  ]);
});
