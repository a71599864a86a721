// Job stores as people have them: fields of old releases, of other tools and of their own, on gateways that load them.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LiveJob } from "../../lib/gateway/job.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { mustRun } from "../support/process.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { runBinary } from "../support/sidecar.ts";

const turn = (more: object = {}) => ({ payload: { kind: "agentTurn", message: "hi", ...more } });
const event = (more: object = {}) => ({
  sessionTarget: "main",
  payload: { kind: "systemEvent", text: "hi", ...more },
  delivery: undefined,
});

/** What differs from a plain job, by its name. */
const STORE: Record<string, object> = {
  plain: {},
  "no wakeMode": { wakeMode: undefined },
  "no wakeMode, in main": { ...event(), wakeMode: undefined },
  "no sessionTarget": { sessionTarget: undefined },
  "no delivery": { delivery: undefined },
  "no switch": { enabled: undefined },
  nulls: { ...turn({ model: null, thinking: null, timeoutSeconds: null }), agentId: null, description: null },
  notify: { notify: true },
  isolation: { isolation: { postToMainPrefix: "Cron" } },
  "fields on top": {
    tags: ["a"],
    priority: 1,
    runCount: 3,
    lastRunAtMs: 1,
    owner: { agentId: "main" },
    retry: { max: 3 },
  },
  "a delivery on top": { channel: "telegram", to: "123" },
  "a delivery in the payload": { ...turn({ deliver: true, channel: "telegram", to: "1" }), delivery: undefined },
  "a channel in both": turn({ channel: "telegram" }),
  "a channel in the payload": { ...turn({ channel: "telegram" }), delivery: { mode: "announce" } },
  "fields of the payload": turn({ prompt: "x", text: "old" }),
  "fields of the payload, as on top": turn({ session: "x", sessionKey: "a", agentId: "other", description: "no" }),
  "an agent turn's in a system event": event({ message: "x", model: "a/b", deliver: false, timeoutSeconds: 5 }),
  "another zone": { schedule: { kind: "cron", expr: "5 4 1 1 *", cron: "5 4 1 1 *", timezone: "Asia/Tokyo" } },
  "an interval's zone": { schedule: { kind: "every", everyMs: 86_400_000, every: "1d", tz: "UTC" } },
  "a moment's zone": { schedule: { kind: "at", at: "2096-12-01T09:00:00.000Z", tz: "Asia/Tokyo" } },
  "fields of the delivery": {
    delivery: { mode: "announce", channel: "telegram", to: "1", enabled: true, format: "md" },
  },
  deleteAfterRun: { deleteAfterRun: true },
};

/** A job as it is written in `jobs.json`. */
function toStored(name: string, more: object, createdAtMs: number) {
  return {
    id: crypto.randomUUID(),
    name,
    enabled: true,
    createdAtMs,
    updatedAtMs: createdAtMs,
    schedule: { kind: "cron", expr: "5 4 1 1 *" },
    sessionTarget: "isolated",
    wakeMode: "now",
    ...turn(),
    delivery: { mode: "announce", channel: "last" },
    state: {},
    ...more,
  };
}

/** A job without our mark, and without what any update changes in it. */
function toShown({ description, updatedAtMs: _u, configRevision: _c, ...job }: LiveJob, owner: string) {
  return {
    ...job,
    description: description?.replace(`[managed-by=${owner}]`, "").trim() || undefined,
    // 2026.2.9 takes no update of a job without a session that does not give it the one that it has.
    sessionTarget: job.sessionTarget ?? "isolated",
    // 2026.9.6 drops what is the default in main, with any update.
    delivery: job.sessionTarget === "main" ? undefined : job.delivery,
  };
}

/** The lines on stderr about each job that is not exported as a whole. */
const CAVEATS: Record<string, string[]> = {
  "2026.2.9": [
    "exported without what has no effect: a channel in both: payload.channel",
    "exported without what has no effect: fields of the payload: payload.prompt, payload.text",
    "exported without what has no effect: fields of the payload, as on top: payload.session, payload.sessionKey, payload.agentId, payload.description",
    "exported without what has no effect: an agent turn's in a system event: payload.message, payload.model, payload.deliver, payload.timeoutSeconds",
    "exported without what has no effect: another zone: schedule.cron, schedule.timezone",
    "exported without what has no effect: an interval's zone: schedule.every, schedule.tz",
    "exported without what has no effect: a moment's zone: schedule.tz",
    "exported without what has no effect: fields of the delivery: delivery.enabled, delivery.format",
    "exported without what has no effect: deleteAfterRun: deleteAfterRun",
    "not exported: a channel in the payload, <id>: OpenClaw reads payload.channel, which a definition cannot have",
  ],
  // It has cleaned up most of it as it imported the store.
  [RELEASES[0]]: [
    "exported without what has no effect: fields of the payload: payload.prompt",
    "exported without what has no effect: fields of the payload, as on top: payload.session, payload.sessionKey, payload.agentId, payload.description",
    "exported without what has no effect: another zone: schedule.timezone",
    "exported without what has no effect: an interval's zone: schedule.every",
    "exported without what has no effect: fields of the delivery: delivery.enabled, delivery.format",
    "exported without what has no effect: deleteAfterRun: deleteAfterRun",
  ],
};

describe.each([...RELEASES])("on OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let pod: Pod;

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version));
    const jobs = Object.entries(STORE).map(([name, more], index) => toStored(name, more, 1_770_000_000_000 + index));
    const directory = join(gateway.home, ".openclaw", "cron");
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "jobs.json"), JSON.stringify({ version: 1, jobs }));
    await gateway.start();
    pod = await createPod(gateway);
  });
  afterAll(async () => {
    await pod.dispose();
    await gateway.dispose();
  });

  test("an old store is exported, adopted as exported, and left as it is", async () => {
    const before = await gateway.jobs();
    const { exitCode, stdout, stderr } = await runBinary(["export"], pod.environment());
    const warnings = stderr.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>").split("\n");
    const expected = (CAVEATS[version] ?? []).map((line) => `warning: ${line}`);
    expect(warnings.filter(Boolean).toSorted()).toEqual(expected.toSorted());
    expect(exitCode).toBe(expected.some((line) => line.includes("not exported")) ? 1 : 0);

    await pod.mounts.cron.publish({ "cron-jobs.json": stdout });
    const names = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
    expect(names).toHaveLength(Object.keys(STORE).length - (exitCode ?? 0));
    const messages = await pod.sync("--only", "cron");
    expect(messages.slice(2)).toEqual([...names.map((name) => `Adopting cron job: ${name}`), "Cron job sync complete"]);
    const shown = (jobs: readonly LiveJob[]) => {
      const ours = jobs.filter(({ name }) => names.includes(name));
      return ours.map((job) => toShown(job, pod.owner)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    };
    expect(shown(await gateway.jobs())).toEqual(shown(before));
    expect((await pod.sync("--only", "cron")).slice(1)).toEqual(["Cron job sync complete"]);
  });

  test("what can never run is said: by a line of the sync, by diff, doctor and status", async () => {
    const ghost = { name: "ghost's", schedule: "5 4 1 1 *", message: "hi", agent: "ghost" };
    const past = { name: "past", schedule: { kind: "at", at: "2020-01-01T09:00" }, tz: "Asia/Tokyo", message: "hi" };
    await pod.mounts.publishJobs([past, ghost]);
    const passed = "past: its moment 2020-01-01T00:00:00.000Z has passed; it is not added";
    const prune = { CONFIG_MANAGER_PRUNE: "none" };
    const typed = async (...args: string[]) => (await runBinary(args, pod.environment(prune))).stdout;
    expect(await typed("sync", "--only", "cron")).toContain(`]   ${passed}\n`);
    expect(await typed("diff")).toContain(`  ${passed}\n`);
    expect(await typed("status")).toContain(", 1 past its moment\n");
    const { checks } = JSON.parse(await typed("doctor", "--json")) as { checks: { name: string; detail: string }[] };
    const detailOf = (name: string) => checks.find((check) => check.name === name)?.detail;
    expect(detailOf("cron moments")).toBe(passed);
    expect(detailOf("cron agents")).toBe("the gateway has no such agent: ghost's (ghost); it has main");
  });

  test("a moment in a time zone is the one that OpenClaw's own --at and --tz make", async () => {
    const year = new Date().getFullYear() + 1;
    const moments = [
      [`${year}-12-01T09:00`, "Asia/Tokyo", `${year}-12-01T00:00:00.000Z`],
      [`${year}-07-01T09:00:30`, "America/New_York", `${year}-07-01T13:00:30.000Z`],
      // Berlin's clocks show it twice.
      ["2027-10-31T02:30", "Europe/Berlin", "2027-10-31T00:30:00.000Z"],
    ] as const;
    const jobs = moments.map(([at, tz], index) => ({
      name: `moment ${index}`,
      schedule: { kind: "at", at },
      tz,
      systemEvent: "hi",
    }));
    await pod.mounts.publishJobs(jobs);
    const zoned = { TZ: "Asia/Kolkata", CONFIG_MANAGER_PRUNE: "none" };
    const { stdout, exitCode } = await runBinary(["sync", "--only", "cron"], pod.environment(zoned));
    expect([exitCode, stdout]).toEqual([0, expect.not.stringContaining("WARNING")]);
    const live = await gateway.jobs();
    const atOf = (name: string) => live.find((job) => job.name === name)?.schedule.at;
    expect(jobs.map(({ name }) => atOf(name))).toEqual(moments.map(([, , expected]) => expected));
    if (version === "2026.2.9") return; // its CLI has no --tz for a moment
    const [at, tz, expected] = moments[2];
    const typed = ["cron", "add", "--name", "typed", "--at", at, "--tz", tz, "--system-event", "hi", "--json"];
    const { node, entry } = gateway.release;
    await mustRun(node, [entry, ...typed], { env: gateway.environment });
    expect((await gateway.jobs()).find((job) => job.name === "typed")?.schedule.at).toBe(expected);
  });
});
