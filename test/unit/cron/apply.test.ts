import { describe, expect, test } from "bun:test";
import { applyActions } from "../../../lib/cron/apply.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { toJobSpec } from "../../../lib/cron/job-spec.ts";
import { type CronAction, planCron } from "../../../lib/cron/plan.ts";
import {
  type MemoryStore,
  NEW,
  OWNER,
  createMemoryStore,
  define,
  liveJob,
  ourJob,
  refusalOf,
  thrownBy,
} from "../../support/fakes.ts";

async function apply(actions: CronAction[], store: MemoryStore, signal = new AbortController().signal) {
  const lines: string[] = [];
  const outcomes = await applyActions(actions, { store, log: (line) => lines.push(line), signal });
  return { lines, outcomes: outcomes.map(({ kind }) => kind) };
}

function add(
  name: string,
  fields: { commandAsTurn?: boolean; declarationKey?: string; spentId?: string } = {},
): CronAction {
  return { kind: "add", name, spec: toJobSpec(define({ name }), NEW), commandAsTurn: false, ...fields };
}

function update(id: string, fields: Partial<Extract<CronAction, { kind: "update" }>> = {}): CronAction {
  const patch = { description: "Nightly" };
  return { kind: "update", name: "backup", id, fields: ["description"], patch, commandAsTurn: false, ...fields };
}

function remove(id: string, name = id): CronAction {
  return { kind: "remove", name, id, reason: "undeclared" };
}

/** A store whose one method throws. */
function refusing(call: string, error: ManagerError, jobs = [liveJob()]): MemoryStore {
  return createMemoryStore(jobs, {
    before(made) {
      if (made === call) throw error;
    },
  });
}

const REJECTED = new ManagerError("rejected", "invalid cron expression");

describe("applyActions()", () => {
  test("applies the actions in order, and logs each before it", async () => {
    const store = createMemoryStore([liveJob(), liveJob({ id: "id-2", name: "gone" })]);
    const { lines, outcomes } = await apply([add("new"), update("id-1"), remove("id-2", "gone")], store);
    expect(outcomes).toEqual(["done", "done", "done"]);
    expect(store.writes).toEqual(["add new", "update id-1", "remove id-2"]);
    expect(lines).toEqual([
      "Adding cron job: new",
      "Updating cron job: backup",
      "Removing cron job (no longer in ConfigMap): gone",
    ]);
    expect(store.jobs).toMatchObject([{ id: "id-1", description: "Nightly" }, { name: "new" }]);
  });

  test("removes a job that has ended before it adds the one of that name", async () => {
    const store = createMemoryStore([liveJob({ name: "once", declarationKey: "config-manager:once" })]);
    const action = add("once", { declarationKey: "config-manager:once", spentId: "id-1" });
    expect((await apply([action], store)).lines).toEqual(["Adding cron job: once"]);
    expect(store.writes).toEqual(["remove id-1", "add once"]);
    expect(store.jobs).toMatchObject([{ id: "made-1", name: "once" }]);
  });

  test.each([
    ["interval keeps its anchor", { kind: "every", everyMs: 60_000 }, { anchorMs: 7 }],
    ["cron job keeps its stagger", { kind: "cron", expr: "0 3 * * *" }, { staggerMs: 0 }],
  ] as const)("the schedule of a %s through a replacement", async (_, schedule, times) => {
    const job = ourJob(define({ message: "x", model: "a/b" }), {
      schedule: { ...schedule, ...times },
      declarationKey: undefined,
      description: "[managed-by=config-manager]",
    });
    const { actions } = planCron([define({ message: "x", schedule })], [job], {
      owner: OWNER,
      features: NEW,
      prune: "owned",
      allowMassRemoval: false,
      nowMs: 0,
    });
    const store = createMemoryStore([job]);
    await apply(actions, store);
    expect(store.writes).toEqual(["update id-1", "update id-1"]);
    expect(store.jobs).toMatchObject([{ schedule: { ...schedule, ...times } }]);
    expect(store.jobs[0]?.payload).not.toHaveProperty("model");
  });

  test("does nothing and logs nothing for an empty plan", async () => {
    const store = createMemoryStore();
    expect(await apply([], store)).toEqual({ lines: [], outcomes: [] });
    expect(store.calls).toEqual([]);
  });

  test("adds a job with its key", async () => {
    const store = createMemoryStore();
    await apply([add("new", { declarationKey: "config-manager:new" })], store);
    expect(store.jobs).toMatchObject([{ name: "new", declarationKey: "config-manager:new" }]);
  });

  test("logs what is adopted, and which of two duplicates is removed", async () => {
    const store = createMemoryStore([liveJob(), liveJob({ id: "id-2" })]);
    const actions: CronAction[] = [
      { ...update("id-1"), kind: "adopt", namesakes: ["id-7", "id-8"] } as CronAction,
      { kind: "remove", id: "id-2", name: "backup", reason: "duplicate" },
    ];
    expect((await apply(actions, store)).lines).toEqual([
      "Adopting cron job: backup",
      "WARNING: Not touching other jobs named backup, which nobody claims: id-7, id-8",
      "Removing cron job (an older one of the same name is ours): backup",
    ]);
  });

  test("warns after a command has become an agent turn", async () => {
    const store = createMemoryStore([liveJob()]);
    const { lines } = await apply(
      [add("new", { commandAsTurn: true }), update("id-1", { commandAsTurn: true })],
      store,
    );
    const warning = "runs as an agent turn and costs model tokens: this OpenClaw has no command jobs (2026.6.5 has)";
    expect(lines).toEqual([
      "Adding cron job: new",
      `WARNING: new ${warning}`,
      "Updating cron job: backup",
      `WARNING: backup ${warning}`,
    ]);
  });

  test("goes on after an action that the gateway rejects", async () => {
    const store = refusing("add b", REJECTED);
    const { lines, outcomes } = await apply([add("a"), add("b", { commandAsTurn: true }), add("c")], store);
    expect(outcomes).toEqual(["done", "failed", "done"]);
    expect(lines).toEqual([
      "Adding cron job: a",
      "Adding cron job: b",
      "WARNING: Failed to add cron job: b: invalid cron expression",
      "Adding cron job: c",
    ]);
    expect(store.jobs.map(({ name }) => name)).toEqual(["backup", "a", "c"]);
  });

  test("logs a failure in manager.sh's words", async () => {
    const store = createMemoryStore([liveJob()], {
      before() {
        throw REJECTED;
      },
    });
    const actions = [update("id-1"), { ...update("id-1"), kind: "adopt" } as CronAction, remove("id-1", "backup")];
    const { lines } = await apply(actions, store);
    expect(lines.filter((line) => line.startsWith("WARNING"))).toEqual([
      "WARNING: Failed to update cron job: backup: invalid cron expression",
      "WARNING: Failed to update cron job: backup: invalid cron expression",
      "WARNING: Failed to remove cron job: backup: invalid cron expression",
    ]);
  });

  test("goes on after a conflict, and does not count it as a failure", async () => {
    const store = createMemoryStore([liveJob({ configRevision: "2" })]);
    const { lines, outcomes } = await apply([update("id-1", { expectedConfigRevision: "1" }), add("new")], store);
    expect(outcomes).toEqual(["conflict", "done"]);
    expect(lines).toEqual(["Updating cron job: backup", "Adding cron job: new"]);
    expect(store.jobs[0]).not.toHaveProperty("description");
  });

  test.each(["unreachable", "refused"] as const)("throws if the gateway is %s", async (code) => {
    const store = refusing("add b", new ManagerError(code, "no answer"));
    const lines: string[] = [];
    const { signal } = new AbortController();
    const refusal = await refusalOf(
      applyActions([add("a"), add("b"), add("c")], { store, log: (line) => lines.push(line), signal }),
    );
    expect(refusal.code).toBe(code);
    expect(store.writes).toEqual(["add a", "add b"]);
    expect(lines.at(-1)).toBe("WARNING: Failed to add cron job: b: no answer");
  });

  test("throws without a WARNING if the connection ends: the pass is run again", async () => {
    const store = refusing("add b", new ManagerError("interrupted", "cron.add: gateway closed (4001)"));
    const lines: string[] = [];
    const { signal } = new AbortController();
    const refusal = await refusalOf(
      applyActions([add("a"), add("b"), add("c")], { store, log: (line) => lines.push(line), signal }),
    );
    expect(refusal.code).toBe("interrupted");
    expect(lines).toEqual(["Adding cron job: a", "Adding cron job: b"]);
  });

  test("throws if the gateway asks to wait, with the time", async () => {
    const store = refusing("add b", new ManagerError("rejected", "too many calls", { retryAfterMs: 41_000 }));
    const refusal = await refusalOf(apply([add("a"), add("b"), add("c")], store));
    expect(refusal.retryAfterMs).toBe(41_000);
    expect(store.writes).toEqual(["add a", "add b"]);
  });

  test.each(["rejected", "unreachable", "refused"] as const)(
    "throws no secret of the job where the gateway is %s and asks to wait",
    async (code) => {
      const spec = toJobSpec(define({ name: "b", env: { PLAIN: "rosebud" }, command: 'x --password "hush"' }), NEW);
      const job = { ...add("b"), spec } as CronAction;
      const message = 'try later: {"argv":["x","--password","hush"],"env":{"PLAIN":"rosebud"}} for hush';
      const error = new ManagerError(code, message, { hint: "wait", retryAfterMs: 41_000, cause: REJECTED });
      const refusal = await refusalOf(apply([job], refusing("add b", error)));
      expect(refusal).toMatchObject({ code, hint: "wait", retryAfterMs: 41_000, cause: REJECTED });
      expect(refusal.message).toBe('try later: {"argv":["x","--password","***"],"env":{"PLAIN":"***"}} for ***');
    },
  );

  test("neither logs nor throws a secret of the job that a failure quotes", async () => {
    const spec = toJobSpec(define({ name: "b", command: ["curl", "-u", "me:hush two", "x"] }), NEW);
    const lines: string[] = [];
    const store = refusing("add b", new ManagerError("unreachable", "gone with hush two"));
    const refusal = await refusalOf(
      applyActions([{ ...add("b"), spec } as CronAction], {
        store,
        log: (line) => lines.push(line),
        signal: new AbortController().signal,
      }),
    );
    expect(lines.at(-1)).toBe("WARNING: Failed to add cron job: b: gone with ***");
    expect(refusal.message).toBe("gone with ***");
  });

  test("does not hide a bug", async () => {
    const bug = new TypeError("a bug");
    const store = createMemoryStore([], {
      before() {
        throw bug;
      },
    });
    expect(await thrownBy(apply([add("a"), add("b")], store))).toBe(bug);
    expect(store.writes).toEqual(["add a"]);
  });

  test("starts no action after the stop signal, and finishes the current one", async () => {
    const stopping = new AbortController();
    const store = createMemoryStore([], { before: () => stopping.abort() });
    const refusal = await refusalOf(apply([add("a"), add("b")], store, stopping.signal));
    expect(refusal.code).toBe("aborted");
    expect(store.jobs.map(({ name }) => name)).toEqual(["a"]);
  });
});

describe("applyActions() of a replacement", () => {
  const before = define({ cwd: "/srv", env: { A: "1" }, delivery: { mode: "announce", channel: "discord", to: "1" } });
  const after = define({ delivery: { mode: "announce" } });
  const spec = toJobSpec(after, NEW);
  const interim = { kind: "every", everyMs: 315_360_000_000 };

  function replacing(declarationKey: string | undefined): CronAction {
    const { payload, delivery } = spec;
    return update("id-1", { patch: { payload, delivery }, replacement: { spec, interim, declarationKey } });
  }

  test("removes a field from a job with a key, and keeps the job", async () => {
    const store = createMemoryStore([ourJob(before)]);
    await apply([replacing("config-manager:backup")], store);
    expect(store.jobs).toHaveLength(1);
    expect(store.jobs).toMatchObject([{ id: "id-1", createdAtMs: 1_000 }]);
    expect(store.jobs[0]?.payload).toEqual(spec.payload);
    expect(store.jobs[0]?.delivery).toEqual({ mode: "announce" });
  });

  test("removes a field from a job without a key, and keeps the job", async () => {
    const store = createMemoryStore([liveJob({ ...toJobSpec(before, NEW), configRevision: "5" })]);
    const action = replacing(undefined);
    const { lines, outcomes } = await apply([{ ...action, expectedConfigRevision: "5" } as CronAction], store);
    expect(outcomes).toEqual(["done"]);
    expect(lines).toEqual(["Updating cron job: backup"]);
    expect(store.jobs).toHaveLength(1);
    expect(store.jobs[0]).toMatchObject({ id: "id-1", createdAtMs: 1_000, sessionTarget: "isolated" });
    expect(store.jobs[0]?.payload).toEqual(spec.payload);
    expect(store.jobs[0]?.delivery).toEqual({ mode: "announce" });
  });

  test("counts as failed if the second update fails", async () => {
    let updates = 0;
    const store = createMemoryStore([liveJob({ ...toJobSpec(before, NEW) })], {
      before() {
        updates += 1;
        if (updates === 2) throw REJECTED;
      },
    });
    const { lines, outcomes } = await apply([replacing(undefined)], store);
    expect(outcomes).toEqual(["failed"]);
    expect(lines.at(-1)).toBe("WARNING: Failed to update cron job: backup: invalid cron expression");
  });

  test("changes nothing of a job without a key that has changed since it was observed", async () => {
    const live = liveJob({ ...toJobSpec(before, NEW), configRevision: "6" });
    const store = createMemoryStore([live]);
    const { outcomes } = await apply([{ ...replacing(undefined), expectedConfigRevision: "5" } as CronAction], store);
    expect(outcomes).toEqual(["conflict"]);
    expect(store.jobs).toEqual([live]);
  });
});
