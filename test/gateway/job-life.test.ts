// What becomes of a job that the gateway itself changes: it writes the default agent into it, turns it off when it has
// run once, and counts its interval from when it was made.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { LiveJob } from "../../lib/gateway/job.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { RESTARTED_RELEASES, getRelease } from "../support/release.ts";
import { until } from "../support/until.ts";

/** As people have it: one of several agents is marked as the default one, which is not the first. */
const CONFIG = {
  agents: {
    defaults: { model: { primary: "anthropic/claude-opus-4-6" }, workspace: "/home/node/.openclaw/workspace" },
    list: [
      { id: "work", identity: { name: "Work" } },
      { id: "main", default: true, identity: { name: "Molty" } },
    ],
  },
  channels: { telegram: { enabled: false, botToken: "${TELEGRAM_BOT_TOKEN:-none}", dmPolicy: "pairing" } },
};

describe.each([...RESTARTED_RELEASES])("beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let pod: Pod;

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version), { TELEGRAM_BOT_TOKEN: "1:none" });
    await Bun.write(gateway.configPath, gateway.config(CONFIG));
    await gateway.start();
  });
  afterAll(() => gateway.dispose());
  afterEach(() => pod.dispose());

  async function setUp(jobs: unknown): Promise<void> {
    pod = await createPod(gateway);
    await pod.mounts.publishJobs(jobs);
  }

  async function syncJobs(jobs?: unknown): Promise<string[]> {
    if (jobs !== undefined) await pod.mounts.publishJobs(jobs);
    return (await pod.sync("--only", "cron")).filter((message) => /^(Adding|Updating|Removing|WARNING)/.test(message));
  }

  const stateOf = (job: LiveJob | undefined) => (job as { state?: Record<string, number> } | undefined)?.state ?? {};
  async function onlyJob(): Promise<LiveJob> {
    const [job, ...others] = await pod.ownJobs();
    if (!job || others.length > 0) throw new Error(`${others.length} jobs more than one`);
    return job;
  }

  test("a job that declares no agent is written once, though the gateway names the default one in it", async () => {
    const nobody = { name: "of nobody", schedule: "0 3 1 1 *", message: "Say hi" };
    const main = { name: "of the main session", schedule: "0 3 1 1 *", systemEvent: "Say hi" };
    const work = { ...nobody, name: "of work" };
    const jobs = [nobody, main, { ...work, agent: "work" }];
    await setUp(jobs);
    expect(await syncJobs()).toEqual(jobs.map(({ name }) => `Adding cron job: ${name}`));
    expect(await syncJobs()).toEqual([]);
    await gateway.kill();
    await gateway.start();
    expect(await syncJobs()).toEqual([]);
    expect(await syncJobs([nobody, main, work])).toEqual(["Updating cron job: of work"]);
    expect(await syncJobs()).toEqual([]);
    await syncJobs([nobody]);
  });

  test("a one-shot that has run runs again once its moment is moved", async () => {
    const shotIn = (ms: number) => ({
      name: "once",
      schedule: { kind: "at", at: new Date(Date.now() + ms).toISOString() },
      systemEvent: "Remember the milk",
      deleteAfterRun: false,
    });
    const runOnce = async () => {
      await until("the job to run", async () => {
        const job = await onlyJob();
        return stateOf(job).lastRunAtMs !== undefined && stateOf(job).runningAtMs === undefined;
      });
      const { id, enabled } = await onlyJob();
      expect(enabled).toBe(false);
      return id;
    };
    await setUp([shotIn(5_000)]);
    expect(await syncJobs()).toEqual(["Adding cron job: once"]);
    const first = await runOnce();
    expect(await syncJobs()).toEqual([]);

    expect(await syncJobs([shotIn(6_000)])).toEqual(["Adding cron job: once"]);
    const second = await runOnce();
    expect(second).not.toBe(first);

    const later = { ...shotIn(0), schedule: { kind: "at", at: `${new Date().getFullYear() + 1}-01-31T09:00:00.000Z` } };
    expect(await syncJobs([later])).toEqual(["Adding cron job: once"]);
    expect(await syncJobs()).toEqual([]);
    expect(await onlyJob()).toMatchObject({ enabled: true, schedule: later.schedule });
    expect(stateOf(await onlyJob()).nextRunAtMs).toBe(Date.parse(later.schedule.at));
    await syncJobs([]);
  });

  test("a job that has run runs once more when it becomes a one-shot", async () => {
    const job = { name: "now and then", systemEvent: "Remember the milk", deleteAfterRun: false };
    await setUp([{ ...job, deleteAfterRun: undefined, schedule: "0 3 1 1 *" }]);
    await syncJobs();
    const { id } = await onlyJob();
    await gateway.rpc("cron.run", { id, mode: "force" });
    await until("it to have run", async () => stateOf(await onlyJob()).lastRunAtMs !== undefined);
    await until("the run to end", async () => stateOf(await onlyJob()).runningAtMs === undefined);

    const at = new Date(Date.now() + 6_000).toISOString();
    expect(await syncJobs([{ ...job, schedule: { kind: "at", at } }])).toEqual(["Adding cron job: now and then"]);
    await until("it to run at its moment", async () => (stateOf(await onlyJob()).lastRunAtMs ?? 0) >= Date.parse(at));
    await syncJobs([]);
  });

  test("an interval goes on as it was when another field is taken out", async () => {
    const job = { name: "by hand", schedule: { kind: "every", everyMs: 86_400_000 }, message: "Say hi" };
    await setUp([]);
    await gateway.rpc("cron.add", {
      name: job.name,
      schedule: job.schedule,
      payload: { kind: "agentTurn", message: "Say hi", model: "anthropic/claude-opus-4-6" },
      sessionTarget: "isolated",
      wakeMode: "now",
      delivery: { mode: "none" },
    });
    expect(await syncJobs([{ ...job, model: "anthropic/claude-opus-4-6" }])).toEqual([]);
    const before = await onlyJob();
    expect(before.schedule.anchorMs).toBeNumber();
    expect(await syncJobs([job])).toEqual(["Updating cron job: by hand"]);
    const after = await onlyJob();
    expect(after.payload).not.toHaveProperty("model");
    expect(after).toMatchObject({ id: before.id, schedule: before.schedule });
    expect(stateOf(after).nextRunAtMs).toBe(stateOf(before).nextRunAtMs);
    await syncJobs([]);
  });
});
