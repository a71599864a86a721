import { describe, expect, test } from "bun:test";
import { checkConfig } from "../../../lib/schema/check-config.ts";
import { readConfigTable } from "../../support/config-table.ts";
import { RELEASES } from "../../support/release.ts";

/** The rules and messages of all findings on a config, by path. */
async function check(config: Parameters<typeof checkConfig>[0]): Promise<string[]> {
  const findings = await checkConfig(config, "2026.9.6");
  return findings.map(({ path, rule, message }) => `${path.join(".")}: ${rule}: ${message.split(";")[0]}`);
}

describe("checkConfig()", () => {
  test("says once that a key is not taken, and its new name where there is one", async () => {
    expect(await check({ channels: { defaults: { heartbeat: { showOk: true } } } })).toEqual([
      "channels.defaults.heartbeat: old-key: an old key",
    ]);
    expect(await check({ channels: { defaults: { groupPolicies: "open" } } })).toEqual([
      "channels.defaults.groupPolicies: unknown-key: unknown key, did you mean groupPolicy?",
    ]);
    expect(await check({ channels: { telegramm: {} } })).toEqual([
      "channels.telegramm: unknown-channel: no channel of OpenClaw 2026.9.6, did you mean telegram?",
    ]);
    expect(await check({ channels: { webchat: {} } })).toEqual(["channels.webchat: old-key: an old key"]);
  });

  test("says once what the schema and a rule both know, and all that is of different kinds", async () => {
    expect(await check({ channels: { defaults: { groupPolicy: "none" } } })).toEqual([
      "channels.defaults.groupPolicy: enum: expected one of open, disabled, allowlist",
    ]);
    const findings = await checkConfig({ models: { providers: { acme: {} } } }, "2026.2.9");
    expect(findings.map(({ message }) => message)).toEqual([
      "expected a key baseUrl in it",
      "expected a key models in it",
    ]);
  });

  test.each([...RELEASES])("says nothing twice of any config of the table, with %s", async (release) => {
    const twice: string[] = [];
    for (const { name, config } of readConfigTable()) {
      const found = await checkConfig(config, release);
      const keys = found
        .filter(({ rule }) => ["old-key", "unknown-key", "unknown-channel"].includes(rule))
        .map(({ path, severity }) => `${severity} ${path.join(".")}`);
      if (new Set(keys).size < keys.length) twice.push(name);
    }
    expect(twice).toEqual([]);
  });
});
