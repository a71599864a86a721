// What each release takes, and that it ends up as declared: the built binary beside a real gateway of each.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { parseDefinition } from "../../lib/definition/definition.ts";
import { type Feature, featuresOf, findMissingFeatures } from "../../lib/gateway/features.ts";
import type { LiveJob } from "../../lib/gateway/job.ts";
import { toJobSpec } from "../../lib/cron/job-spec.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import { createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { CRON_RELEASES, getRelease } from "../support/release.ts";
import { type SharedGateway, borrowGateway } from "../support/shared-gateway.ts";
import { runBinary } from "../support/sidecar.ts";

const COMPLETE = "Cron job sync complete";
const CONNECTED = expect.stringMatching(/^Connected to gateway: /);

const nextYear = new Date().getFullYear() + 1;
const NIGHTLY = { schedule: "0 3 1 1 *" };
const CRON = { kind: "cron", expr: "0 3 1 1 *" };
/** These start a process as soon as they are there. */
const OFF = { enabled: false };

/** One definition of every kind that the newest release takes, and of every field. */
const EVERY_KIND: readonly Definition[] = [
  { name: "command", ...NIGHTLY, command: "true" },
  { name: "command-argv", ...NIGHTLY, command: ["printf", "%s", "$(not run) 'quoted' \\ \n"] },
  { name: "command-options", ...NIGHTLY, command: "true", timeout: 5, retry: 2, cwd: "/tmp", env: { A: "1", B: "" } },
  { name: "command-input", ...NIGHTLY, command: "cat", input: "in\n", noOutputTimeoutSeconds: 5, outputMaxBytes: 1024 },
  { name: "command-tools", ...NIGHTLY, command: "true", tools: ["read"] },
  { name: "command-own", ...NIGHTLY, payload: { kind: "command", argv: ["true"], timeoutSeconds: 1.5 } },
  { name: "message", ...NIGHTLY, message: "Say hello" },
  { name: "message-options", ...NIGHTLY, message: "Say hello", model: "Anthropic/x", thinking: "low", timeout: 60 },
  { name: "message-fallbacks", ...NIGHTLY, message: "Say hello", fallbacks: [" a/b ", "c/d"], lightContext: true },
  {
    name: "message-tools",
    ...NIGHTLY,
    message: "Say hello",
    tools: [" read", "exec"],
    allowUnsafeExternalContent: true,
  },
  { name: "message-unlimited", ...NIGHTLY, message: "Say hello", timeout: 0 },
  { name: "message-fraction", ...NIGHTLY, message: "Say hello", timeout: 1.5 },
  { name: "message-own", ...NIGHTLY, payload: { kind: "agentTurn", message: "Say hello", lightContext: false } },
  { name: "event", ...NIGHTLY, systemEvent: "Hello" },
  { name: "event-tools", ...NIGHTLY, systemEvent: "Hello", tools: ["read"] },
  {
    name: "event-webhook",
    ...NIGHTLY,
    systemEvent: "Hello",
    delivery: { mode: "webhook", to: "https://example.com/A" },
  },
  {
    name: "script",
    ...NIGHTLY,
    payload: { kind: "script", script: " return {};\n", timeoutSeconds: 60, toolBudget: 5 },
  },
  { name: "script-main", ...NIGHTLY, session: "main", payload: { kind: "script", script: "return {};" } },
  { name: "six-fields", schedule: "30 0 3 1 1 *", message: "Say hello" },
  { name: "nickname", schedule: "@yearly", message: "Say hello" },
  { name: "zone", schedule: "0  3 1 1 *", tz: "asia/tokyo", message: "Say hello" },
  { name: "stagger", schedule: { kind: "cron", expr: "0 * * * *", staggerMs: 0 }, message: "Say hello", ...OFF },
  { name: "every", schedule: { kind: "every", everyMs: 86_400_000 }, message: "Say hello" },
  { name: "every-anchor", schedule: { kind: "every", everyMs: 86_400_000, anchorMs: 1_000 }, message: "Say hello" },
  { name: "at", schedule: { kind: "at", at: `${nextYear}-06-01T09:00:00+09:00` }, message: "Say hello" },
  {
    name: "at-kept",
    schedule: { kind: "at", at: `${nextYear}-06-01T00:00Z` },
    message: "Say hello",
    deleteAfterRun: false,
  },
  { name: "on-exit", schedule: { kind: "on-exit", command: "sleep 9", cwd: "/tmp" }, message: "It ended", ...OFF },
  {
    name: "stream",
    schedule: { kind: "stream", command: ["sleep", "9"], mode: "match", match: "x", batchMs: 100, maxBatchBytes: 2048 },
    message: "It said",
    ...OFF,
  },
  { name: "announce", ...NIGHTLY, message: "Say hello", delivery: { mode: "announce", channel: "Telegram", to: "1" } },
  { name: "announce-last", ...NIGHTLY, command: "true", delivery: { mode: "announce", bestEffort: true } },
  {
    name: "account",
    ...NIGHTLY,
    message: "Say hello",
    delivery: { mode: "announce", channel: "discord", to: "1", accountId: "Me" },
  },
  {
    name: "thread",
    ...NIGHTLY,
    message: "Say hello",
    delivery: { mode: "announce", channel: "telegram", to: "1", threadId: " 7 " },
  },
  { name: "webhook", ...NIGHTLY, message: "Say hello", delivery: { mode: "webhook", to: "https://example.com/A?b" } },
  {
    name: "destinations",
    ...NIGHTLY,
    message: "Say hello",
    delivery: {
      mode: "announce",
      failureDestination: { mode: "announce", channel: "Slack", to: "C1", accountId: "Me" },
    },
  },
  {
    name: "completion",
    ...NIGHTLY,
    message: "Say hello",
    delivery: { mode: "announce", completionDestination: { mode: "webhook", to: "https://example.com/A" } },
  },
  {
    name: "alert",
    ...NIGHTLY,
    message: "Say hello",
    failureAlert: { after: 3, channel: "Telegram", to: "1", cooldownMs: 0 },
  },
  { name: "alert-off", ...NIGHTLY, message: "Say hello", failureAlert: false },
  { name: "alert-skipped", ...NIGHTLY, message: "Say hello", failureAlert: { includeSkipped: true } },
  {
    name: "described",
    ...NIGHTLY,
    message: "Say hello",
    description: "  Two\nlines ",
    wake: "next-heartbeat",
    agent: "Main",
  },
  { name: "displayed", ...NIGHTLY, message: "Say hello", displayName: "Hello" },
  { name: "keyed", ...NIGHTLY, message: "Say hello", sessionKey: "agent:main:Hello" },
  { name: "session", ...NIGHTLY, message: "Say hello", session: "session:My Notes" },
  { name: "conversation", ...NIGHTLY, message: "Say hello", session: "current", sessionKey: "agent:main:main" },
  { name: "switched-off", ...NIGHTLY, message: "Say hello", ...OFF },
  {
    name: "watch",
    schedule: { kind: "every", everyMs: 86_400_000 },
    message: "Say hello",
    trigger: { script: "json({ fire: false })", once: true },
  },
  {
    name: "paced",
    schedule: { kind: "every", everyMs: 86_400_000 },
    message: "Say hello",
    pacing: { min: "15m", max: "4h" },
  },
];

interface Probe {
  job: JsonObject;
  field: string;
  /** No update brings it. */
  isForNewJobs?: true;
}

/** What is asked of a gateway for each row of the table of features, and the field that shows it. */
const PROBES: Record<Exclude<Feature, "alertRemoval" | "destinationRemoval">, Probe> = {
  declarationKey: { job: { declarationKey: "probe:key" }, field: "declarationKey", isForNewJobs: true },
  commandPayload: { job: { payload: { kind: "command", argv: ["true"], env: {} } }, field: "payload.kind" },
  scriptPayload: { job: { payload: { kind: "script", script: "return {};" } }, field: "payload.kind" },
  toolsOfTurn: { job: turn({ toolsAllow: ["read"] }), field: "payload.toolsAllow" },
  toolsOfOther: {
    job: { ...mainEvent(), payload: { kind: "systemEvent", text: "x", toolsAllow: ["read"] } },
    field: "payload.toolsAllow",
  },
  fallbacks: { job: turn({ fallbacks: ["a/b"] }), field: "payload.fallbacks" },
  lightContext: { job: turn({ lightContext: true }), field: "payload.lightContext" },
  noTimeout: { job: turn({ timeoutSeconds: 0 }), field: "payload.timeoutSeconds" },
  fractionOfTimeout: { job: turn({ timeoutSeconds: 1.5 }), field: "payload.timeoutSeconds" },
  stagger: { job: { schedule: { kind: "cron", expr: "0 * * * *", staggerMs: 0 } }, field: "schedule.staggerMs" },
  onExitSchedule: { job: { schedule: { kind: "on-exit", command: "true" } }, field: "schedule.kind" },
  streamSchedule: { job: { schedule: { kind: "stream", command: ["true"] } }, field: "schedule.kind" },
  webhook: { job: { delivery: { mode: "webhook", to: "https://example.com" } }, field: "delivery.mode" },
  deliveryAccount: { job: announce({ accountId: "me" }), field: "delivery.accountId" },
  deliveryThread: { job: announce({ threadId: 7 }), field: "delivery.threadId" },
  failureDestination: { job: announce({ failureDestination: { to: "2" } }), field: "delivery.failureDestination" },
  completionDestination: {
    job: announce({ completionDestination: { mode: "webhook", to: "https://example.com" } }),
    field: "delivery.completionDestination",
  },
  failureAlert: { job: { failureAlert: { after: 2 } }, field: "failureAlert" },
  alertOnSkip: { job: { failureAlert: { includeSkipped: true } }, field: "failureAlert.includeSkipped" },
  namedSession: { job: { sessionTarget: "session:x" }, field: "sessionTarget" },
  currentSession: { job: { sessionTarget: "current", sessionKey: "agent:main:main" }, field: "sessionTarget" },
  sessionKey: { job: { sessionKey: "agent:main:x" }, field: "sessionKey" },
  displayName: { job: { displayName: "x" }, field: "displayName" },
  trigger: {
    job: { schedule: { kind: "every", everyMs: 86_400_000 }, trigger: { script: "json({})" } },
    field: "trigger.script",
  },
  pacing: { job: { pacing: { min: "1h" } }, field: "pacing.min" },
};

type Definition = JsonObject & { name: string };

/** What `cron.add` answers: the job, or what became of the declaration of it. */
type Made = { id: string; job?: undefined } | { job: { id: string } };

function idOf(made: Made): string {
  return made.job ? made.job.id : made.id;
}

function turn(more: JsonObject): JsonObject {
  return { payload: { kind: "agentTurn", message: "x", ...more } };
}

function announce(more: JsonObject): JsonObject {
  return { delivery: { mode: "announce", channel: "telegram", to: "1", ...more } };
}

function mainEvent(): JsonObject {
  return { sessionTarget: "main", payload: { kind: "systemEvent", text: "x" } };
}

describe.each(CRON_RELEASES)("OpenClaw %s", (version) => {
  const features = featuresOf(version, 4);
  const missingOf = (definition: Definition) => {
    const parsed = parseDefinition(definition);
    if (parsed.kind === "invalid") throw new Error(`${definition.name}: ${JSON.stringify(parsed.problems)}`);
    return findMissingFeatures(toJobSpec(parsed.definition, features), features);
  };
  let gateway: SharedGateway;
  let giveBack: () => Promise<void> = async () => undefined;
  let pod: Pod;

  beforeAll(async () => {
    if (!version.startsWith("2026.7.")) {
      gateway = await borrowGateway(version);
      return;
    }
    // It has triggers, and wants to be told so.
    const own = await createGateway(await getRelease(version));
    gateway = own;
    giveBack = own.dispose;
    await writeFile(own.configPath, own.config({ cron: { enabled: true, triggers: { enabled: true } } }));
    await own.start();
  });
  afterAll(() => giveBack());
  afterEach(() => pod.dispose());

  async function setUp(jobs: unknown = []): Promise<void> {
    pod = await createPod(gateway);
    await pod.mounts.publishJobs(jobs);
  }

  /** One pass over the jobs alone, whatever comes of it. */
  const pass = (...args: string[]) => runBinary(["sync", "--only", "cron", ...args], pod.environment());

  async function makeEqual(jobs: readonly Definition[]): Promise<string[]> {
    await pod.mounts.publishJobs(jobs);
    return pod.sync("--only", "cron", "--allow-mass-removal");
  }

  async function nameOwn() {
    return Object.fromEntries((await pod.ownJobs()).map((job) => [job.name, job]));
  }

  /** Nothing is written, and the log says nothing but that all is well. */
  async function expectNothingToDo(): Promise<void> {
    const before = await gateway.jobs();
    expect(await pod.sync("--only", "cron")).toEqual([CONNECTED, COMPLETE]);
    const stamps = (jobs: readonly LiveJob[]) =>
      new Map(jobs.map(({ id, updatedAtMs, configRevision }) => [id, [updatedAtMs, configRevision]]));
    expect(stamps(await gateway.jobs())).toEqual(stamps(before));
  }

  /** Whether the gateway holds this, given with a new job, and given to one that was made without. */
  async function holds({ job, field, isForNewJobs }: Probe): Promise<boolean> {
    const bare = { ...OFF, schedule: CRON, sessionTarget: "isolated", wakeMode: "now", ...turn({}) };
    const made = await gateway.rpc<Made>("cron.add", { name: "made with", ...bare, ...job }).catch(() => undefined);
    const bareJob = await gateway.rpc<Made>("cron.add", { name: "made without", ...bare });
    const updated = await gateway.rpc("cron.update", { id: idOf(bareJob), patch: job }).catch(() => undefined);
    const jobs = await gateway.jobs();
    const isHeld = (id: string | undefined) => {
      return Bun.deepEquals(
        readPath(
          jobs.find((each) => each.id === id),
          field,
        ),
        readPath(job, field),
      );
    };
    const isTaken = made !== undefined && isHeld(idOf(made));
    const isUpdated = isForNewJobs === true || (updated !== undefined && isHeld(idOf(bareJob)));
    for (const each of [made, bareJob]) if (each) await gateway.rpc("cron.remove", { id: idOf(each) });
    return isTaken && isUpdated;
  }

  test.each(Object.keys(PROBES) as (keyof typeof PROBES)[])(
    "%s is there, or not, as the table says",
    async (feature) => {
      await setUp();
      expect(await holds(PROBES[feature])).toBe(features[feature]);
    },
  );

  const REMOVALS = {
    alertRemoval: { failureAlert: { after: 2 } },
    destinationRemoval: announce({ failureDestination: { to: "2" } }),
  };
  test.each(["alertRemoval", "destinationRemoval"] as const)(
    "%s is there, or not, as the table says",
    async (feature) => {
      await setUp();
      const job = {
        ...OFF,
        schedule: CRON,
        sessionTarget: "isolated",
        wakeMode: "now",
        ...turn({}),
        ...REMOVALS[feature],
      };
      const made = await gateway.rpc<Made>("cron.add", { name: "to be bare", ...job }).catch(() => undefined);
      // An older gateway refuses the field, so nothing is there to be removed.
      expect({ isTaken: made !== undefined }).toEqual({ isTaken: features.failureAlert });
      const id = made && idOf(made);
      const patch = feature === "alertRemoval" ? { failureAlert: null } : { delivery: { failureDestination: null } };
      if (id) await gateway.rpc("cron.update", { id, patch }).catch(() => undefined);
      const live = (await gateway.jobs()).find((each) => each.id === id);
      if (id) await gateway.rpc("cron.remove", { id });
      const isLeft = JSON.stringify(live ?? {}).includes("failure");
      expect(features[feature]).toBe(features.failureAlert && !isLeft);
    },
  );

  test("takes every kind of job that it can, refuses the others one by one, and has nothing to do the next time", async () => {
    await setUp();
    const possible = EVERY_KIND.filter((definition) => missingOf(definition).length === 0);
    const impossible = EVERY_KIND.filter((definition) => missingOf(definition).length > 0);
    await pod.mounts.publishJobs(EVERY_KIND);
    const { exitCode, messages } = await pass();
    expect(exitCode).toBe(impossible.length > 0 ? 1 : 0);
    const warnings = messages.filter((line) => line.startsWith("WARNING") && !line.includes("costs model tokens"));
    expect(warnings).toEqual(
      impossible.map(({ name }) =>
        expect.stringMatching(new RegExp(`^WARNING: Failed to add cron job: ${name}: .* needs OpenClaw 2026`)),
      ),
    );
    expect(Object.keys(await nameOwn()).toSorted()).toEqual(possible.map(({ name }) => name).toSorted());

    await makeEqual(possible);
    await expectNothingToDo();
    await makeEqual([]);
    expect(await pod.ownJobs()).toEqual([]);
  });

  /** Lets each job become another kind of job, again and again; `ids`: of those that are there. */
  async function expectChanges(ids: Record<string, string>): Promise<void> {
    const states = EVERY_KIND.filter((definition) => missingOf(definition).length === 0);
    // Without what cannot be taken out again.
    const usable = states
      .filter(({ failureAlert }) => features.alertRemoval || failureAlert === undefined)
      .filter(({ name }) => features.destinationRemoval || name !== "destinations");
    for (let round = 0, shift = 0; round < 5; round++, shift += 7 * round + 1) {
      const jobs = usable.map((_, index): Definition => {
        return Object.assign({}, usable[(index + shift) % usable.length], { name: `job ${index}` });
      });
      await makeEqual(jobs);
      await expectNothingToDo();
      const own = Object.entries(await nameOwn()).map(([name, { id }]) => [name, id]);
      expect(Object.fromEntries(own)).toMatchObject(ids);
      ids = Object.fromEntries(own) as Record<string, string>;
    }
    await makeEqual([]);
  }

  test("becomes what is declared from whatever it was, with the same ids", async () => {
    await setUp();
    await expectChanges({});
  });

  test("becomes what is declared from whatever it was, with the same ids, though it was made by hand", async () => {
    await setUp();
    const ids: Record<string, string> = {};
    for (let index = 0; index < 20; index++) {
      const job = { schedule: CRON, sessionTarget: "isolated", wakeMode: "now", ...turn({ timeoutSeconds: 9 }) };
      ids[`job ${index}`] = idOf(await gateway.rpc<Made>("cron.add", { name: `job ${index}`, ...job }));
    }
    await expectChanges(ids);
  });
});

function readPath(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((found, key) => (found as Record<string, Json> | undefined)?.[key], value);
}
