// The passes over cron jobs, with a gateway in memory and real files: the log lines and the jobs.

import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { createCronReconciler } from "../../../lib/cron/kind.ts";
import { createCronPasses } from "../../../lib/cron/reconcile.ts";
import type { Definition } from "../../../lib/definition/definition.ts";
import { ManagerError } from "../../../lib/errors.ts";
import type { LiveJob } from "../../../lib/gateway/job.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { OLD, OWNER, createMemoryStore, createScratch, define, liveJob, ourJob } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

const STEADY = { isSuperseded: () => false, beat: () => undefined };
const COMPLETE = "Cron job sync complete";
const CHANGED = "Cron config change detected in /mnt/cron.d/cron-jobs.json";

interface Start {
  definitions?: readonly Definition[] | string;
  jobs?: readonly LiveJob[];
  features?: typeof OLD;
  logsFirstPass?: boolean;
  allowMassRemoval?: boolean;
}

/** A ConfigMap and a gateway in memory. Each pass collects its log lines. */
async function start({ definitions, jobs = [], features, logsFirstPass = true, allowMassRemoval = false }: Start = {}) {
  const scratch = await createScratch();
  const volume = await createVolume(scratch.in("cron.d"));
  const publish = (content: readonly Definition[] | string) =>
    volume.publish({ "cron-jobs.json": typeof content === "string" ? content : JSON.stringify(content) });
  if (definitions !== undefined) await publish(definitions);
  const state: { before: (call: string) => void; away: ManagerError | undefined } = {
    before: () => undefined,
    away: undefined,
  };
  const store = createMemoryStore(jobs, {
    ...(features ? { features } : {}),
    before: (call) => state.before(call),
  });
  const transport = {
    async open() {
      if (state.away) throw state.away;
      return store;
    },
  };
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line.replaceAll(scratch.path, "/mnt"));
  const options = {
    settings: {
      cronDir: volume.path,
      stagingDir: scratch.in("staging"),
      checksumDir: scratch.in("sums"),
      owner: OWNER,
      prune: "owned" as const,
      gatewayUrl: "ws://127.0.0.1:18789",
    },
    allowMassRemoval,
    logsFirstPass,
    transport,
    log,
    warnings: createWarnings(log),
    signal: new AbortController().signal,
    clock: { nowMs: Date.now },
  };
  const passes = createCronPasses(options);
  const run = async (pass: () => Promise<{ kind: string }>) => {
    lines.length = 0;
    return { outcome: (await pass()).kind, lines: [...lines] };
  };
  return {
    scratch,
    options,
    passes,
    store,
    state,
    volume,
    publish,
    names: () => store.jobs.map(({ name }) => name),
    pass: (context = STEADY) => run(() => passes.reconcile(context)),
    register: () => run(() => passes.register(STEADY)),
    staged: () => readdir(scratch.in("staging")).catch(() => []),
    checksum: () => readFile(scratch.in("sums", "cron"), "utf8").catch(() => undefined),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

const AWAY = new ManagerError("unreachable", "the gateway at ws://127.0.0.1:18789 cannot be reached: ECONNREFUSED");

describe("reconcile() of valid definitions", () => {
  test("adds, updates and removes, stages a copy, and logs complete once all is equal", async () => {
    const gone = ourJob(define({ name: "gone" }), { id: "gone" });
    const edited = ourJob(define({ name: "edited", timeout: 5 }), { id: "edited" });
    await using at = await start({
      definitions: [define({ name: "new" }), define({ name: "edited" })],
      jobs: [gone, edited],
    });
    expect(await at.pass()).toEqual({
      outcome: "equal",
      lines: [
        CHANGED,
        "Adding cron job: new",
        "Updating cron job: edited",
        "Removing cron job (no longer in ConfigMap): gone",
        COMPLETE,
      ],
    });
    expect(at.names().toSorted()).toEqual(["edited", "new"]);
    expect(await at.staged()).toEqual(["cron-jobs.json"]);
    expect(await at.checksum()).toBeDefined();
  });

  test("writes and logs nothing if nothing differs", async () => {
    await using at = await start({ definitions: [define()] });
    await at.pass();
    const writes = at.store.writes.length;
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    expect(at.store.writes).toHaveLength(writes);
  });

  test("reverts a person's edit of a job, without a change in Git", async () => {
    await using at = await start({ definitions: [define()] });
    await at.pass();
    await at.store.updateJob(at.store.jobs[0]?.id ?? "", { schedule: { kind: "cron", expr: "0 0 * * *" } });
    expect(await at.pass()).toEqual({ outcome: "equal", lines: ["Updating cron job: backup", COMPLETE] });
  });

  test("beats for each job", async () => {
    await using at = await start({ definitions: [define({ name: "a" }), define({ name: "b" })] });
    let beats = 0;
    await at.pass({ ...STEADY, beat: () => void (beats += 1) });
    expect(beats).toBe(2);
  });

  test("of a sync does not log definitions again that were applied before", async () => {
    await using at = await start({ definitions: [define()] });
    expect((await at.pass()).lines[0]).toBe(CHANGED);
    const again = createCronPasses({ ...at.options, logsFirstPass: false });
    expect(await again.reconcile(STEADY)).toEqual({ kind: "equal" });
    const lines: string[] = [];
    const third = createCronPasses({ ...at.options, logsFirstPass: false, log: (line) => void lines.push(line) });
    await third.reconcile(STEADY);
    expect(lines).toEqual([COMPLETE]);
  });
});

describe("reconcile() beside a scheduler that is off", () => {
  const OFF = expect.stringMatching(
    /^WARNING: Cron jobs do not run: the gateway's cron scheduler is off, .*OPENCLAW_SKIP_CRON/,
  );

  test("says so once, and again after it was on; the jobs are kept as Git says all the same", async () => {
    await using at = await start({ definitions: [define()] });
    at.store.isSchedulerOn = false;
    expect(await at.pass()).toEqual({
      outcome: "equal",
      lines: [CHANGED, "Adding cron job: backup", OFF, COMPLETE],
    });
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    at.store.isSchedulerOn = true;
    expect((await at.pass()).lines).toEqual([]);
    at.store.isSchedulerOn = false;
    expect((await at.pass()).lines).toEqual([OFF]);
  });

  test.each([
    ["no job is declared", []],
    ["each declared job is off", [define({ enabled: false })]],
  ])("says nothing where %s", async (_, definitions) => {
    await using at = await start({ definitions });
    at.store.isSchedulerOn = false;
    expect((await at.pass()).lines.join("\n")).not.toContain("WARNING");
  });

  test("fails no pass where the gateway does not tell", async () => {
    await using at = await start({ definitions: [define()] });
    await at.pass();
    at.state.before = (call) => {
      if (call === "status") throw new ManagerError("rejected", "cron.status: no");
    };
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    expect(at.passes.isSchedulerEnabled).toBeUndefined();
  });
});

describe("reconcile() of definitions that may not mean what they say", () => {
  const soon = define({ name: "soon", schedule: { kind: "at", at: "2096-12-01T09:00" } });
  const WARNING =
    "WARNING: Cron config accepted, but cron-jobs.json: soon: schedule.at: is read as UTC, for want of an offset and of a tz; write 2096-12-01T09:00Z for that, or else an offset (2096-12-01T09:00+09:00), or tz (Asia/Tokyo) beside it";

  test("applies them, and warns once", async () => {
    await using at = await start({ definitions: [soon] });
    expect(await at.pass()).toEqual({
      outcome: "equal",
      lines: [CHANGED, WARNING, "Adding cron job: soon", COMPLETE],
    });
    expect(at.store.jobs).toMatchObject([{ schedule: { kind: "at", at: "2096-12-01T09:00:00.000Z" } }]);
    expect((await at.pass()).lines).toEqual([]);
    // The same words after another change in Git.
    await at.publish([soon, define()]);
    expect((await at.pass()).lines).toContain(WARNING);
    await at.publish([define({ ...soon, tz: "Asia/Tokyo" })]);
    expect((await at.pass()).lines).not.toContain(WARNING);
    expect(at.store.jobs).toMatchObject([{ schedule: { kind: "at", at: "2096-12-01T00:00:00.000Z" } }]);
  });
});

describe("reconcile() of moments that have passed", () => {
  const past = (name: string) => define({ name, schedule: { kind: "at", at: "2020-01-01T09:00+09:00" } });

  test("says once of each that it is not added", async () => {
    await using at = await start({ definitions: [past("a"), define()] });
    const LINE = "  a: its moment 2020-01-01T00:00:00.000Z has passed; it is not added";
    expect(await at.pass()).toEqual({
      outcome: "equal",
      lines: [CHANGED, "Adding cron job: backup", LINE, COMPLETE],
    });
    expect((await at.pass()).lines).toEqual([]);
    await at.publish([past("a"), past("b"), define()]);
    expect((await at.pass()).lines).toEqual([CHANGED, LINE, LINE.replace("a:", "b:"), COMPLETE]);
    expect(at.names()).toEqual(["backup"]);
  });
});

describe("reconcile() of definitions that cannot be applied", () => {
  test("changes no job if a definition is wrong, and logs each problem once", async () => {
    await using at = await start({
      definitions: '[{"name":"x","schedule":"0 3 * * *","comand":"y"}]',
      jobs: [ourJob(define())],
    });
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("rejected");
    expect(lines[1]).toBe(
      "WARNING: Cron config rejected: cron-jobs.json: x: comand: unknown field, did you mean command?",
    );
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [] });
    expect(at.store.calls).toEqual([]);
    expect(await at.staged()).toEqual([]);
    expect(at.passes.definitions).toBe("invalid");
  });

  test("does not treat a missing file as an empty list", async () => {
    await using at = await start({ jobs: [ourJob(define())] });
    const { outcome, lines } = await at.pass();
    expect([outcome, lines.at(-1)]).toEqual(["rejected", "WARNING: Cron config file not found"]);
    expect(at.names()).toEqual(["backup"]);
  });

  test("refuses a mass removal, logs how to allow it, and removes nothing", async () => {
    const jobs = Array.from({ length: 12 }, (_, index) => ourJob(define({ name: `job-${index}` }), { id: `${index}` }));
    await using at = await start({ definitions: [], jobs });
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("rejected");
    expect(lines.at(-1)).toBe(
      "WARNING: Cron jobs left as they are: 12 would be removed at once (job-0, job-1, job-2, …), " +
        "half of ours or more; --allow-mass-removal lets it happen",
    );
    expect(at.names()).toHaveLength(12);
    await using allowed = await start({ definitions: [], jobs, allowMassRemoval: true });
    expect((await allowed.pass()).outcome).toBe("equal");
    expect(allowed.names()).toEqual([]);
  });

  test("leaves out an unsupported job, and applies the others", async () => {
    const wanting = define({ name: "wanting", failureAlert: { after: 3 } });
    await using at = await start({ definitions: [wanting, define({ message: "Hello" })], features: OLD });
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("rejected");
    expect(lines).toContainEqual(
      expect.stringMatching(/^WARNING: Failed to add cron job: wanting: failureAlert needs /),
    );
    expect(lines).not.toContain(COMPLETE);
    expect(at.names()).toEqual(["backup"]);
  });
});

describe("reconcile() and its failures", () => {
  test("retries later if no gateway answers, and logs why once", async () => {
    await using at = await start({ definitions: [define()] });
    at.state.away = AWAY;
    const { outcome, lines } = await at.pass();
    expect([outcome, lines.at(-1)]).toEqual(["failed", `WARNING: Failed to sync cron jobs: ${AWAY.message}`]);
    expect(await at.staged()).toEqual(["cron-jobs.json"]);
    expect((await at.pass()).lines).toEqual([]);
    at.state.away = undefined;
    expect((await at.pass()).lines).toEqual(["Adding cron job: backup", COMPLETE]);
  });

  test("logs complete only after a pass in which every action succeeded", async () => {
    await using at = await start({ definitions: [define({ name: "bad" }), define({ name: "good" })] });
    at.state.before = (call) => {
      if (call === "add bad") throw new ManagerError("rejected", "not liked");
    };
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("failed");
    expect(lines).toEqual([
      CHANGED,
      "Adding cron job: bad",
      "WARNING: Failed to add cron job: bad: not liked",
      "Adding cron job: good",
    ]);
    expect(await at.checksum()).toBeUndefined();
    at.state.before = () => undefined;
    expect((await at.pass()).lines).toEqual(["Adding cron job: bad", COMPLETE]);
  });

  test("keeps what was applied if the gateway goes away in between, and continues from there", async () => {
    await using at = await start({ definitions: ["a", "b", "c"].map((name) => define({ name })) });
    at.state.before = (call) => {
      if (call === "add b") throw new ManagerError("unreachable", "cron.add: gateway closed (1012 service restart)");
    };
    const { outcome, lines } = await at.pass();
    expect([outcome, lines.at(-1)]).toEqual([
      "failed",
      "WARNING: Failed to sync cron jobs: cron.add: gateway closed (1012 service restart)",
    ]);
    expect(at.names()).toEqual(["a"]);
    at.state.before = () => undefined;
    expect((await at.pass()).lines).toEqual(["Adding cron job: b", "Adding cron job: c", COMPLETE]);
  });

  test("pauses for as long as the gateway asks", async () => {
    await using at = await start({ definitions: [define()] });
    at.state.before = (call) => {
      if (call.startsWith("add")) throw new ManagerError("rejected", "rate limited", { retryAfterMs: 20_000 });
    };
    expect(await at.passes.reconcile(STEADY)).toMatchObject({ kind: "failed", retryAfterMs: 20_000 });
  });

  test("syncs the jobs even if the copy for the next start cannot be written, and logs that", async () => {
    await using at = await start({ definitions: [define()] });
    await writeFile(at.scratch.in("staging"), "");
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("failed");
    expect(lines).toContainEqual(
      expect.stringMatching(/^WARNING: Failed to stage cron config: .*staging is no directory, expected a directory /),
    );
    expect(at.names()).toEqual(["backup"]);
  });
});

describe("prepare()", () => {
  test("stages the definitions, and never keeps the gateway from starting", async () => {
    await using at = await start({ definitions: [define()] });
    expect(await at.passes.prepare()).toBeTrue();
    expect(await at.staged()).toEqual(["cron-jobs.json"]);
    await at.publish("{");
    expect(await at.passes.prepare()).toBeTrue();
    expect(await at.staged()).toEqual(["cron-jobs.json"]);
  });
});

describe("register()", () => {
  test("adds and updates the staged jobs, and removes none", async () => {
    const undeclared = ourJob(define({ name: "undeclared" }), { id: "1" });
    await using at = await start({
      definitions: [define()],
      jobs: [undeclared, liveJob({ id: "2", name: "by-hand" })],
    });
    await at.passes.prepare();
    await rm(at.volume.path, { recursive: true });
    expect(await at.register()).toEqual({ outcome: "equal", lines: ["Adding cron job: backup"] });
    expect(at.names()).toEqual(["undeclared", "by-hand", "backup"]);
  });

  test("registers nothing if nothing valid is staged", async () => {
    await using at = await start();
    expect((await at.register()).outcome).toBe("rejected");
    await at.publish([define()]);
    await at.passes.prepare();
    await writeFile(at.scratch.in("staging", "cron-jobs.json"), "[{}]");
    expect((await at.register()).outcome).toBe("rejected");
    expect(at.store.writes).toEqual([]);
  });
});

describe("createCronReconciler()", () => {
  test("reports the last pass in its gauges, and no counts before the first", async () => {
    await using at = await start({
      definitions: [define(), define({ name: "wanting", failureAlert: { after: 3 } })],
      jobs: [liveJob({ name: "by-hand" })],
      features: OLD,
    });
    const kind = createCronReconciler(at.options);
    const read = () => Object.fromEntries(kind.gauges.map((gauge) => [gauge.name, gauge.read()]));
    expect(read()).toEqual({ definitions_rejected: false });
    await kind.reconcile(STEADY);
    expect(read()).toEqual({
      definitions_rejected: false,
      declared_jobs: 2,
      owned_jobs: 1,
      unmanaged_jobs: 1,
      cron_scheduler_enabled: true,
      impossible_jobs: 1,
      refused_removals: 0,
    });
    await at.publish("{");
    await kind.reconcile(STEADY);
    expect(read()).toMatchObject({ definitions_rejected: true, owned_jobs: 1 });
  });
});

describe("standing()", () => {
  test("goes from not known over failed to in force, and stays the former one after a swap", async () => {
    await using at = await start({ definitions: [define()] });
    const kind = createCronReconciler(at.options);
    const standing = () => kind.standing?.();
    const mounted = () => kind.readMounted?.();
    expect(standing()).toBeUndefined();
    at.state.away = new ManagerError("unreachable", "connect ECONNREFUSED");
    await kind.reconcile(STEADY);
    const { checksum } = (await mounted()) ?? {};
    expect(checksum).toMatch(/^[0-9a-f]{32}$/);
    expect(standing()).toEqual({ checksum, state: "failed", problems: ["connect ECONNREFUSED"] });
    at.state.away = undefined;
    await kind.reconcile(STEADY);
    expect(standing()).toEqual({ checksum, state: "in-sync", problems: [] });
    await at.publish([define({ schedule: "0 4 * * *" })]);
    expect(standing()).toEqual({ checksum, state: "in-sync", problems: [] });
    expect(await mounted()).not.toEqual({ checksum });
    await kind.reconcile(STEADY);
    expect(standing()).toEqual({ checksum: (await mounted())?.checksum, state: "in-sync", problems: [] });
  });

  test("is pending while a pass works on other definitions", async () => {
    await using at = await start({ definitions: [] });
    await at.pass();
    const seen: unknown[] = [];
    at.state.before = () => void seen.push(at.passes.standing()?.state);
    await at.publish([define()]);
    await at.pass();
    expect(new Set(seen)).toEqual(new Set(["pending"]));
  });

  test("is rejected, with file, job, field and problem", async () => {
    await using at = await start({ definitions: '[{ "name": "a", "schedule": "every day", "command": "true" }]' });
    await at.pass();
    expect(at.passes.standing()).toMatchObject({ state: "rejected" });
    expect(at.passes.standing()?.problems).toEqual([expect.stringMatching(/^cron-jobs\.json: a: schedule: /)]);
    await at.volume.publish({ "notes.txt": "" });
    await at.pass();
    const problems = [`there are no cron definitions in ${at.volume.path}`];
    expect(at.passes.standing()).toEqual({ checksum: "none", state: "rejected", problems });
    expect(await createCronReconciler(at.options).readMounted?.()).toEqual({ checksum: "none" });
    await at.volume.publish({});
    expect(await createCronReconciler(at.options).readMounted?.()).toEqual({ checksum: undefined });
  });

  test("is rejected, with the job, where the release cannot take it, and failed where one cannot be written", async () => {
    await using at = await start({ definitions: [define({ failureAlert: { after: 3 } })], features: OLD });
    await at.pass();
    expect(at.passes.standing()?.problems).toEqual([expect.stringMatching(/^backup: .* needs OpenClaw /)]);
    expect(at.passes.standing()?.state).toBe("rejected");
    await at.publish([define({ name: "other" })]);
    at.state.before = (call) => {
      if (call === "add other") throw new ManagerError("rejected", "cron.add: no");
    };
    await at.pass();
    expect(at.passes.standing()).toMatchObject({
      state: "failed",
      problems: ["jobs could not be written: see its log"],
    });
  });

  test("is in force although the copy for the next start cannot be written", async () => {
    await using at = await start({ definitions: [define()] });
    await writeFile(at.scratch.in("staging"), "");
    await at.pass();
    expect(at.passes.standing()).toMatchObject({ state: "in-sync", problems: [] });
  });
});
