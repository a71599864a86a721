// A Job with the same ConfigMaps mounted waits for a sidecar beside a real gateway: one situation each.

import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { approvalsOf } from "../support/approvals.ts";
import { findFreePort } from "../support/free-port.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod, forgetRecords } from "../support/pod.ts";
import { type Running, start } from "../support/process.ts";
import { getRelease } from "../support/release.ts";
import { BINARY, type Mounts, type Sidecar, createMounts, readMaybe } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { type Volume, createVolume } from "../support/volume.ts";

const JOB = { name: "backup", schedule: "0 3 1 1 *", command: "true" };
/** Taken by no release. */
const BAD = { messages: { nonsenseKey: "s3cret-value" } };
/** Restarts a gateway. */
const RESTARTING = { discovery: { mdns: { mode: "off" } } };

interface View {
  valid: boolean;
  configRevisionHash?: string;
  appliedConfigHash?: string;
}

describe.each(["2026.9.6", "2026.2.9"])("wait, beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let pod: Pod;
  let job: Mounts;
  let sidecar: Sidecar;
  let port: number;

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version));
    await gateway.start();
  });
  afterAll(() => gateway.dispose());
  beforeEach(async () => {
    [pod, job, port] = [await createPod(gateway), await createMounts(), await findFreePort()];
    await publish({});
  });
  afterEach(async () => {
    await pod.dispose();
    await job.dispose();
    for (const { id, name } of await gateway.jobs()) {
      if (name === JOB.name) await gateway.rpc("cron.remove", { id });
    }
    await forgetRecords(gateway);
  });

  /** The same commit in both Pods, unless `only` names one of the volumes, or the Job alone. */
  async function publish(
    more: Record<string, unknown>,
    definition: object = JOB,
    only?: "config" | "cron",
  ): Promise<void> {
    const files = { "openclaw.json": gateway.config(more) };
    if (only !== "cron") await pod.mounts.config.publish(files);
    if (only !== "config") await pod.mounts.publishJobs([definition]);
    await job.config.publish(files);
    await job.publishJobs([definition]);
  }

  const startSidecar = (more: Record<string, string> = {}) => {
    const env = { CONFIG_MANAGER_HTTP_PORT: String(port), OPENCLAW_GATEWAY_TOKEN: gateway.token, ...more };
    sidecar = pod.start(env);
  };

  function startWait(timeout: number, more: Record<string, string> = {}): Running {
    const env = job.environment({ OPENCLAW_GATEWAY_TOKEN: gateway.token, ...more });
    return start(BINARY, ["wait", "--url", `http://127.0.0.1:${port}`, "--timeout", String(timeout)], { env });
  }

  async function wait(timeout = 170, more: Record<string, string> = {}) {
    const running = startWait(timeout, more);
    const ended = await running.exited;
    const output = `${ended.stdout}${ended.stderr}`;
    for (const secret of [gateway.token, "s3cret-value"]) expect(output).not.toContain(secret);
    return {
      ...ended,
      lines: ended.stderr.split("\n").slice(0, -1),
      explain: `${output}${sidecar.messages().join("\n")}`,
    };
  }

  const isOfLine = (running: Running, line: RegExp) =>
    until(`the line ${line}`, () => line.test(running.output()), { explain: running.output });

  test("ends with 0 once both are in force: at first, and after a commit that restarts the gateway", async () => {
    startSidecar();
    const first = await wait();
    expect([first.exitCode, first.stdout]).toEqual([0, "In force: config, cron\n"]);
    expect(first.lines).toContainEqual(expect.stringMatching(/^config: in force \(md5 [0-9a-f]{12}\)$/));
    expect(first.lines).toContainEqual(expect.stringMatching(/^cron: in force \(md5 [0-9a-f]{12}\)$/));
    expect((await pod.ownJobs()).map(({ name }) => name)).toEqual([JOB.name]);

    await publish(RESTARTING, { ...JOB, schedule: "0 4 1 1 *" });
    const second = await wait();
    expect({ exitCode: second.exitCode, stdout: second.stdout, explain: second.explain }).toMatchObject({
      exitCode: 0,
      stdout: "In force: config, cron\n",
    });
    expect(await readMaybe(gateway.configPath)).toContain("mdns");
    const view = await gateway.rpc<View>("config.get");
    expect(view.valid).toBeTrue();
    expect(view.appliedConfigHash).toBe(view.configRevisionHash as string);
    expect((await pod.ownJobs()).map(({ schedule }) => schedule)).toMatchObject([{ expr: "0 4 1 1 *" }]);
  });

  test("ends with 1 at a refusal, with file, path and message, and the next commit is in force", async () => {
    startSidecar();
    await publish(BAD);
    const { exitCode, stdout, lines } = await wait();
    expect(stdout).toMatch(/^config: openclaw\.json: messages: Unrecognized key.*nonsenseKey.*\n$/);
    expect([exitCode, lines.at(-1)]).toEqual([1, "error: rejected: config"]);
    await publish({}, { ...JOB, schedule: "every day" });
    const second = await wait();
    expect(second.stdout).toMatch(/^cron: cron-jobs\.json: backup: schedule: .+\n/);
    expect([second.exitCode, second.lines.at(-1)]).toEqual([1, "error: rejected: cron"]);
    await publish({});
    expect((await wait()).exitCode).toBe(0);
  });

  test("waits for the one of two volumes that is not swapped yet", async () => {
    startSidecar();
    expect((await wait()).exitCode).toBe(0);
    await publish({ messages: { ackReaction: "a" } }, { ...JOB, schedule: "0 5 1 1 *" }, "config");
    const waiting = startWait(170);
    await isOfLine(waiting, /^config: in force /m);
    await isOfLine(
      waiting,
      /^cron: not in force yet: the sidecar has md5 [0-9a-f]{12}, and here is md5 [0-9a-f]{12}$/m,
    );
    await pod.mounts.publishJobs([{ ...JOB, schedule: "0 5 1 1 *" }]);
    const { exitCode, stdout } = await waiting.exited;
    expect([exitCode, stdout]).toEqual([0, "In force: config, cron\n"]);
  });

  test("ends with 2 where the sidecar is away, and with 1 with a wrong token", async () => {
    startSidecar();
    expect((await wait()).exitCode).toBe(0);
    const wrong = await wait(1, { OPENCLAW_GATEWAY_TOKEN: "another" });
    expect([wrong.exitCode, wrong.lines.at(-2)]).toEqual([
      1,
      `error: http://127.0.0.1:${port}/status does not accept the gateway token of this container`,
    ]);
    await sidecar.dispose();
    const away = await wait(1);
    expect(away.exitCode).toBe(2);
    const reason = `not in force after 1 s: http://127.0.0.1:${port}/status does not answer: ECONNREFUSED`;
    expect(away.lines.slice(-3, -1)).toEqual([`error: config: ${reason}`, `error: cron: ${reason}`]);
  });

  test("waits while something else has changed the live file, and names the paths", async () => {
    startSidecar();
    expect((await wait()).exitCode).toBe(0);
    await publish({ messages: { ackReaction: "b" } });
    expect((await wait()).exitCode).toBe(0);
    await writeFile(gateway.configPath, gateway.config({ messages: { ackReaction: "by-hand" } }));
    sidecar.signal("SIGHUP");
    await sidecar.waitFor(/^WARNING: Config drift: /);
    const waiting = startWait(170);
    await isOfLine(
      waiting,
      /^config: not in force yet: drifted: .* was changed by something else: messages\.ackReaction$/m,
    );
    await publish({ messages: { ackReaction: "c" } });
    expect((await waiting.exited).exitCode).toBe(0);
  });

  test("waits for workspace files and exec approvals, and ends with 1 where these are refused", async () => {
    const trees: Volume[] = [];
    for (const { root } of [pod.mounts, job]) trees.push(await createVolume(join(root, "workspace.d")));
    const [ofPod, ofJob] = trees as [Volume, Volume];
    const publishAll = async (text: string, approvals: string, also: boolean) => {
      const files = { "openclaw.json": gateway.config({}), "exec-approvals.json": approvals };
      for (const mounts of [pod.mounts, job]) await mounts.config.publish(files);
      for (const tree of also ? trees : [ofJob]) await tree.publish({ "AGENTS.md": text });
    };
    const inJob = { WORKSPACE_DIR: ofJob.path };
    await publishAll("one", approvalsOf(["/usr/bin/uptime"]), true);
    startSidecar({ WORKSPACE_DIR: ofPod.path });
    const first = await wait(170, inJob);
    const all = "In force: config, cron, workspace, approvals\n";
    expect(first).toMatchObject({ exitCode: 0, stdout: all });
    const file = join(dirname(gateway.configPath), "workspace", "AGENTS.md");
    expect(await readFile(file, "utf8")).toBe("one");
    const { file: live } = await gateway.rpc<{ file: unknown }>("exec.approvals.get");
    expect(JSON.stringify(live)).toContain("/usr/bin/uptime");

    await publishAll("two", approvalsOf(["/usr/bin/who"]), false);
    const waiting = startWait(170, inJob);
    await isOfLine(waiting, /^approvals: in force /m);
    await isOfLine(waiting, /^workspace: not in force yet: the sidecar has md5 \S+, and here is md5 \S+$/m);
    await ofPod.publish({ "AGENTS.md": "two" });
    expect(await waiting.exited).toMatchObject({ exitCode: 0, stdout: all });
    expect(await readFile(file, "utf8")).toBe("two");

    await publishAll("two", approvalsOf([], { security: "s3cret-value" }), true);
    const refused = await wait(170, inJob);
    expect(refused.stdout).toMatch(/^approvals: exec-approvals\.json: agents\.main\.security: .+\n$/);
    expect([refused.exitCode, refused.lines.at(-1)]).toEqual([1, "error: rejected: approvals"]);

    await publishAll("two", JSON.stringify({ version: 1 }), true);
    expect(await wait(170, inJob)).toMatchObject({ exitCode: 0, stdout: all });
  });

  test("waits while the gateway is down, and ends once it runs on what is mounted", async () => {
    startSidecar();
    expect((await wait()).exitCode).toBe(0);
    await gateway.kill();
    await publish({ messages: { ackReaction: "d" } }, { ...JOB, schedule: "0 6 1 1 *" });
    const waiting = startWait(170);
    await isOfLine(waiting, /^config: not in force yet: pending: no gateway answers$/m);
    await isOfLine(waiting, /^cron: not in force yet: failed: .*cannot be reached/m);
    await gateway.startAsKubelet();
    const { exitCode, stdout } = await waiting.exited;
    expect([exitCode, stdout]).toEqual([0, "In force: config, cron\n"]);
    expect((await pod.ownJobs()).map(({ schedule }) => schedule)).toMatchObject([{ expr: "0 6 1 1 *" }]);
  });
});
