// A change that restarts the gateway waits for its work: real gateways, with a job that runs until the test lets it end.

import { readFile, writeFile } from "node:fs/promises";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { LiveJob } from "../../lib/gateway/job.ts";
import { findFreePort } from "../support/free-port.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod, forgetRecords } from "../support/pod.ts";
import { run } from "../support/process.ts";
import { VARIABLES, realConfig } from "../support/real-config.ts";
import { getRelease } from "../support/release.ts";
import { BINARY, type Sidecar, readMaybe, runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const HELD = /^Config change held until the gateway has no work \(.*1 cron run.*\), at most until \S+Z: /;
const COMPLETE = "Config update complete (openclaw will auto-detect via chokidar)";

type JobWithState = LiveJob & { state?: { runningAtMs?: number } };

/** What Git says: a port restarts a gateway, the rest does not. */
interface Git {
  port?: number;
  ackReaction?: string;
  level?: string;
}

describe.each(["2026.9.6", "2026.6.11"])("--restart when-idle, beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let pod: Pod;
  let sidecar: Sidecar;
  let port: number;
  let runs = 0;

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version), VARIABLES);
    await writeFile(gateway.configPath, textOf({}));
    await gateway.startAsKubelet();
  });
  afterAll(() => gateway.dispose());
  beforeEach(async () => {
    [pod, port] = [await createPod(gateway), await findFreePort()];
    await publish({});
    await pod.mounts.publishJobs([]);
    // The gateway may still restart for the last test, and nothing is delivered then.
    await until("the first config to be in place", async () => {
      const { exitCode } = await runBinary(["sync", "--only", "config"], pod.environment(environment()));
      return exitCode === 0 && (await live()).includes(String(gateway.port));
    });
    await isIdle();
  });
  afterEach(async () => {
    await endJob();
    await pod.dispose();
    await isIdle();
    await forgetRecords(gateway);
  });

  /** The gateway listens where its command line says, whatever port the config has. */
  function textOf({ port: other, ackReaction = "👀", level = "info" }: Git): string {
    const text = realConfig(gateway, { ackReaction }).replace('level: "info"', `level: "${level}"`);
    return other === undefined ? text : text.replace(`port: ${gateway.port}`, `port: ${other}`);
  }

  const publish = (git: Git) => pod.mounts.config.publish({ "openclaw.json": textOf(git) });
  const environment = () => ({ ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token });

  async function startSidecar(more: Record<string, string> = {}): Promise<void> {
    const settings = {
      CONFIG_MANAGER_RESTART: "when-idle",
      CONFIG_MANAGER_HTTP_PORT: String(port),
      POLL_INTERVAL: "60",
    };
    sidecar = pod.start({ ...environment(), ...settings, ...more });
    await until("a first pass", async () => /in-sync|pending/.test(String((await readStatus())?.state)));
  }

  async function isIdle(): Promise<void> {
    await until("the gateway to be idle", async () => {
      const reply = gateway.rpc<{ counts: Record<string, number> }>("gateway.restart.preflight");
      const { counts } = await reply.catch(() => ({ counts: { away: 1 } }));
      return Object.entries(counts).every(
        ([name, count]) => /^(?:rootRequests|totalActive)$/.test(name) || count === 0,
      );
    });
  }

  /** Runs a command job that ends when {@link endJob} says so. */
  async function startJob(): Promise<void> {
    runs += 1;
    const script = `while [ ! -e '${join(gateway.home, `end-${runs}`)}' ]; do sleep 0.05; done`;
    await gateway.rpc("cron.add", {
      name: `long-${runs}`,
      schedule: { kind: "cron", expr: "0 0 1 1 *" },
      sessionTarget: "isolated",
      wakeMode: "now",
      payload: { kind: "command", argv: ["sh", "-c", script] },
      delivery: { mode: "none" },
    });
    const job = (await gateway.jobs()).find(({ name }) => name === `long-${runs}`);
    await gateway.rpc("cron.run", { id: job?.id, mode: "force" });
    await until("the job to run", async () => {
      const { counts } = await gateway.rpc<{ counts: { cronRuns: number } }>("gateway.restart.preflight");
      return counts.cronRuns === 1;
    });
  }

  const endJob = () => writeFile(join(gateway.home, `end-${runs}`), "");

  const isJobRunning = async () =>
    (await gateway.rpc<{ counts: { cronRuns: number } }>("gateway.restart.preflight")).counts.cronRuns === 1;

  const live = () => readFile(gateway.configPath, "utf8");

  const command = (...args: string[]) =>
    runBinary(args, pod.environment({ ...environment(), CONFIG_MANAGER_RESTART: "when-idle" }));

  async function readStatus(): Promise<Record<string, unknown> | undefined> {
    const headers = { authorization: `Bearer ${gateway.token}` };
    const reply = await fetch(`http://127.0.0.1:${port}/status`, { headers }).catch(() => undefined);
    return reply && ((await reply.json()) as { config: Record<string, unknown> }).config;
  }

  const metric = async (name: string) =>
    new RegExp(`^config_manager_${name} (\\S+)$`, "m").exec(
      await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
    )?.[1];

  test("holds it, tells it, and lets it in when the job has ended", async () => {
    await startSidecar();
    await startJob();
    const before = await live();
    await publish({ port: 18_000, level: "debug" });
    const line = await sidecar.waitFor(HELD);
    expect(line).toContain("gateway.port (restart)");
    expect(line).toMatch(/; held with it: logging\.level \(\w+\) \(config-manager apply-held lets it in now\)$/);
    const held = { paths: ["gateway.port", "logging.level"] };
    const told = await until("the pass to end", async () => ((await readStatus())?.held ? readStatus() : undefined));
    expect(told).toMatchObject({ state: "pending", problems: [], held });
    const { stdout } = await command("status", "--json");
    const { config } = JSON.parse(stdout) as { config: { state: string; held: { until: string; paths: string[] } } };
    expect(config).toMatchObject({ state: "pending", held });
    expect(line).toContain(config.held.until.replace(/\.\d+/, ""));
    const diff = JSON.parse((await command("diff", "--json")).stdout) as { config: { held: unknown } };
    expect(diff.config.held).toEqual(config.held);
    expect((await command("diff")).stdout).toContain(
      `held until the gateway has no work, at most until ${config.held.until.slice(0, 19)}Z`,
    );
    expect(await metric("config_held")).toBe("1");

    // A change that the gateway would apply at once goes in with the held one only.
    const messages = sidecar.messages().length;
    await publish({ port: 18_000, level: "debug", ackReaction: "🦞" });
    expect(await sidecar.waitFor(HELD, messages)).toContain("messages.ackReaction");
    expect(await live()).toBe(before);
    expect(await isJobRunning()).toBeTrue();

    const from = sidecar.messages().length;
    const begun = performance.now();
    await endJob();
    await sidecar.waitFor("Held config change goes in: the gateway has no work", from);
    await sidecar.waitFor(COMPLETE, from);
    console.log(`${version}: the job's end → delivered: ${Math.round(performance.now() - begun)} ms`);
    await sidecar.waitFor(/^(?:Config in force|Connected to gateway: .*)$/, from);
    console.log(`${version}: the job's end → in force: ${Math.round(performance.now() - begun)} ms`);
    expect(await live()).toBe(textOf({ port: 18_000, level: "debug", ackReaction: "🦞" }));
    await until("nothing to be held", async () => (await metric("config_held")) === "0");
    expect(await readMaybe(join(pod.mounts.checksums, "config-held"))).toBeUndefined();
  });

  test("lets a change that restarts nothing in at once", async () => {
    await startSidecar();
    await startJob();
    const from = sidecar.messages().length;
    await publish({ ackReaction: "🎉" });
    await sidecar.waitFor(COMPLETE, from);
    expect(await isJobRunning()).toBeTrue();
    expect(sidecar.messages().filter((message) => /held/i.test(message))).toEqual([]);
  });

  test("lets it in at the deadline, while the job still runs", async () => {
    await startSidecar({ CONFIG_MANAGER_RESTART_DEADLINE: "5" });
    await startJob();
    await publish({ port: 18_001 });
    await sidecar.waitFor(HELD);
    const [from, begun] = [sidecar.messages().length, performance.now()];
    await sidecar.waitFor(/^Held config change goes in: the deadline of 5 s is over, with .*1 cron run/, from);
    await sidecar.waitFor(COMPLETE, from);
    console.log(`${version}: held → delivered, with a deadline of 5 s: ${Math.round(performance.now() - begun)} ms`);
    expect(await live()).toContain("18001");
  });

  test.each(["apply-held", "SIGUSR1"])("lets it in at once by %s", async (way) => {
    await startSidecar();
    await startJob();
    await publish({ port: 18_002 });
    await sidecar.waitFor(HELD);
    const from = sidecar.messages().length;
    if (way === "SIGUSR1") sidecar.signal("SIGUSR1");
    else {
      const { exitCode, stdout, stderr } = await run(BINARY, ["apply-held"], { env: pod.environment(environment()) });
      expect([exitCode, stdout, stderr]).toEqual([0, "Let in: config: gateway.port\n", ""]);
    }
    await sidecar.waitFor("Held config change goes in: a person lets it in", from);
    await sidecar.waitFor(COMPLETE, from);
    expect(await live()).toContain("18002");
    const again = await command("apply-held");
    expect([again.exitCode, again.stdout]).toEqual([0, "Nothing is held\n"]);
  });

  test("holds it still in the next container, until the same time, and init delivers it", async () => {
    await startSidecar();
    await startJob();
    const before = await live();
    await publish({ port: 18_003 });
    const line = await sidecar.waitFor(HELD);
    sidecar.signal("SIGKILL");
    await sidecar.exited;
    await startSidecar();
    expect(await sidecar.waitFor(HELD)).toBe(line);
    expect(await live()).toBe(before);

    await publish({ port: 18_004 });
    const newer = await sidecar.waitFor(HELD, sidecar.messages().indexOf(line) + 1);
    expect(/until (\S+)/.exec(newer)).toEqual(/until (\S+)/.exec(line));
    sidecar.signal("SIGTERM");
    await sidecar.exited;
    expect((await command("sync", "--only", "config")).exitCode).toBe(1);
    expect(await live()).toBe(before);
    const init = await command("init");
    expect([init.exitCode, await live()]).toEqual([0, textOf({ port: 18_004 })]);
    expect((await command("apply-held")).stdout).toBe("Nothing is held\n");
  });

  test("withdraws it when Git takes it back, and wait tells what is held", async () => {
    await startSidecar();
    await startJob();
    await publish({ port: 18_005 });
    await sidecar.waitFor(HELD);
    const waiting = await command("wait", "--url", `http://127.0.0.1:${port}`, "--timeout", "2");
    expect([waiting.exitCode, waiting.stderr]).toEqual([
      2,
      expect.stringContaining("config: not in force after 2 s: held until the gateway has no work: gateway.port"),
    ]);
    await publish({});
    await sidecar.waitFor("Held config change is withdrawn: Git says something else, or it is in place");
    expect(await isJobRunning()).toBeTrue();
    expect(await metric("config_held")).toBe("0");
  });
});

describe("--restart when-idle, beside OpenClaw 2026.2.9, which tells of cron runs only", () => {
  let gateway: TestGateway;
  let pod: Pod;
  /** A model that thinks until the test is over. */
  let model: Server;

  beforeAll(async () => {
    model = createServer(() => undefined);
    const port = await findFreePort();
    await new Promise<void>((resolve) => model.listen(port, "127.0.0.1", resolve));
    gateway = await createGateway(await getRelease("2026.2.9"), VARIABLES);
    await writeFile(gateway.configPath, textOf(port));
    await gateway.start();
    pod = await createPod(gateway);
    await pod.mounts.publishJobs([]);
    await pod.mounts.config.publish({ "openclaw.json": textOf(port) });
  });
  afterAll(async () => {
    await pod.dispose();
    await gateway.dispose();
    model.closeAllConnections();
    model.close();
  });

  const textOf = (port: number, prefix = "", mode = "full") =>
    realConfig(gateway, {
      responsePrefix: prefix,
      more: { discovery: `{ mdns: { mode: "${mode}" } }` },
    }).replace("http://127.0.0.1:9/v1", `http://127.0.0.1:${port}/v1`);

  test("waits for a running job, and says once what it does not wait for", async () => {
    const { port } = model.address() as AddressInfo;
    const environment = { ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token, CONFIG_MANAGER_RESTART: "when-idle" };
    // It writes the values of variables into its config at its start, and restarts when they are taken out again.
    await until("the gateway to run on Git's config", async () => {
      const { exitCode, messages } = await runBinary(["sync"], pod.environment(environment));
      return exitCode === 0 && !messages.some((message) => /Config|Not/.test(message));
    });
    const sidecar = pod.start(environment);
    await sidecar.waitFor("Cron job sync complete");
    await gateway.rpc("cron.add", {
      name: "long",
      schedule: { kind: "at", at: new Date(Date.now() + 1_000).toISOString() },
      sessionTarget: "isolated",
      wakeMode: "now",
      payload: { kind: "agentTurn", message: "Think.", timeoutSeconds: 600 },
    });
    const job = async () => (await gateway.jobs()).find(({ name }) => name === "long") as JobWithState;
    await until("the job to run", async () => (await job())?.state?.runningAtMs !== undefined);
    await pod.mounts.config.publish({ "openclaw.json": textOf(port, "", "off") });
    await sidecar.waitFor(
      /^Config change held until the gateway has no work \(1 cron run\), .*: discovery\.mdns\.mode/,
    );
    expect(sidecar.messages().filter((message) => message.includes("when-idle"))).toEqual([
      "WARNING: --restart when-idle waits for cron runs only: OpenClaw dev does not tell of other work",
    ]);
    expect(await readFile(gateway.configPath, "utf8")).toContain('"full"');
    sidecar.signal("SIGUSR1");
    await sidecar.waitFor("Held config change goes in: a person lets it in");
    await sidecar.waitFor(COMPLETE);
  });
});
