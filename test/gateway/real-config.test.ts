// The life of a config as people have it, beside real gateways that write into it: the start, changes from Git, a new
// Pod, and the way of OpenClaw's migrations back into Git.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, rm } from "node:fs/promises";
import JSON5 from "json5";
import { isSince } from "../../lib/schema/rule.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { type RealConfig, VARIABLES, realConfig } from "../support/real-config.ts";
import { RELEASES, RESTARTED_RELEASES, getRelease } from "../support/release.ts";
import { type Sidecar, runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const COMPLETE = "Config update complete (openclaw will auto-detect via chokidar)";

/** Where the config refers to variables. */
const REFERENCES = new Set([
  "channels.discord.token",
  "channels.telegram.botToken",
  "gateway.auth.token",
  "models.providers.acme.apiKey",
]);

const TOLD_AT_START = /^ {2}OpenClaw changed its config at its start: /;

/** Releases that refuse the old keys in a config that is delivered while they run. */
const refusesOldKeys = (version: string) => isSince(version, "2026.9.6");

/**
 * Restarts for any change of a config that has a channel, whoever makes it: `requires gateway restart (channels)`. Each
 * restart takes a new process and a minute.
 */
const restartsForAll = (version: string) => version === "2026.4.15";

/** What each release writes into this config at its first start, without `meta`. */
const WRITTEN_AT_START: Record<string, string[]> = {
  [RELEASES[0]]: ["channels.discord.dm.policy", "channels.discord.dmPolicy", "gateway.controlUi.allowInsecureAuth"],
  "2026.2.9": ["agents.defaults.maxConcurrent", "channels.telegram.botToken", "plugins.entries.telegram.enabled"],
};

describe.each([...RESTARTED_RELEASES])("a config as people have it, beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let pod: Pod;
  let sidecar: Sidecar;
  let git: RealConfig = { hasOldKeys: true };

  const variables = () => ({ ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token });
  const environment = () => pod.environment(variables());
  const live = async () => JSON5.parse(await readFile(gateway.configPath, "utf8"));
  const status = async () => JSON.parse((await runBinary(["status", "--json"], environment())).stdout);
  const drift = () => sidecar.messages().filter((line) => line.includes("drift"));

  async function publish(change: RealConfig): Promise<string> {
    git = { ...git, ...change };
    const text = realConfig(gateway, git);
    await pod.mounts.config.publish({ "openclaw.json": text });
    return text;
  }

  /** Publishes a change, and waits until it is delivered and the gateway has looked at it. */
  async function change(to: RealConfig): Promise<string[]> {
    const [from, logged] = [sidecar.messages().length, gateway.log().length];
    await publish(to);
    await sidecar.waitFor(COMPLETE, from);
    await until("the gateway to look at the change", () => /\[reload\] config/.test(gateway.log().slice(logged)), {
      explain: () => gateway.log().slice(logged),
    });
    return sidecar.messages().slice(from);
  }

  async function startPod(): Promise<void> {
    await rm(pod.mounts.checksums, { recursive: true, force: true });
    const { exitCode, messages } = await runBinary(["init", "--only", "config"], environment());
    expect({ exitCode, messages }).toMatchObject({ exitCode: 0 });
    sidecar = pod.start(variables());
    await sidecar.waitFor("Starting config-manager-sidecar");
    await gateway.startAsKubelet();
    await sidecar.waitFor(/^Connected to gateway/);
    await untilInSync();
  }

  async function untilInSync(): Promise<void> {
    let last = "";
    const isInSync = async () => {
      const { config } = await status();
      last = JSON.stringify(config);
      return config.state === "in-sync";
    };
    const explain = () => `${last}\n${sidecar.messages().join("\n")}`;
    await until("the config to be in sync", isInSync, { limitMs: 240_000, explain });
  }

  async function endPod(): Promise<void> {
    await gateway.kill();
    await sidecar.dispose();
  }

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version), VARIABLES);
    pod = await createPod(gateway);
    await pod.mounts.publishJobs([]);
  });
  afterAll(async () => {
    await pod.dispose();
    await gateway.dispose();
  });

  test("what the gateway writes at its start is its own", async () => {
    const text = await publish({});
    const init = await runBinary(["init", "--only", "config"], environment());
    expect(init.exitCode).toBe(0);
    expect(await readFile(gateway.configPath, "utf8")).toBe(text);
    await startPod();
    const expected = WRITTEN_AT_START[version];
    if (expected) await sidecar.waitFor(TOLD_AT_START);
    const { config } = await status();
    expect(config).toMatchObject({ state: "in-sync", problems: [] });
    expect(drift()).toEqual([]);
    if (expected) {
      expect(sidecar.messages().filter((line) => TOLD_AT_START.test(line))).toHaveLength(1);
      expect(config.mode).toBe("merged");
      expect(config.notInGit).toEqual(expect.arrayContaining(expected));
    }
    const diff = await runBinary(["diff"], environment());
    for (const path of config.notInGit ?? []) expect(diff.stdout).toContain(`${path} (not in Git)`);
  });

  test("ten changes from Git are applied without a restart", async () => {
    const logged = gateway.log().length;
    const before = await live();
    const all: RealConfig[] = [
      { ackReaction: "🦞" },
      { timeoutSeconds: 610 },
      { modelName: "Acme One" },
      { responsePrefix: "[git]" },
      { heartbeat: "45m" },
      { ackReaction: "🐚", timeoutSeconds: 620 },
      { modelName: "Acme Uno" },
      { heartbeat: "50m" },
      { responsePrefix: "" },
      { ackReaction: "👀" },
    ];
    const last = all.pop() ?? {};
    for (const each of [...(restartsForAll(version) ? [] : all), { ...Object.assign({}, ...all), ...last }]) {
      const lines = await change(each);
      expect(lines.filter((line) => line.startsWith("WARNING: Config rejected"))).toEqual([]);
      expect(lines.filter((line) => /Changed: .*\(restart\)/.test(line))).toEqual([]);
    }
    const after = await live();
    expect(after.messages.ackReaction).toBe("👀");
    expect(after.agents.defaults.timeoutSeconds).toBe(620);
    expect(after.models.providers.acme.models[0]).toMatchObject({ id: "acme-1", name: "Acme Uno" });
    expect(after.plugins).toEqual(before.plugins);
    expect(after.channels).toEqual(before.channels);
    const refused = restartsForAll(version)
      ? /reload skipped/
      : /requires gateway restart|reload skipped|received SIGUSR1/;
    expect(gateway.log().slice(logged)).not.toMatch(refused);
    expect(drift()).toEqual([]);
    await untilInSync();
  });

  test("a new Pod starts with Git's bytes, and is in sync again", async () => {
    await endPod();
    await startPod();
    const lines = await change({ ackReaction: "🐙" });
    if (refusesOldKeys(version)) {
      expect(lines).toContainEqual(expect.stringMatching(/^WARNING: Config merged: .*tools\.exec\.ask.*export config/));
    }
    const { messages, agents, models } = await live();
    expect(messages.ackReaction).toBe("🐙");
    expect(agents.defaults).toMatchObject({ timeoutSeconds: 620, heartbeat: { every: "50m" } });
    expect(models.providers.acme.models[0]).toMatchObject({ name: "Acme Uno" });
    await untilInSync();
    expect(drift()).toEqual([]);
  });

  test("the export goes into Git, and from then on Git's bytes are the live ones", async () => {
    const exported = await runBinary(["export", "config"], environment());
    expect(exported.exitCode).toBe(0);
    const text = exported.stdout;
    const parsed = JSON5.parse(text);
    expect(parsed.meta).toBeUndefined();
    expect(parsed.channels.telegram.botToken).toBe("${TELEGRAM_BOT_TOKEN}");
    expect(parsed.models.providers.acme.apiKey).toBe("${ACME_API_KEY}");
    for (const value of Object.values(VARIABLES)) expect(text).not.toContain(value);
    await pod.mounts.config.publish({ "openclaw.json": text });
    // 2026.2.9 has the values of the variables in its file until it starts anew.
    await until("the export to be in sync", async () => {
      const { state, notInGit = [] } = (await status()).config;
      return state === "in-sync" && notInGit.every((path: string) => REFERENCES.has(path));
    });
    await endPod();
    await startPod();
    // A gateway that answers may take a moment to say that it runs on it.
    await until("the next Pod to be in sync", async () => (await status()).config.state === "in-sync");
    expect((await status()).config).toMatchObject({ state: "in-sync", mode: "verbatim" });
    expect(await readFile(gateway.configPath, "utf8")).toBe(text);
    expect(drift()).toEqual([]);
  });
});
