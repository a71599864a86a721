// What goes wrong with real configs beside real gateways: a refusal whose cause has ended, a config that is valid and
// cannot be applied, a gateway that reads another file, and the copying that this has replaced.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import JSON5 from "json5";
import { findFreePort } from "../support/free-port.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod, forgetRecords } from "../support/pod.ts";
import { type RealConfig, VARIABLES, realConfig } from "../support/real-config.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { type Sidecar, runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const COMPLETE = "Config update complete (openclaw will auto-detect via chokidar)";
const REJECTED = /^WARNING: Config rejected/;

let gateway: TestGateway;
let pod: Pod;

const environment = () => pod.environment({ ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token });
const live = () => readFile(gateway.configPath, "utf8");
const publish = async (options: RealConfig, change = (text: string) => text) => {
  const text = change(realConfig(gateway, options));
  await pod.mounts.config.publish({ "openclaw.json": text });
  return text;
};
const run = (...args: string[]) => runBinary(args, environment());
const status = async () => JSON.parse((await run("status", "--json")).stdout);

/** A Pod that has started with this config in Git. */
async function startPod(
  options: RealConfig,
  args: string[] = ["run"],
  more: Record<string, string> = {},
): Promise<Sidecar> {
  await publish(options);
  const init = await runBinary(["init", "--only", "config"], environment());
  expect(init.exitCode).toBe(0);
  const sidecar = pod.start({ ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token, ...more }, args);
  await gateway.start();
  await sidecar.waitFor(/^Connected to gateway/);
  await until("the config to be in sync", async () => (await status()).config.state === "in-sync", {
    explain: () => sidecar.messages().join("\n"),
  });
  return sidecar;
}

function describeBeside(version: string, more: Record<string, string>, tests: () => void): void {
  describe(`beside OpenClaw ${version}`, () => {
    beforeAll(async () => {
      gateway = await createGateway(await getRelease(version), { ...VARIABLES, ...more });
    });
    afterAll(() => gateway.dispose());
    beforeEach(async () => {
      pod = await createPod(gateway);
      await pod.mounts.publishJobs([]);
    });
    afterEach(async () => {
      await pod.dispose();
      await gateway.kill();
      await forgetRecords(gateway);
    });
    tests();
  });
}

describeBeside("2026.2.9", {}, () => {
  test("what was refused for a variable is tried again once the gateway has it", async () => {
    const sidecar = await startPod({});
    const from = sidecar.messages().length;
    await publish({ ackReaction: "${NEW_REACTION}" });
    expect(await sidecar.waitFor(REJECTED, from)).toContain("NEW_REACTION");
    sidecar.signal("SIGHUP");
    expect((await status()).config.state).toBe("rejected");
    await gateway.kill();
    gateway.environment.NEW_REACTION = "🦞";
    await gateway.start();
    await sidecar.waitFor(COMPLETE, from);
    expect(await live()).toContain("NEW_REACTION");
    await until("the config to be in sync", async () => (await status()).config.state === "in-sync");
    delete gateway.environment.NEW_REACTION;
  });

  test("an included file of a config that the gateway has written into one file is delivered into that", async () => {
    const include = (text: string) => text.replace(/messages: \{[^}]*\}/, 'messages: { $include: "./messages.json5" }');
    const files = async (ackReaction: string) => ({
      "openclaw.json": include(realConfig(gateway)),
      "messages.json5": `{ ackReaction: "${ackReaction}" }`,
    });
    await pod.mounts.config.publish(await files("👀"));
    expect((await run("init", "--only", "config")).exitCode).toBe(0);
    const sidecar = pod.start({ ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token });
    await gateway.start();
    await sidecar.waitFor(/^ {2}OpenClaw changed its config at its start: /);
    expect(await live()).not.toContain("$include");
    const [from, logged] = [sidecar.messages().length, gateway.log().length];
    await pod.mounts.config.publish(await files("🦞"));
    await sidecar.waitFor(COMPLETE, from);
    expect(JSON5.parse(await live())).toMatchObject({
      messages: { ackReaction: "🦞" },
      plugins: { entries: { telegram: {} } },
    });
    await until("the gateway to reload", () => /\[reload\] config/.test(gateway.log().slice(logged)));
    expect(gateway.log().slice(logged)).not.toContain("requires gateway restart");
  });

  test("copying, as with --config-mode replace, takes out what the gateway has added, and restarts it", async () => {
    const sidecar = await startPod({}, ["run", "--config-mode", "replace"]);
    const [from, logged] = [sidecar.messages().length, gateway.log().length];
    await publish({ ackReaction: "🦞" });
    await sidecar.waitFor(COMPLETE, from);
    expect(sidecar.messages().slice(from)).toContainEqual(expect.stringMatching(/Changed: plugins\.entries\.telegram/));
    await until("the gateway to restart", () => /requires gateway restart/.test(gateway.log().slice(logged)));
  });

  test("an edit of a path that Git declares is drift, another one is not in Git, and both stay", async () => {
    const sidecar = await startPod({});
    const from = sidecar.messages().length;
    const config = JSON5.parse(await live());
    config.messages.ackReaction = "🐙";
    config.messages.groupChat = { mentionPatterns: ["@molty"] };
    await writeFile(`${gateway.configPath}.new`, JSON.stringify(config, undefined, 2));
    await rename(`${gateway.configPath}.new`, gateway.configPath);
    sidecar.signal("SIGHUP");
    expect(await sidecar.waitFor(/^WARNING: Config drift/, from)).toContain(": messages.ackReaction (");
    const { config: reported } = await status();
    expect(reported).toMatchObject({ state: "drifted", problems: [expect.stringContaining("messages.ackReaction")] });
    expect(reported.notInGit).toContain("messages.groupChat.mentionPatterns");
    await publish({ timeoutSeconds: 610 });
    await sidecar.waitFor(COMPLETE, from);
    const { agents, messages } = JSON5.parse(await live());
    expect(agents.defaults.timeoutSeconds).toBe(610);
    expect(messages).toMatchObject({ ackReaction: "🐙", groupChat: { mentionPatterns: ["@molty"] } });
    await publish({ timeoutSeconds: 610, ackReaction: "🦞" });
    await until("Git to win", async () => JSON5.parse(await live()).messages.ackReaction === "🦞");
    expect(JSON5.parse(await live()).messages.groupChat).toEqual({ mentionPatterns: ["@molty"] });
  });
});

describeBeside("2026.9.6", {}, () => {
  test("a config that is valid and cannot be applied is put back like an invalid one", async () => {
    const sidecar = await startPod({});
    const before = await live();
    const [from, logged] = [sidecar.messages().length, gateway.log().length];
    const unknown = '{ source: "env", provider: "nope", id: "ACME_API_KEY" }';
    await publish({}, (text) => text.replace('"${ACME_API_KEY}"', unknown));
    const said = await sidecar.waitFor(REJECTED, from);
    expect(said).toContain("is not configured");
    expect(gateway.log().slice(logged)).toContain("config reload failed");
    expect(await live()).toBe(before);
    expect((await status()).config).toMatchObject({
      state: "rejected",
      problems: [expect.stringContaining("provider")],
    });
    expect(await readFile(`${gateway.configPath}.config-manager-good`, "utf8")).toBe(before);
    await publish({ ackReaction: "🦞" });
    await sidecar.waitFor("Config in force", from);
    await until("the config to be in sync", async () => (await status()).config.state === "in-sync");
  });

  test("a mode with which it would not start again, and a token that only the config has, are refused before", async () => {
    const sidecar = await startPod({});
    const from = sidecar.messages().length;
    await publish({}, (text) => text.replace('mode: "local"', 'mode: "remote"'));
    expect(await sidecar.waitFor(REJECTED, from)).toContain("gateway.mode");
    expect(await live()).toContain('mode: "local"');
  });
});

for (const version of RELEASES) {
  const elsewhere = { OPENCLAW_CONFIG_PATH: "" };
  describe(`beside OpenClaw ${version} that reads another file`, () => {
    beforeAll(async () => {
      gateway = await createGateway(await getRelease(version), VARIABLES);
      elsewhere.OPENCLAW_CONFIG_PATH = join(gateway.home, "elsewhere.json");
      Object.assign(gateway.environment, elsewhere);
      await writeFile(elsewhere.OPENCLAW_CONFIG_PATH, realConfig(gateway));
      await gateway.start();
      pod = await createPod(gateway);
      await pod.mounts.publishJobs([]);
    });
    afterAll(async () => {
      await pod.dispose();
      await gateway.dispose();
    });

    test("it is an error of its own in the log, status, doctor and metrics, before anything is judged", async () => {
      await publish({ ackReaction: "🦞" });
      const port = String(await findFreePort());
      const sidecar = pod.start({
        ...VARIABLES,
        OPENCLAW_GATEWAY_TOKEN: gateway.token,
        CONFIG_MANAGER_HTTP_PORT: port,
      });
      const path = elsewhere.OPENCLAW_CONFIG_PATH;
      const reason = `the gateway reads ${path}, not ${gateway.configPath}`;
      expect(await sidecar.waitFor(/^WARNING: Failed to update config: the gateway reads/)).toContain(reason);
      expect(sidecar.messages()).not.toContain(COMPLETE);
      const { healthy, config } = await status();
      expect({ healthy, config }).toMatchObject({
        healthy: false,
        config: { problems: [expect.stringContaining(reason)] },
      });
      const doctor = await run("doctor");
      expect(doctor.exitCode).toBe(1);
      expect(doctor.stdout).toContain(reason);
      expect(doctor.stdout).toContain(`PVC_CONFIG=${path}`);
      const metrics = await fetch(`http://127.0.0.1:${port}/metrics`);
      expect(await metrics.text()).toMatch(/config_manager_config_foreign 1/);
      expect(existsSync(`${gateway.configPath}.config-manager-rejected`)).toBe(false);
    });
  });
}
