// The built binary and its config, beside real gateways: one situation each.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readdir, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { killUnderChange } from "../support/kills.ts";
import { ALONE, type Pod, createPod, forgetRecords } from "../support/pod.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { type Sidecar, readMaybe, runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const COMPLETE = "Config update complete (openclaw will auto-detect via chokidar)";
const REJECTED = /^WARNING: Config rejected/;

/** Taken by no release. */
const BAD = { messages: { ackReaction: "bad", nonsenseKey: true } };

/** What every release says of it. */
const COMPLAINT = 'messages: Unrecognized key: "nonsenseKey"';

/** Its `config.get` says nothing, ever, of a file that it does not take; what hangs on that is shown on it too. */
const BLIND_RELEASE = "2026.8.2";

describe.each([...RELEASES, BLIND_RELEASE])("beside OpenClaw %s", (version) => {
  const testElsewhere = version === BLIND_RELEASE ? () => undefined : test;
  const tellsForce = version !== "2026.2.9";
  const testWhereForceIsTold = tellsForce ? testElsewhere : () => undefined;
  let gateway: TestGateway;
  let pod: Pod;

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version));
    await gateway.start();
  });
  afterAll(() => gateway.dispose());
  beforeEach(async () => {
    pod = await createPod(gateway);
    await pod.mounts.publishJobs([]);
  });
  afterEach(async () => {
    await pod.dispose();
    await forgetEverything();
  });

  const lastGood = () => `${gateway.configPath}.config-manager-good`;
  const live = () => readMaybe(gateway.configPath);

  /** As a new volume would be: the next test finds nothing that this one has left in the live config. */
  async function forgetEverything(): Promise<void> {
    await forgetRecords(gateway);
    const plain = gateway.config();
    if ((await live()) !== plain) await writeFile(gateway.configPath, plain);
  }
  const rejection = (where = `${gateway.configPath} stays as it is`) =>
    `WARNING: Config rejected, ${where}: ${COMPLAINT}`;
  /** A config of which the gateway's log can tell when it was read. */
  const reacting = (ackReaction: string) => ({ messages: { ackReaction } });
  const reloads = (from: number) =>
    gateway
      .log()
      .slice(from)
      .match(/\[reload\].*/g) ?? [];

  async function waitForReload(from: number): Promise<void> {
    const hasReloaded = () => reloads(from).some((line) => /evaluating reload \(.*messages/.test(line));
    await until("the gateway to reload", hasReloaded, { explain: () => gateway.log().slice(from) });
  }

  /** A gateway that restarts reads its file at the start, and has nothing to reload then. */
  async function waitForGateway(): Promise<void> {
    const answers = () =>
      gateway.rpc("cron.status").then(
        () => true,
        () => false,
      );
    await until("the gateway to answer", answers);
  }

  /** What a former test left may take a restart: that reads the file once more, whatever it is by then. */
  async function waitForRestart(from: number): Promise<void> {
    const said = () => gateway.log().slice(from);
    const tellsOfStarts = gateway.log().includes(" listening on ");
    if (!tellsOfStarts || !reloads(from).some((line) => /evaluating reload \(.*gateway\.port/.test(line))) return;
    await until("the gateway to restart", () => /gateway\.port[^]* listening on /.test(said()), { explain: said });
    await waitForGateway();
  }

  /** A sidecar whose config is in place, valid, and reloaded. */
  async function startWith(ackReaction: string, args?: string[]): Promise<{ config: string; sidecar: Sidecar }> {
    await waitForGateway();
    const logged = gateway.log().length;
    const config = await pod.publishConfig(reacting(ackReaction));
    const sidecar = pod.start({}, args);
    await sidecar.waitFor(COMPLETE);
    await until("the config to be judged", async () => (await readMaybe(lastGood())) === config);
    await waitForReload(logged);
    await waitForRestart(logged);
    return { config, sidecar };
  }

  /** As a new container would find it. */
  async function forgetContainer(): Promise<void> {
    await rm(pod.mounts.checksums, { recursive: true, force: true });
  }

  test("an unknown key is put back before the gateway reads it, and the next good config goes in", async () => {
    const { sidecar, ...started } = await startWith("a0");
    let { config } = started;

    /** Whether the gateway has read the bad config in this round. Where it has, it has refused it. */
    async function tryRound(round: number): Promise<boolean> {
      const from = sidecar.messages().length;
      const logged = gateway.log().length;
      // Not the same bytes again: what was refused is not tried twice.
      await pod.publishConfig({ messages: { ...BAD.messages, ackReaction: `bad${round}` } });
      await sidecar.waitFor(REJECTED, from);
      expect(await live()).toBe(config);
      sidecar.signal("SIGHUP");
      config = await pod.publishConfig(reacting(`a${round}`));
      await sidecar.waitFor(COMPLETE, from);
      expect(await live()).toBe(config);
      await waitForReload(logged);
      const lines = reloads(logged).filter((line) => /evaluating|skipped|invalid/.test(line));
      expect(lines.at(-1)).toMatch(/evaluating reload \(.*messages\.ackReaction\)/);
      for (const line of lines.slice(0, -1)) expect(line).toContain(COMPLAINT);
      const warnings = sidecar
        .messages()
        .slice(from)
        .filter((line) => line.startsWith("WARNING"));
      expect(warnings).toEqual([rejection()]);
      return lines.length > 1;
    }

    // The gateway waits 300 ms, in which a machine with other work may not get round to it.
    let round = 1;
    while (await tryRound(round)) expect(++round).toBeLessThan(10);
  });

  testElsewhere("each changed path is told with what it does to the gateway, and no value", async () => {
    const { sidecar } = await startWith("b1");
    const from = sidecar.messages().length;
    const logged = gateway.log().length;
    const changed = JSON.parse(gateway.config(reacting("b2-marked-value")));
    changed.gateway.port = gateway.port - 1; // the gateway's own --port wins over it
    await pod.mounts.config.publish({ "openclaw.json": JSON.stringify(changed) });
    await sidecar.waitFor(COMPLETE, from);
    expect(sidecar.messages().slice(from)).toContain("  Changed: gateway.port (restart)");
    expect(sidecar.messages().slice(from)).toContain(
      `  Changed: messages.ackReaction (${tellsForce ? "none" : "hot"})`,
    );
    expect(sidecar.messages().join("\n")).not.toContain("marked-value");
    await until("the gateway to restart", () => /restart/.test(gateway.log().slice(logged)));
    await sidecar.waitFor(/^Connected to gateway/, from);
    if (tellsForce) await sidecar.waitFor("Config in force", from);
    await pod.publishConfig(reacting("b3"));
    await until("the gateway to be where it was", () =>
      gateway.rpc("cron.status").then(
        () => true,
        () => false,
      ),
    );
  });

  testWhereForceIsTold(
    "a config is reported when it is in force, and when it is not after 30 s, with the cause",
    async () => {
      const { sidecar } = await startWith("c1");
      await sidecar.waitFor("Config in force");
      let from = sidecar.messages().length;
      const off = JSON.parse(gateway.config(reacting("c2")));
      off.gateway.reload = { mode: "off" };
      await pod.mounts.config.publish({ "openclaw.json": JSON.stringify(off) });
      expect(await sidecar.waitFor(/^WARNING: Config not in force/, from)).toBe(
        "WARNING: Config not in force after 30 s: gateway.reload.mode is off, so it takes a restart of the gateway",
      );
      from = sidecar.messages().length;
      await pod.publishConfig(reacting("c3"));
      await sidecar.waitFor("Config in force", from);
    },
  );

  test("a config that came in while no gateway answered is judged when one does, and rolled back", async () => {
    const { config, sidecar } = await startWith("d1");
    await sidecar.dispose();
    await forgetContainer();
    // Whoever has asked it before: 2026.8.2 may show that answer until it takes another file.
    expect(await gateway.rpc("config.get")).toMatchObject({ valid: true });
    // Delivered by a container that reaches no gateway, as while one restarts.
    const bad = await pod.publishConfig(BAD);
    const alone = pod.start(ALONE);
    await alone.waitFor("  Not validated by the gateway yet: no gateway to ask");
    expect(await live()).toBe(bad);
    await alone.dispose();
    await forgetContainer();
    const next = pod.start();
    await next.waitFor(rejection());
    expect(await live()).toBe(config);
  });

  testElsewhere(
    "what was refused is not delivered again by the next Pod, in which no gateway answers yet",
    async () => {
      const { config, sidecar } = await startWith("e1");
      await pod.publishConfig(BAD);
      await sidecar.waitFor(REJECTED);
      await sidecar.dispose();
      await forgetContainer();
      const init = await runBinary(["init"], pod.environment());
      expect(init).toMatchObject({ exitCode: 0, stderr: "" });
      const recorded = `${rejection()} (recorded in ${gateway.configPath}.config-manager-rejected)`;
      expect(init.messages).toContain(recorded);
      expect(await live()).toBe(config);
      const alone = pod.start(ALONE);
      await alone.waitFor(recorded);
      expect(await live()).toBe(config);
    },
  );

  testElsewhere("what one release has refused is tried again with another", async () => {
    const { sidecar } = await startWith("f1");
    const bad = await pod.publishConfig(BAD);
    await sidecar.waitFor(REJECTED);
    await sidecar.dispose();
    const record = JSON.parse((await readMaybe(`${gateway.configPath}.config-manager-rejected`)) ?? "{}");
    expect(record).toMatchObject({ problems: [COMPLAINT] });
    await writeFile(
      `${gateway.configPath}.config-manager-rejected`,
      JSON.stringify({ ...record, release: "2025.1.1" }),
    );
    const logged = gateway.log().length;
    const next = pod.start();
    await next.waitFor("Config change detected in " + pod.mounts.config.path + "/openclaw.json");
    await next.waitFor(REJECTED);
    expect(await live()).not.toBe(bad);
    for (const line of reloads(logged)) expect(line).toContain(COMPLAINT); // a busy machine reads it within 300 ms
  });

  testElsewhere("a bad config that comes in while the gateway restarts does not keep it from coming back", async () => {
    const { sidecar } = await startWith("m1");
    const from = sidecar.messages().length;
    const logged = gateway.log().length;
    const restarting = JSON.parse(gateway.config(reacting("m2")));
    restarting.gateway.port = gateway.port - 1; // the gateway's own --port wins over it
    const good = JSON.stringify(restarting);
    await pod.mounts.config.publish({ "openclaw.json": good });
    await until("the gateway to restart", () => /restart/.test(gateway.log().slice(logged)));
    await sidecar.waitFor(COMPLETE, from);
    await pod.publishConfig(BAD);
    await sidecar.waitFor(REJECTED, from);
    expect(await live()).toBe(good);
    await waitForGateway();
    // What it reads once it is back, it may refuse; what it reads at the start, it must take.
    const [start = "", ...rest] = gateway
      .log()
      .slice(logged)
      .split(/\] (?:ready|listening on)/);
    expect(rest).not.toEqual([]);
    expect(start).not.toContain("nonsenseKey");
    await pod.publishConfig(reacting("m3"));
    await until("the config to be judged", async () => (await readMaybe(lastGood()))?.includes("m3"));
  });

  testElsewhere(
    "a config that mends a gateway which cannot start with the old one gets through, and it comes up",
    async () => {
      await gateway.kill();
      const bad = await pod.publishConfig(BAD);
      await writeFile(gateway.configPath, bad);
      expect(gateway.start()).rejects.toThrow(/ended/);
      const sidecar = pod.start();
      await until("the bad config to be applied", () => readMaybe(join(pod.mounts.checksums, "config")));
      const good = await pod.publishConfig(reacting("g1"));
      await sidecar.waitFor(COMPLETE);
      expect(await live()).toBe(good);
      await gateway.start();
      await sidecar.waitFor("Main process detected");
      await until("the config to be judged", async () => (await readMaybe(lastGood())) === good);
      if (tellsForce) await sidecar.waitFor("Config in force");
    },
  );

  test("a config that comes in while the gateway starts is one that it runs on in the end", async () => {
    // Of 2026.2.9 a model can be seen; 2026.9.6 says itself what it runs on, and dies of a model that changes now.
    const change = tellsForce ? reacting("k1") : { agents: { defaults: { model: { primary: "anthropic/another" } } } };
    const evidence = /agent model: anthropic\/another|evaluating reload \(.*agents/;
    await gateway.kill();
    const first = await pod.publishConfig();
    await writeFile(gateway.configPath, first);
    const sidecar = pod.start();
    await sidecar.waitFor("Waiting for openclaw main process to start...");
    const logged = gateway.log().length;
    const starting = gateway.startAsKubelet();
    // By now it has read its file, and does not watch it yet.
    await until("the gateway to be on its way", () => /\[/.test(gateway.log().slice(logged)));
    await pod.publishConfig(change);
    await starting;
    const runsOnIt = () => evidence.test(gateway.log().slice(logged)) || sidecar.messages().includes("Config in force");
    await until("the gateway to run on it", runsOnIt, { explain: () => gateway.log().slice(logged) });
  });

  testElsewhere(
    "an edit of the live file is told once and left alone, and goes with the next change in Git",
    async () => {
      const { sidecar } = await startWith("h1");
      const from = sidecar.messages().length;
      const edited = gateway.config({ messages: { ackReaction: "h2-marked-value" } });
      await writeFile(gateway.configPath, edited);
      sidecar.signal("SIGHUP");
      const drift = await sidecar.waitFor(/^WARNING: Config drift/, from);
      expect(drift).toBe(
        `WARNING: Config drift: ${gateway.configPath} was changed by something else: messages.ackReaction ` +
          "(it stays so until the ConfigMap changes; --self-heal would put it back)",
      );
      sidecar.signal("SIGHUP");
      const good = await pod.publishConfig(reacting("h3"));
      await sidecar.waitFor(COMPLETE, from);
      expect(await live()).toBe(good);
      expect(sidecar.messages().filter((line) => line === drift)).toHaveLength(1);
    },
  );

  testElsewhere(
    "an edit of the live file is put back with --self-heal, and what OpenClaw stamps into it is none",
    async () => {
      const { config, sidecar } = await startWith("i1", ["run", "--self-heal"]);
      const from = sidecar.messages().length;
      const stamped = JSON.stringify({ ...JSON.parse(config), meta: { lastTouchedAt: "2026-11-22" } }, undefined, 2);
      await writeFile(gateway.configPath, stamped);
      sidecar.signal("SIGHUP");
      await writeFile(gateway.configPath, gateway.config(reacting("i2")));
      sidecar.signal("SIGHUP");
      await sidecar.waitFor(`Healing config drift in ${gateway.configPath}`, from);
      await sidecar.waitFor(COMPLETE, from);
      expect(await live()).toBe(config);
      // No write war: the second edit within the minute stays for now.
      const again = gateway.config(reacting("i3"));
      await writeFile(gateway.configPath, again);
      sidecar.signal("SIGHUP");
      await sidecar.waitFor(/^WARNING: Config drift: .* at most once a minute\)$/, from);
      expect(await live()).toBe(again);
    },
  );

  testElsewhere(
    "killed again and again under constant change, the live file is always whole, and nothing stays behind",
    async () => {
      const configs = ["j1", "j2", "j3"].map((name) => gateway.config({ ...reacting(name.repeat(10_000)) }));
      await writeFile(gateway.configPath, configs[0] ?? "");
      const seen = await killUnderChange({
        publish: (round) => pod.mounts.config.publish({ "openclaw.json": configs[round % configs.length] ?? "" }),
        async start(findsGateway) {
          // Else the sidecar leaves the gateway a second to take in the last change.
          await utimes(gateway.configPath, new Date(0), new Date(0));
          return pod.start({ POLL_INTERVAL: "0.01", ...(findsGateway ? {} : ALONE) });
        },
        async judge() {
          const text = (await live()) ?? "";
          expect(configs.indexOf(text)).not.toBe(-1);
          return text;
        },
      });
      expect(seen).toBeGreaterThan(1);
      await pod.sync();
      for (const directory of [dirname(gateway.configPath), pod.mounts.checksums, pod.mounts.staging]) {
        expect((await readdir(directory)).filter((name) => name.includes(".tmp"))).toEqual([]);
      }
    },
  );
});
