// The built binary beside real gateways: one situation each. Every test has mounts of its own and an owner of
// its own, so that the jobs of one are foreign to the others.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { featuresOf } from "../../lib/gateway/features.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { RESTARTED_RELEASES, getRelease } from "../support/release.ts";
import { type Mounts, readMaybe, runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { REPOSITORY } from "../support/repository.ts";
import { runs } from "../support/soak.ts";

const PLAN_JOB = {
  name: "obsidian-vault-sync",
  description: "Sync Obsidian Vault every 15 minutes",
  schedule: "*/15 * * * *",
  command: "/bin/bash -c 'cd /home/node/ghq/github.com/boxp/obsidian-vault && git pull origin main'",
  timeout: 300,
  retry: 3,
};

/** In another zone than the gateway stores it; it takes at most ten years ahead. */
function inOneYear(): string {
  return `${new Date().getFullYear() + 1}-11-01T09:00:00+09:00`;
}

const COMPLETE = "Cron job sync complete";

/** The config has a loop, and lines, of its own. */
const aboutCron = (messages: readonly string[]) => messages.filter((message) => /cron/i.test(message));

describe.each([...RESTARTED_RELEASES])("beside OpenClaw %s", (version) => {
  const hasCommands = featuresOf(version, 3).commandPayload;
  // What only some releases can do is no test on the others, rather than one that is skipped.
  const testWithCommands = hasCommands ? test : () => undefined;
  const testWithoutCommands = hasCommands ? () => undefined : test;
  let gateway: TestGateway;
  let pod: Pod;
  let mounts: Mounts;

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version));
    await gateway.start();
  });
  afterAll(() => gateway.dispose());
  afterEach(() => pod.dispose());

  /** Mounts with these jobs and a config that the gateway starts with. */
  async function setUp(jobs: unknown = [], config: Record<string, unknown> = {}): Promise<void> {
    pod = await createPod(gateway);
    mounts = pod.mounts;
    await pod.publishConfig(config);
    await mounts.publishJobs(jobs);
  }

  const start = (more?: Record<string, string>) => pod.start(more);
  const sync = (...args: string[]) => pod.sync(...args);

  const ownJobs = () => pod.ownJobs();
  /** So many that a pass over them can be met in its middle, and more than a minute's worth for one connection. */
  const manyNames = (count: number) =>
    Array.from({ length: count }, (_, index) => `job ${String(index).padStart(3, "0")}`);

  const ownNames = async () => (await ownJobs()).map(({ name }) => name);

  test("phase 1: each swap of the config reaches the gateway, which reloads it by itself", async () => {
    await setUp([], { messages: { ackReaction: "1️⃣" } });
    const sidecar = start();
    const inPlace = "Config update complete (openclaw will auto-detect via chokidar)";
    // The first config is in place, and the gateway connected: what a change does is asked of it.
    await Promise.all([sidecar.waitFor(inPlace), sidecar.waitFor(COMPLETE)]);
    for (const ackReaction of ["2️⃣", "3️⃣", "4️⃣"]) {
      const before = sidecar.messages().length;
      const logged = gateway.log().length;
      const config = gateway.config({ messages: { ackReaction } });
      await mounts.config.publish({ "openclaw.json": config });
      await sidecar.waitFor(inPlace, before);
      expect(sidecar.messages().slice(before)).toContain(
        `  Changed: messages.ackReaction (${hasCommands ? "none" : "hot"})`,
      );
      expect(await readMaybe(gateway.configPath)).toBe(config);
      await until(
        "the gateway to reload messages.ackReaction",
        () => /reload.*messages\.ackReaction|messages\.ackReaction.*reload/.test(gateway.log().slice(logged)),
        { explain: () => gateway.log().slice(logged) },
      );
    }
  });

  test("phase 2: a job is added, changed in place and removed, as the ConfigMap says", async () => {
    await setUp([PLAN_JOB]);
    const sidecar = start();
    await sidecar.waitFor(COMPLETE);
    const [added] = await ownJobs();
    expect(added).toMatchObject({ name: "obsidian-vault-sync", enabled: true, sessionTarget: "isolated" });
    expect(added?.schedule).toMatchObject({ kind: "cron", expr: "*/15 * * * *" });
    expect(added?.payload).toMatchObject({ kind: hasCommands ? "command" : "agentTurn", timeoutSeconds: 300 });
    expect(JSON.stringify(added?.payload)).toContain("git pull origin main'");

    let from = sidecar.messages().length;
    await mounts.publishJobs([
      { ...PLAN_JOB, schedule: "*/20 * * * *" },
      { ...PLAN_JOB, name: "second" },
    ]);
    await sidecar.waitFor(COMPLETE, from);
    expect(sidecar.messages().slice(from)).toContain("Updating cron job: obsidian-vault-sync");
    const [changed, second] = await ownJobs();
    expect(changed).toMatchObject({ id: added?.id, schedule: { expr: "*/20 * * * *" } });
    expect(second?.name).toBe("second");

    from = sidecar.messages().length;
    await mounts.publishJobs([{ ...PLAN_JOB, name: "second" }]);
    await sidecar.waitFor(COMPLETE, from);
    expect(sidecar.messages().slice(from)).toContain("Removing cron job (no longer in ConfigMap): obsidian-vault-sync");
    expect(await ownNames()).toEqual(["second"]);
    expect(await readMaybe(join(mounts.staging, "cron-jobs.json"))).toContain('"second"');
  });

  test("phase 3: gateway and job store gone, a new gateway up: the jobs are back", async () => {
    await setUp([PLAN_JOB]);
    const sidecar = start();
    await sidecar.waitFor(COMPLETE);
    // 2026.9.6 ends when its config changes while it starts.
    await until("the config to be in place", () => readMaybe(join(mounts.checksums, "config")));
    await gateway.kill();
    await gateway.wipeState();
    await sidecar.waitFor(/^WARNING: Failed to sync cron jobs: .* cannot be reached/);
    const from = sidecar.messages().length;
    await gateway.start();
    await sidecar.waitFor(COMPLETE, from);
    expect(await ownNames()).toEqual(["obsidian-vault-sync"]);
  });

  testWithCommands("a command job really runs, with its text as data, and its output is seen", async () => {
    await setUp();
    const proof = join(mounts.root, "proof");
    const command = `printf '%s\\n' "it's $((6 * 7)) \\"quoted\\"" | tee -a '${proof}'`;
    await mounts.publishJobs([{ name: "prove", schedule: "0 0 1 1 *", command, retry: 2, timeout: 60 }]);
    await sync();
    const [job] = await ownJobs();
    await gateway.rpc("cron.run", { id: job?.id, mode: "force" });
    const ran = await until("the job to have run", async () => {
      const [live] = await ownJobs();
      const state = live?.state as { lastStatus?: string; lastDiagnosticSummary?: string } | undefined;
      return state?.lastStatus === undefined ? undefined : state;
    });
    expect(ran).toMatchObject({ lastStatus: "ok", lastDiagnosticSummary: `it's 42 "quoted"` });
    expect(await readMaybe(proof)).toBe(`it's 42 "quoted"\n`);
  });

  testWithCommands("a command with a PATH of its own finds its programs there", async () => {
    await setUp();
    const directory = join(mounts.root, "own bin");
    await mkdir(directory);
    await writeFile(join(directory, "only-here"), "#!/bin/sh\necho found\n", { mode: 0o755 });
    const env = { PATH: `${directory}:/usr/bin:/bin` };
    await mounts.publishJobs([{ name: "path", schedule: "0 0 1 1 *", command: "only-here", env, timeout: 60 }]);
    await sync();
    const [job] = await ownJobs();
    await gateway.rpc("cron.run", { id: job?.id, mode: "force" });
    const ran = await until("the job to have run", async () => {
      const [live] = await ownJobs();
      const state = live?.state as { lastStatus?: string; lastDiagnosticSummary?: string } | undefined;
      return state?.lastStatus === undefined ? undefined : state;
    });
    expect(ran).toMatchObject({ lastStatus: "ok", lastDiagnosticSummary: "found" });
    expect((await sync("--only", "cron")).at(-1)).toBe(COMPLETE);
    // What `openclaw cron add --command … --command-env PATH=…` makes is a login shell. It is adopted, and mended.
    const argv = ["sh", "-lc", "only-here"];
    const base = { schedule: { kind: "cron", expr: "0 0 1 1 *" }, sessionTarget: "isolated", wakeMode: "now" };
    const made = { ...base, name: "by hand", payload: { kind: "command", argv, env }, delivery: { mode: "none" } };
    const { id } = await gateway.rpc<{ id: string }>("cron.add", made);
    await mounts.publishJobs([{ name: "by hand", schedule: "0 0 1 1 *", command: "only-here", env }]);
    expect(await sync("--only", "cron")).toContain("Adopting cron job: by hand");
    const [adopted] = await ownJobs();
    expect(adopted).toMatchObject({ id, payload: { argv: ["sh", "-c", "only-here"], env } });
  });

  testWithCommands("a command that fails runs as often as retry says, and its exit status is the job's", async () => {
    await setUp();
    const count = join(mounts.root, "count");
    await mounts.publishJobs([
      { name: "fail", schedule: "0 0 1 1 *", command: `echo x >>'${count}'; exit 7`, retry: 2 },
    ]);
    await sync();
    const [job] = await ownJobs();
    await gateway.rpc("cron.run", { id: job?.id, mode: "force" });
    const failed = await until("the job to have failed", async () => {
      const [live] = await ownJobs();
      return (live?.state as { lastError?: string } | undefined)?.lastError;
    });
    expect(failed).toContain("7");
    expect(await readMaybe(count)).toBe("x\nx\nx\n");
  });

  testWithoutCommands("a command becomes an agent turn that asks for it word for word, with a WARNING", async () => {
    await setUp([PLAN_JOB]);
    const messages = await sync();
    expect(messages.join("\n")).toMatch(/^WARNING: obsidian-vault-sync runs as an agent turn and costs model tokens/m);
    const [job] = await ownJobs();
    expect(job?.payload.message).toContain(`\n${PLAN_JOB.command}\n`);
  });

  test("nothing is written when nothing differs", async () => {
    await setUp([
      PLAN_JOB,
      { name: "hourly", schedule: "0 * * * *", message: "Say hello" },
      { name: "interval", schedule: { kind: "every", everyMs: 3_600_000 }, message: "Say hello", model: "a/b" },
      { name: "once", schedule: { kind: "at", at: inOneYear() }, systemEvent: "Happy birthday" },
      { name: "zone", schedule: "0 7 * * *", tz: "Asia/Tokyo", message: "おはよう", delivery: { mode: "announce" } },
    ]);
    await sync();
    const before = await ownJobs();
    expect(before).toHaveLength(5);
    const messages = await sync();
    expect(messages).toEqual([expect.stringMatching(/^Connected to gateway: /), COMPLETE]);
    expect((await ownJobs()).map(({ id, updatedAtMs }) => [id, updatedAtMs])).toEqual(
      before.map(({ id, updatedAtMs }) => [id, updatedAtMs]),
    );
  });

  test("a field taken out of the definition goes out of the job, which keeps its id", async () => {
    await setUp();
    const bare = { name: "shrinking", schedule: "*/15 * * * *", command: "true" };
    const delivery = { mode: "announce", channel: "telegram", to: "123" };
    const full = { ...bare, description: "All of it", timeout: 30, cwd: "/tmp", env: { A: "1" }, tz: "UTC", delivery };
    await mounts.publishJobs([full]);
    await sync();
    const [before] = await ownJobs();
    await mounts.publishJobs([bare]);
    await sync();
    const [after] = await ownJobs();
    expect(after?.id).toBe(before?.id ?? "");
    expect(JSON.stringify(after)).not.toMatch(/All of it|timeoutSeconds|\/tmp|env|UTC|telegram/);
  });

  testWithCommands("what the gateway would keep of a job goes too, whether it has a key or was adopted", async () => {
    const route = { channel: "last", to: "1" };
    const full = {
      schedule: "*/15 * * * *",
      message: "Say hello",
      displayName: "Hello",
      sessionKey: "agent:main:hello",
      tools: ["read"],
      failureAlert: { after: 3, cooldownMs: 60_000 },
      delivery: { mode: "announce", failureDestination: route },
    };
    const bare = {
      schedule: "*/15 * * * *",
      message: "Say hello",
      failureAlert: { after: 3 },
      delivery: { mode: "announce", failureDestination: { channel: "last" } },
    };
    await setUp([
      { name: "keyed", ...full },
      { name: "adopted", ...full },
    ]);
    const { id } = await gateway.rpc<{ id: string }>("cron.add", {
      name: "adopted",
      schedule: { kind: "every", everyMs: 3_600_000 },
      sessionTarget: "isolated",
      wakeMode: "now",
      payload: { kind: "agentTurn", message: "By hand", timeoutSeconds: 7 },
      delivery: { mode: "none" },
    });
    await sync();
    await mounts.publishJobs([
      { name: "keyed", ...bare },
      { name: "adopted", ...bare },
    ]);
    await sync();
    for (const job of await ownJobs()) {
      expect(job).toMatchObject({ failureAlert: { after: 3 }, payload: { toolsAllow: ["*"] } });
      expect(JSON.stringify(job)).not.toMatch(/displayName|sessionKey|cooldownMs|"to"|timeoutSeconds/);
    }
    expect((await ownJobs()).map((job) => job.id)).toContain(id);
    expect(await sync()).toEqual([expect.stringMatching(/^Connected to gateway: /), COMPLETE]);
  });

  test("a job that nobody claims is adopted with its id; those of others stay as they are", async () => {
    await setUp();
    const base = { sessionTarget: "isolated", wakeMode: "now", delivery: { mode: "none" } };
    const turn = (message: string) => ({ kind: "agentTurn", message });
    const schedule = { kind: "cron", expr: "5 4 * * *" };
    const add = (job: object) => gateway.rpc<{ id: string }>("cron.add", { ...base, schedule, ...job });
    const adoptable = await add({ name: "report", payload: turn("old"), description: "By hand" });
    await add({ name: "theirs", payload: turn("x"), description: "Not ours [managed-by=somebody]" });
    await add({ name: "reminder", payload: turn("Remind me") });
    const foreign = async () => (await gateway.jobs()).filter(({ name }) => name === "theirs" || name === "reminder");
    const before = await foreign();

    await mounts.publishJobs([
      { name: "report", schedule: "5 4 * * *", message: "new" },
      { name: "theirs", schedule: "5 4 * * *", message: "ours" },
    ]);
    const messages = await sync();
    expect(messages).toContain("Adopting cron job: report");
    expect(messages).toContain("Adding cron job: theirs");
    expect((await ownJobs()).find(({ name }) => name === "report")?.id).toBe(adoptable.id);

    await mounts.publishJobs([]);
    await sync();
    expect(await ownNames()).toEqual([]);
    expect(await foreign()).toEqual(before);
    for (const { id } of before) await gateway.rpc("cron.remove", { id });
  });

  test("of ten jobs of which one is refused, nine are there, and the pass is no success", async () => {
    await setUp();
    const tooFar = { kind: "at", at: "2099-01-01T00:00:00Z" }; // ten years is what a gateway takes
    const jobs = Array.from({ length: 10 }, (_, index) => ({
      name: `job ${index}`,
      schedule: index === 4 ? tooFar : "*/15 * * * *",
      message: "Say hello",
    }));
    await mounts.publishJobs(jobs);
    const sidecar = start();
    const refused = await sidecar.waitFor(/^WARNING: Failed to add cron job: job 4: /);
    expect(refused).toContain("10 years");
    await until("the other nine", async () => (await ownNames()).length === 9);
    expect(sidecar.messages()).not.toContain(COMPLETE);
    expect(await readMaybe(join(mounts.checksums, "cron"))).toBeUndefined();

    const from = sidecar.messages().length;
    await mounts.publishJobs(jobs.map((job) => ({ ...job, schedule: "*/15 * * * *" })));
    await sidecar.waitFor(COMPLETE, from);
    expect((await ownNames()).toSorted()).toEqual(jobs.map(({ name }) => name));
  });

  test("a broken definition file changes nothing, is told once, and is followed again when mended", async () => {
    await setUp([PLAN_JOB]);
    const sidecar = start();
    await sidecar.waitFor(COMPLETE);

    let from = sidecar.messages().length;
    await mounts.publishJobs([
      { ...PLAN_JOB, shedule: "1 * * * *", retry: "3" },
      { name: "x", command: "true" },
    ]);
    await sidecar.waitFor(/^WARNING: Cron config rejected: .*x: schedule: is required$/, from);
    sidecar.signal("SIGHUP");
    await mounts.cron.publish({ "cron-jobs.json": '[{"name": "half' });
    await sidecar.waitFor("WARNING: Cron config rejected: cron-jobs.json: invalid end of input at 1:16", from);
    const warnings = sidecar
      .messages()
      .slice(from)
      .filter((line) => line.startsWith("WARNING"));
    expect(warnings).toEqual([
      "WARNING: Cron config rejected: cron-jobs.json: obsidian-vault-sync: shedule: unknown field, did you mean schedule?",
      "WARNING: Cron config rejected: cron-jobs.json: obsidian-vault-sync: retry: expected a number but received other text",
      "WARNING: Cron config rejected: cron-jobs.json: x: schedule: is required",
      "WARNING: Cron config rejected: cron-jobs.json: invalid end of input at 1:16",
    ]);
    expect(await ownNames()).toEqual(["obsidian-vault-sync"]);
    expect(await readMaybe(join(mounts.staging, "cron-jobs.json"))).toContain("*/15 * * * *");

    from = sidecar.messages().length;
    await mounts.publishJobs([{ ...PLAN_JOB, name: "mended" }]);
    await sidecar.waitFor(COMPLETE, from);
    expect(await ownNames()).toEqual(["mended"]);
  });

  test("a config goes in while a long pass over the jobs goes on", async () => {
    await setUp();
    const sidecar = start();
    await sidecar.waitFor(COMPLETE);
    const from = sidecar.messages().length;
    await mounts.publishJobs(manyNames(60).map((name) => ({ name, schedule: "0 3 1 1 *", message: "Say hello" })));
    await sidecar.waitFor("Adding cron job: job 010", from);
    await pod.publishConfig({ messages: { ackReaction: "🐌" } });
    await sidecar.waitFor(COMPLETE, from);
    const messages = sidecar.messages().slice(from);
    const place = (line: string) => messages.indexOf(line);
    expect(place("Config update complete (openclaw will auto-detect via chokidar)")).toBeGreaterThan(-1);
    expect(place("Config update complete (openclaw will auto-detect via chokidar)")).toBeLessThan(place(COMPLETE));
    expect(place("  Progress: 50 of 60")).toBeGreaterThan(-1);
    await mounts.publishJobs([]);
    await sync("--allow-mass-removal");
  });

  test("SIGTERM in the middle of a pass ends it cleanly, and the next sidecar does the rest", async () => {
    const names = manyNames(40);
    await setUp(names.map((name) => ({ name, schedule: "0 3 1 1 *", message: "Say hello" })));
    const first = start();
    await first.waitFor("Adding cron job: job 003");
    first.signal("SIGTERM");
    expect(await first.exited).toBe(0);
    expect(aboutCron(first.messages()).at(-1)).toMatch(/^Adding cron job: /);
    expect((await ownNames()).length).toBeLessThan(names.length);
    const second = start();
    await second.waitFor(COMPLETE);
    expect((await ownNames()).toSorted()).toEqual(names);
  });

  test("the config gets through while no gateway answers, and jobs follow when one does", async () => {
    await setUp([PLAN_JOB], { messages: { ackReaction: "🆕" } });
    await gateway.kill();
    const config = gateway.config({ messages: { ackReaction: "🆕" } });
    const sidecar = start();
    await sidecar.waitFor(`Config copied to PVC: ${gateway.configPath}`);
    expect(await readMaybe(gateway.configPath)).toBe(config);
    await sidecar.waitFor("Waiting for openclaw main process to start...");
    await gateway.start();
    await sidecar.waitFor("Main process detected");
    await sidecar.waitFor(COMPLETE);
    expect(await ownNames()).toEqual(["obsidian-vault-sync"]);
  });

  test("a job removed behind our back is back at once, and the log calls it no config change", async () => {
    await setUp([PLAN_JOB]);
    const sidecar = start({ POLL_INTERVAL: "3600" });
    await sidecar.waitFor(COMPLETE);
    const [job] = await ownJobs();
    const from = sidecar.messages().length;
    await gateway.rpc("cron.remove", { id: job?.id });
    await sidecar.waitFor(COMPLETE, from);
    expect(aboutCron(sidecar.messages().slice(from))[0]).toBe("Adding cron job: obsidian-vault-sync");
    expect(await ownNames()).toEqual(["obsidian-vault-sync"]);
  });

  test("a wrong token is told once, with what to do and without the token; the config is followed all the same", async () => {
    await setUp([PLAN_JOB]);
    const sidecar = start({ OPENCLAW_GATEWAY_TOKEN: "wrong-secret" });
    const warning = await sidecar.waitFor(/^WARNING: Failed to sync cron jobs: .*does not let us in/);
    expect(warning).toContain("OPENCLAW_GATEWAY_TOKEN");
    sidecar.signal("SIGHUP");
    const config = gateway.config({ messages: { ackReaction: "🔑" } });
    await mounts.config.publish({ "openclaw.json": config });
    await sidecar.waitFor("Config update complete (openclaw will auto-detect via chokidar)");
    const output = sidecar.messages().join("\n");
    expect(output.match(/does not let us in/g)).toHaveLength(1);
    expect(output).not.toContain("wrong-secret");
  });

  test("the openclaw CLI is another way to the same jobs", async () => {
    await setUp();
    // Without its cache, 2026.2.9 takes 40 s of processor time for each call.
    const compiled = { JITI_FS_CACHE: "true" };
    const cli = pod.environment({ ...gateway.environment, ...compiled, CONFIG_MANAGER_TRANSPORT: "cli" });
    const pass = () => runBinary(["sync", "--only", "cron"], cli);
    const message = `-quoted "text", $(not run) and 'more'\nin two lines`;
    await mounts.publishJobs([
      PLAN_JOB,
      { name: "-dash", schedule: "0 7 * * *", tz: "Asia/Tokyo", message, timeout: 60 },
    ]);
    expect((await pass()).messages).toEqual([
      `Cron config change detected in ${mounts.cron.path}/cron-jobs.json`,
      "Adding cron job: obsidian-vault-sync",
      ...(hasCommands ? [] : [expect.stringMatching(/^WARNING: .* costs model tokens/)]),
      "Adding cron job: -dash",
      COMPLETE,
    ]);
    const [, dash] = await ownJobs();
    expect(dash).toMatchObject({
      name: "-dash",
      schedule: { tz: "Asia/Tokyo" },
      payload: { message, timeoutSeconds: 60 },
    });
    expect(dash).toMatchObject({ delivery: { mode: "none" } });

    // What the CLI has written is what the gateway transport would have.
    expect(await sync("--only", "cron")).toEqual([expect.stringMatching(/^Connected to gateway: /), COMPLETE]);

    await mounts.publishJobs([{ name: "-dash", schedule: "0 7 * * *", message, timeout: 60 }]);
    expect((await pass()).messages.slice(1)).toEqual([
      "Updating cron job: -dash",
      "Removing cron job (no longer in ConfigMap): obsidian-vault-sync",
      COMPLETE,
    ]);
    const left = await ownJobs();
    expect(left).toMatchObject([{ id: dash?.id, schedule: { kind: "cron", expr: "0 7 * * *" }, payload: { message } }]);
    expect(left[0]?.schedule.tz).toBeUndefined();
  });

  test("the sources do the same under Deno", async () => {
    await setUp([PLAN_JOB]);
    const deno = resolve(REPOSITORY, "node_modules/deno/deno");
    const script = resolve(REPOSITORY, "manager.ts");
    const args = ["run", "--allow-all", "--cached-only", "--no-lock", script, "sync"];
    const { exitCode, messages, stderr } = await runBinary(args, pod.environment({ NO_COLOR: "1" }), [deno]);
    expect(stderr).toBe("");
    expect(messages.at(-1)).toBe(COMPLETE);
    expect(exitCode).toBe(0);
    expect(await ownNames()).toEqual(["obsidian-vault-sync"]);
    expect(await sync()).toEqual([expect.stringMatching(/^Connected to gateway: /), COMPLETE]);
  });

  test("a token that is rotated while it runs is read anew", async () => {
    await setUp([PLAN_JOB]);
    const tokenFile = join(mounts.root, "token");
    await writeFile(tokenFile, "yesterday's");
    const sidecar = start({ OPENCLAW_GATEWAY_TOKEN_FILE: tokenFile });
    await sidecar.waitFor(/^WARNING: Failed to sync cron jobs: .*does not let us in/);
    await writeFile(tokenFile, `${gateway.token}\n`);
    sidecar.signal("SIGHUP");
    await sidecar.waitFor(COMPLETE);
    expect(await ownNames()).toEqual(["obsidian-vault-sync"]);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s ends the sidecar with exit code 0, idle or waiting", async (signal) => {
    await setUp();
    const idle = start();
    await idle.waitFor(COMPLETE);
    idle.signal(signal);
    expect(await idle.exited).toBe(0);
    const waiting = start({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" });
    await waiting.waitFor(/^ {2}Not yet: /);
    waiting.signal(signal);
    expect(await waiting.exited).toBe(0);
  });

  // The last one here: each write takes the newest release the longer, the more jobs it holds.
  test("many jobs, and a gateway that is killed in the middle: in the end each is there once", async () => {
    await setUp();
    const names = manyNames(runs(400));
    const sidecar = start();
    await sidecar.waitFor(COMPLETE);
    await mounts.publishJobs(names.map((name) => ({ name, schedule: "0 3 1 1 *", message: "Say hello" })));
    await sidecar.waitFor(`Adding cron job: ${names[names.length / 2]}`);
    await gateway.kill();
    await sidecar.waitFor(/^WARNING: Failed to (add cron job: job \d+|sync cron jobs): /);
    const from = sidecar.messages().length;
    await gateway.start();
    await sidecar.waitFor(COMPLETE, from);
    expect((await ownNames()).toSorted()).toEqual(names);
  });
});
