// What becomes of runs, told by `status` and `doctor` beside real gateways: a run that was skipped, one whose result was
// not delivered, and a gateway that runs no job at all.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import type { Diagnosis } from "../../lib/commands/doctor.ts";
import type { JobStatus } from "../../lib/cron/job-status.ts";
import { featuresOf } from "../../lib/gateway/features.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { RESTARTED_RELEASES, getRelease } from "../support/release.ts";
import { runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

interface StatusJson {
  healthy: boolean;
  config: { state: string };
  cron: { state: string; problems: string[] };
  jobs: JobStatus[];
}

/** Without a heartbeat, an event that is to wake the agent is skipped. */
const QUIET = { agents: { defaults: { heartbeat: { every: "0m" } } } };
const OFF = /^WARNING: Cron jobs do not run: the gateway's cron scheduler is off/;

describe.each([...RESTARTED_RELEASES])("beside OpenClaw %s", (version) => {
  const hasCommands = featuresOf(version, 3).commandPayload;
  /** Before, a gateway goes on telling what it started with. */
  const tellsAtOnce = version >= "2026.4";
  let gateway: TestGateway;
  let pod: Pod;

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version));
    await writeFile(gateway.configPath, gateway.config(QUIET));
    await gateway.start();
  });
  afterAll(() => gateway.dispose());
  afterEach(() => pod.dispose());

  async function setUp(jobs: object[], config: Record<string, unknown>): Promise<void> {
    pod = await createPod(gateway);
    await pod.publishConfig(config);
    await pod.mounts.publishJobs(jobs);
  }

  const ask = async (command: "status" | "doctor") => {
    const { exitCode, stdout } = await runBinary([command, "--json"], pod.environment());
    return { exitCode, json: JSON.parse(stdout) as unknown };
  };
  const readStatus = async () => (await ask("status")).json as StatusJson;

  // 2026.9.6 runs such an event all the same, and 2026.2.9 has no commands, whose results are delivered without a model.
  test.each([
    hasCommands
      ? {
          what: "not delivered",
          job: { command: "echo done", delivery: { mode: "announce", channel: "telegram", to: "1" } },
          told: {
            lastStatus: "ok",
            lastDeliveryStatus: "not-delivered",
            lastReason: expect.stringMatching(/telegram/i),
          },
          said: /^the result of the last run was not delivered: job \(.*telegram/i,
        }
      : {
          what: "skipped",
          job: { systemEvent: "Wake up.", session: "main" },
          told: { lastStatus: "skipped", lastDeliveryStatus: null, lastReason: "disabled" },
          said: /^skipped at the last run: job \(disabled\)$/,
        },
  ])("a run that was $what is told with the reason, and makes nothing unhealthy", async ({ job, told, said }) => {
    await setUp([{ name: "job", schedule: "0 3 1 1 *", ...job }], QUIET);
    await pod.sync();
    for (const { id } of await pod.ownJobs()) await gateway.rpc("cron.run", { id, mode: "force" });
    const readJob = async () => (await readStatus()).jobs.find(({ owned }) => owned);
    await until("the job to have run", async () => ((await readJob())?.lastStatus ?? null) !== null);
    expect(await readJob()).toMatchObject(told);
    expect((await readStatus()).healthy).toBe(true);
    const { checks } = (await ask("doctor")).json as Diagnosis;
    const { state, detail } = checks.find(({ name }) => name === "job runs") ?? {};
    expect([state, detail]).toEqual(["warning", expect.stringMatching(said)]);
  });

  /** Lets the gateway run on what was published last. */
  async function takeEffect(): Promise<void> {
    if (tellsAtOnce) return;
    const isDelivered = async () => (await readStatus()).config.state === "in-sync";
    await until("the config to be in place", isDelivered);
    await gateway.kill();
    await gateway.start();
  }

  test("a scheduler that Git turns off is told once, and status says so until it is on again", async () => {
    await setUp([{ name: "nightly", schedule: "0 3 1 1 *", message: "Look around." }], QUIET);
    const sidecar = pod.start({ POLL_INTERVAL: "1" });
    await sidecar.waitFor("Cron job sync complete");
    expect(await readStatus()).toMatchObject({ healthy: true, cron: { problems: [] } });

    await pod.publishConfig({ ...QUIET, cron: { enabled: false } });
    await takeEffect();
    await sidecar.waitFor(OFF);
    await until("status to say so", async () => {
      const { exitCode, json } = await ask("status");
      const { cron } = json as StatusJson;
      return exitCode === 1 && cron.state === "failed" && cron.problems[0]?.includes("scheduler is off");
    });

    await pod.publishConfig(QUIET);
    await takeEffect();
    await until("the scheduler to be on again", async () => (await readStatus()).healthy);
    expect(sidecar.messages().filter((line) => OFF.test(line))).toHaveLength(1);
  });
});
