import { describe, expect, test } from "bun:test";
import { ManagerError } from "../../../lib/errors.ts";
import { toStatus, toStatusJson } from "../../../lib/commands/status.ts";
import { type JobStatus, readRunState } from "../../../lib/cron/job-status.ts";
import type { State } from "../../../lib/reconcile/report.ts";
import { renderStatus } from "../../../lib/commands/status-text.ts";
import { describeTerminal } from "../../../lib/commands/terminal.ts";
import { createScratch, define, liveJob, ourJob } from "../../support/fakes.ts";
import { NOW_MS, STEADY, UNUSED, type World, snapshot } from "../../support/snapshot.ts";

const NEWER = '{"gateway":{"mode":"local"},"messages":{"ackReaction":"x"}}';
/** Something else has changed a value that Git declares. */
const EDITED: Partial<World> = { config: NEWER, applied: NEWER, live: NEWER.replace('"x"', '"y"') };
const AWAY = new ManagerError("unreachable", "the gateway at ws://gateway cannot be reached: ECONNREFUSED");

/** The shape of `status --json`, as programs read it. */
interface StatusJson {
  workspace: object;
  version: string;
  healthy: boolean;
  gateway: Record<string, unknown>;
  config: {
    state: State;
    checksum: string | null;
    problems: string[];
    mode?: "verbatim" | "merged";
    notInGit?: string[];
  };
  cron: { state: State; declared: number; owned: number; unmanaged: number; problems: string[] };
  secrets: { state: State; files: number; problems: string[] };
  approvals: { state: State; declared: number; notInGit: number; problems: string[] };
  jobs: JobStatus[];
}

async function statusOf(world: World): Promise<StatusJson> {
  await using scratch = await createScratch();
  const json: unknown = toStatusJson(toStatus(await snapshot(scratch, world)));
  return json as StatusJson;
}

describe("toStatusJson()", () => {
  test("is healthy if config and jobs are in sync", async () => {
    expect(await statusOf(STEADY)).toEqual({
      healthy: true,
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      gateway: {
        url: "ws://127.0.0.1:18789",
        connected: true,
        version: "2026.9.6",
        protocol: 4,
        transport: "gateway",
      },
      config: {
        state: "in-sync",
        checksum: expect.stringMatching(/^[0-9a-f]{32}$/),
        problems: [],
        mode: "verbatim",
      },
      cron: { state: "in-sync", declared: 1, owned: 1, unmanaged: 0, problems: [] },
      secrets: { state: "in-sync", problems: [], files: 0 },
      workspace: { state: "in-sync", declared: 0, agents: 0, drifted: [], problems: [] },
      approvals: { state: "in-sync", declared: 0, notInGit: 0, problems: [] },
      jobs: [
        {
          name: "backup",
          id: "id-1",
          owned: true,
          enabled: true,
          schedule: "0 3 * * *",
          nextRunAt: "1970-01-01T00:00:02.000Z",
          lastRunAt: null,
          lastStatus: "ok",
          lastDeliveryStatus: null,
          lastReason: null,
        },
      ],
    });
  });

  test.each<[string, World, State, string[]]>([
    ["what waits to be put in place", { config: NEWER }, "pending", []],
    ["what the gateway does not run on yet", { view: { isApplied: false } }, "pending", []],
    [
      "no ConfigMap",
      { config: undefined as never },
      "unknown",
      [expect.stringMatching(/^there is no openclaw\.json in /) as never],
    ],
    ["a broken ConfigMap", { config: "{" }, "rejected", ["invalid end of input at 1:2"]],
    [
      "what a gateway has refused",
      { config: NEWER, refused: { config: NEWER, problems: ["messages: no"] } },
      "rejected",
      [expect.stringMatching(/^messages: no \(recorded in .*-rejected\)$/) as never],
    ],
    [
      "what the gateway says is invalid, in place though it is",
      { view: { isValid: false, issues: [{ path: "messages", message: "no" }] } },
      "rejected",
      ["messages: no"],
    ],
    [
      "an edit by hand",
      EDITED,
      "drifted",
      [expect.stringMatching(/openclaw\.json was changed by something else: messages\.ackReaction$/) as never],
    ],
  ])("reports %s", async (_, change, state, problems) => {
    const world = { ...STEADY, ...change };
    if (change.config === undefined && "config" in change) delete world.config;
    const { healthy, config } = await statusOf(world);
    expect({ healthy, state: config.state, problems: config.problems }).toEqual({ healthy: false, state, problems });
  });

  test("is healthy with paths that are not in Git, and lists them", async () => {
    const { healthy, config } = await statusOf({ ...STEADY, live: NEWER });
    expect(healthy).toBe(true);
    expect(config).toMatchObject({ state: "in-sync", problems: [], mode: "merged" });
    expect(config.notInGit).toEqual(["messages.ackReaction"]);
  });

  test("does not know what the config is if the gateway reads another file", async () => {
    const { healthy, config } = await statusOf({ ...STEADY, view: { path: "/nowhere/openclaw.json" } });
    const problems = [
      expect.stringMatching(/^the gateway reads \/nowhere\/openclaw\.json, not .*OPENCLAW_CONFIG_PATH/),
    ];
    expect({ healthy, config }).toEqual({ healthy: false, config: { state: "unknown", checksum: null, problems } });
  });

  test("does not wait for a verdict on the config that the CLI cannot give", async () => {
    const { applied: _, ...unvalidated } = STEADY;
    expect((await statusOf({ ...unvalidated, view: { hash: "0".repeat(64) } })).config.state).toBe("pending");
    expect((await statusOf({ ...unvalidated, gateway: { transport: "cli" } })).config.state).toBe("in-sync");
  });

  test.each<[string, World, State, string[]]>([
    ["a job that is not there yet", { jobs: [] }, "pending", []],
    [
      "a job that was edited",
      { jobs: [ourJob(define(), { enabled: true, wakeMode: "next-heartbeat" })] },
      "pending",
      [],
    ],
    [
      "a definition that is wrong",
      { definitions: '[{"name":"x"}]' },
      "failed",
      [
        "cron-jobs.json: x: schedule: is required",
        "cron-jobs.json: x: command: expected exactly one of command, message, systemEvent, payload but received none of them",
      ],
    ],
    [
      "a job that the gateway cannot have",
      {
        definitions: JSON.stringify([define({ failureAlert: { after: 3 } })]),
        gateway: { version: "2026.2.9", features: {} },
      },
      "failed",
      ["backup: failureAlert needs OpenClaw 2026.3 or later; this is 2026.2.9"],
    ],
    ["a gateway that is away", { error: AWAY }, "unknown", [AWAY.message]],
    [
      "a scheduler that is off",
      { isSchedulerOff: true },
      "failed",
      [expect.stringContaining("the gateway's cron scheduler is off, so no job runs: cron.enabled") as never],
    ],
  ])("reports %s", async (_, change, state, problems) => {
    const { healthy, cron } = await statusOf({ ...STEADY, ...change });
    expect({ healthy, state: cron.state, problems: cron.problems }).toEqual({ healthy: false, state, problems });
  });

  test.each<[string, World]>([
    ["no job is declared", { definitions: "[]", jobs: [] }],
    [
      "each job of ours is off",
      { definitions: JSON.stringify([define({ enabled: false })]), jobs: [ourJob(define({ enabled: false }))] },
    ],
  ])("has nothing against a scheduler that is off where %s", async (_, change) => {
    const { healthy, cron } = await statusOf({ ...STEADY, ...change, isSchedulerOff: true });
    expect({ healthy, problems: cron.problems }).toEqual({ healthy: true, problems: [] });
  });

  test("reports a scheduler that is off for jobs of ours whose definitions are lost", async () => {
    const { definitions: _, ...lost } = STEADY;
    const { cron } = await statusOf({ ...lost, isSchedulerOff: true });
    expect(cron.problems.at(-1)).toContain("the gateway's cron scheduler is off");
  });

  test("reports a mass removal as failed, not pending", async () => {
    const jobs = Array.from({ length: 12 }, (_, index) =>
      ourJob(define({ name: `job-${index}` }), { id: `id-${index}` }),
    );
    const { cron } = await statusOf({ ...STEADY, definitions: "[]", jobs });
    expect(cron).toMatchObject({ state: "failed", declared: 0, owned: 12 });
    expect(cron.problems[0]).toStartWith("not removed: 12 would be removed at once (job-0, job-1, job-2, …)");
    expect((await statusOf({ ...STEADY, definitions: "[]", jobs, allowMassRemoval: true })).cron.state).toBe("pending");
  });

  test.each<[string, World]>([
    ["empty: an optional ConfigMap that is not there", {}],
    ["not mounted", { missing: ["config.d", "cron.d"] }],
  ])("is healthy where the directories are %s, and says so", async (_, change) => {
    const { healthy, config, cron } = await statusOf({ ...UNUSED, ...change });
    expect({ healthy, states: [config.state, cron.state] }).toEqual({ healthy: true, states: ["unknown", "unknown"] });
    expect(config.problems).toEqual([
      expect.stringMatching(
        /^there is no openclaw\.json in .*, and none was applied before: the live config is left alone$/,
      ),
    ]);
    expect(cron.problems).toEqual([
      expect.stringMatching(/^there are no cron definitions in .*, and none were applied before: no job is touched$/),
    ]);
  });

  const { config: NO_CONFIG, ...lostConfig } = STEADY;
  const { definitions: NO_DEFINITIONS, ...lostJobs } = STEADY;
  test.each<[string, World]>([
    ["the config was applied before", lostConfig],
    ["the directory has another file", { ...UNUSED, files: { "config.d/openclaw.jsn": NO_CONFIG ?? "" } }],
    ["a job of ours is there", lostJobs],
    ["definitions were staged before", { ...UNUSED, files: { "staging/cron-jobs.json": NO_DEFINITIONS ?? "" } }],
    ["definitions were applied before", { ...UNUSED, files: { "sums/cron": "x" } }],
    ["the cron directory has another file", { ...UNUSED, files: { "cron.d/jobs.txt": "x" } }],
    ["the jobs cannot be listed", { ...UNUSED, error: AWAY }],
  ])("is not healthy without a ConfigMap where %s", async (_, world) => {
    expect((await statusOf(world)).healthy).toBe(false);
  });

  test("reports what the files tell if the gateway is away", async () => {
    const { gateway, config, jobs } = await statusOf({ ...STEADY, error: AWAY });
    expect(gateway).toMatchObject({ connected: false, version: null, protocol: null, transport: null });
    expect(config.state).toBe("in-sync");
    expect(jobs).toEqual([]);
  });

  test("is healthy although a job fails when it runs", async () => {
    const state = { lastStatus: "error", lastRunAtMs: 1_000, consecutiveErrors: 3, lastError: "printed" };
    const { healthy, jobs } = await statusOf({ ...STEADY, jobs: [ourJob(define(), { state })] });
    expect(healthy).toBe(true);
    expect(jobs[0]).toMatchObject({ lastStatus: "error", lastRunAt: "1970-01-01T00:00:01.000Z", nextRunAt: null });
  });

  test("tells why the last run was skipped, or not delivered, without the job's secrets", async () => {
    const definition = define({ env: { API_KEY: "hush-hush-hush" } });
    const said = async (state: object) => {
      const { healthy, jobs } = await statusOf({
        ...STEADY,
        definitions: JSON.stringify([definition]),
        jobs: [ourJob(definition, { state })],
      });
      expect(healthy).toBe(true);
      const [{ lastStatus, lastDeliveryStatus, lastReason } = {} as never] = jobs;
      return [lastStatus, lastDeliveryStatus, lastReason];
    };
    const undelivered = { lastStatus: "ok", lastDeliveryStatus: "not-delivered" };
    const reason = {
      lastDeliveryError: "no channel for hush-hush-hush\nnor https://x.example/?token=abcdef0123456789",
    };
    expect(await said({ ...undelivered, ...reason })).toEqual([
      "ok",
      "not-delivered",
      expect.stringMatching(/^no channel for \*\*\*\nnor https:\/\/x\.example\/\?token=\*\*\*$/),
    ]);
    expect(await said(undelivered)).toEqual(["ok", "not-delivered", null]);
    expect(await said({ ...undelivered, ...reason, deliverySuppressionReason: "silent" })).toEqual([
      "ok",
      "not-delivered",
      null,
    ]);
    expect(await said({ lastStatus: "skipped", lastError: "disabled" })).toEqual(["skipped", null, "disabled"]);
    expect(await said({ lastRunStatus: "skipped" })).toEqual(["skipped", null, null]);
    expect(await said({ lastStatus: "error", lastError: "printed" })).toEqual(["error", null, null]);
    expect(await said({ lastStatus: "ok", lastDeliveryStatus: "unknown" })).toEqual(["ok", "unknown", null]);
  });

  test("lists our jobs first, then sorts by name", async () => {
    const others = ["b", "a"].map((name) => liveJob({ name, id: name }));
    const { jobs, cron } = await statusOf({ ...STEADY, jobs: [...others, ourJob(define())] });
    expect(jobs.map(({ name, owned }) => [name, owned])).toEqual([
      ["backup", true],
      ["a", false],
      ["b", false],
    ]);
    expect(cron).toMatchObject({ owned: 1, unmanaged: 2 });
  });
});

describe("renderStatus()", () => {
  async function textOf(world: World): Promise<string> {
    await using scratch = await createScratch();
    const seen = await snapshot(scratch, world);
    return renderStatus(seen, toStatus(seen), describeTerminal({})).replaceAll(scratch.path, "/mnt");
  }
  const row = async (job: Record<string, unknown>) => {
    const lines = (await textOf({ ...STEADY, jobs: [ourJob(define(), job)] })).split("\n");
    return lines.find((line) => line.startsWith("backup"))?.replace(/ {2,}/g, "|");
  };

  test("begins with whether it is healthy, and why not", async () => {
    expect(await textOf(STEADY)).toStartWith("Healthy\n");
    expect(await textOf({ ...STEADY, error: AWAY, config: "{" })).toStartWith(
      "Not healthy: gateway away, config rejected, cron unknown\n",
    );
  });

  test("says what is not used, and nothing of its state", async () => {
    const text = await textOf(UNUSED);
    expect(text).toStartWith("Healthy\n");
    expect(text).toMatch(/^config +not used$/m);
    expect(text).toMatch(/^cron +not used$/m);
    expect(text).toContain("! there is no openclaw.json in /mnt/config.d, and none was applied before");
    expect(text).not.toContain("unknown");
  });

  test("reports once that the gateway is away, with a hint", async () => {
    const text = await textOf({ ...STEADY, error: AWAY });
    expect(text.split(AWAY.message).length).toBe(2);
    expect(text).toEndWith("\nhint: config-manager doctor\n");
    expect(await textOf(STEADY)).not.toContain("hint:");
  });

  test("counts the paths that are not in Git beside the config's checksum", async () => {
    const configLine = async (world: World) =>
      (await textOf(world)).split("\n").find((line) => line.startsWith("config"));
    expect(await configLine(STEADY)).toMatch(/^config +in-sync {2}\/mnt\/openclaw\.json {2}md5 [0-9a-f]{12}$/);
    expect(await configLine({ ...STEADY, live: NEWER })).toMatch(/ {2}md5 [0-9a-f]{12}, 1 path not in Git$/);
    const live = '{"gateway":{"mode":"local","port":1},"messages":{"ackReaction":"x"}}';
    expect(await configLine({ ...STEADY, live })).toEndWith(", 2 paths not in Git");
  });

  test("shows each job's next and last run", async () => {
    const at = (minutes: number) => NOW_MS + minutes * 60_000;
    const state = { nextRunAtMs: at(5), lastRunAtMs: at(-90), lastStatus: "ok" };
    expect(await row({ state })).toBe("backup|ours|0 3 * * *|5m|1h|ok");
    expect(await row({ state: {} })).toBe("backup|ours|0 3 * * *|-|-|-");
    expect(await row({ state: { ...state, nextRunAtMs: at(-1) } })).toBe("backup|ours|0 3 * * *|due|1h|ok");
    expect(await row({ state: { ...state, runningAtMs: at(0) } })).toBe("backup|ours|0 3 * * *|5m|1h|running");
    const failing = { ...state, lastStatus: "error", consecutiveErrors: 3 };
    expect(await row({ state: failing })).toBe("backup|ours|0 3 * * *|5m|1h|error ×3");
    expect(await row({ state: failing, enabled: false })).toBe("backup|ours|0 3 * * *|-|1h|off, error ×3");
    expect(await row({ state, enabled: false })).toBe("backup|ours|0 3 * * *|-|1h|off");
  });

  test("names a job whose agent the gateway does not have", async () => {
    const ghost = define({ agent: "Ghost" });
    const world = { ...STEADY, definitions: JSON.stringify([ghost]), jobs: [ourJob(ghost)] };
    const text = await textOf({ ...world, gateway: { listAgents: async () => ["main"] } });
    expect(text).toContain("\n         - backup: the gateway has no agent Ghost\n");
    expect(await textOf({ ...world, gateway: { listAgents: async () => ["ghost"] } })).not.toContain("no agent");
  });

  test("shows a run that was skipped or not delivered, with the reason on a line of its own", async () => {
    const linesOf = async (state: object) => {
      const text = await textOf({ ...STEADY, jobs: [ourJob(define(), { state })] });
      expect(text).toStartWith("Healthy\n");
      return text.split("\n").filter((line) => line.trimStart().startsWith("- "));
    };
    const state = { lastStatus: "ok", lastDeliveryStatus: "not-delivered", lastDeliveryError: "no\nchannel" };
    expect(await row({ state })).toBe("backup|ours|0 3 * * *|-|-|not delivered");
    expect(await row({ state, enabled: false })).toBe("backup|ours|0 3 * * *|-|-|off, not delivered");
    expect(await linesOf(state)).toEqual([
      "         - backup: the result of the last run was not delivered: no\\nchannel",
    ]);
    const skipped = { lastStatus: "skipped" };
    expect(await row({ state: skipped })).toBe("backup|ours|0 3 * * *|-|-|skipped");
    expect(await linesOf(skipped)).toEqual(["         - backup: skipped at the last run"]);
    expect(await linesOf({ lastStatus: "error", lastError: "printed" })).toEqual([]);
  });

  test("shows the owner of a job by the prefix of its key", async () => {
    const jobs = [
      liveJob({ id: "1", name: "a", declarationKey: "heartbeat:main" }),
      liveJob({ id: "2", name: "b", description: "x [managed-by=another]" }),
      liveJob({ id: "3", name: "c" }),
    ];
    const text = await textOf({ ...STEADY, jobs });
    const owners = text.split("\n").flatMap((line) => /^[abc]\s+(\S+)/.exec(line)?.[1] ?? []);
    expect(owners).toEqual(["heartbeat", "other", "-"]);
  });
});

describe("readRunState()", () => {
  test("ignores a state of another shape", () => {
    for (const state of [undefined, null, "x", [], { nextRunAtMs: "soon", lastStatus: 3, consecutiveErrors: {} }]) {
      expect(readRunState(liveJob({ state }))).toEqual({
        nextRunAtMs: undefined,
        lastRunAtMs: undefined,
        lastStatus: undefined,
        lastDeliveryStatus: undefined,
        outcome: "none",
        reason: undefined,
        isRunning: false,
        hasFired: false,
        consecutiveErrors: 0,
      });
    }
  });

  test("has no next run for a disabled job, whatever its state says", () => {
    expect(readRunState(liveJob({ enabled: false })).nextRunAtMs).toBeUndefined();
  });
});
