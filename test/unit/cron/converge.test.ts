import { describe, expect, test } from "bun:test";
import { type ConvergeOptions, converge } from "../../../lib/cron/converge.ts";
import type { Definition } from "../../../lib/definition/definition.ts";
import { ManagerError } from "../../../lib/errors.ts";
import {
  type MemoryStore,
  NEW,
  ODD_NAMES,
  OLD,
  OWNER,
  createMemoryStore,
  define,
  liveJob,
  ourJob,
  refusalOf,
} from "../../support/fakes.ts";

async function bring(store: MemoryStore, definitions: Definition[], more: Partial<ConvergeOptions> = {}) {
  const lines: string[] = [];
  const policy = { owner: OWNER, prune: "owned", allowMassRemoval: false } as const;
  const { declared, owned, unmanaged, ...result } = await converge({
    definitions,
    store,
    policy,
    log: (line) => lines.push(line),
    signal: new AbortController().signal,
    nowMs: () => Date.parse("2026-11-22T12:00:00Z"),
    ...more,
  });
  return { ...result, counts: { declared, owned, unmanaged }, lines };
}

/** The same store for another pass, with its recorded calls cleared. */
function again(store: MemoryStore): MemoryStore {
  return createMemoryStore(store.jobs, { features: store.features });
}

const EQUAL = {
  isEqual: true,
  changed: 0,
  refusedRemovals: [],
  unsupported: [],
  passed: [],
  counts: { declared: expect.any(Number), owned: expect.any(Number), unmanaged: expect.any(Number) },
  lines: [],
};

describe("converge()", () => {
  test("writes nothing if nothing differs, and observes once", async () => {
    const store = createMemoryStore([ourJob(define()), liveJob({ id: "id-2", name: "by hand" })]);
    expect(await bring(store, [define()])).toEqual(EQUAL);
    expect(store.calls).toEqual(["list"]);
  });

  test("adds, updates and removes, and observes again after the last write", async () => {
    const store = createMemoryStore([ourJob(define()), ourJob(define({ name: "gone" }), { id: "id-2" })]);
    const result = await bring(store, [define({ description: "Nightly" }), define({ name: "new" })]);
    expect(result).toMatchObject({ isEqual: true, changed: 3, refusedRemovals: [], unsupported: [] });
    expect(store.calls).toEqual(["list", "update id-1", "add new", "remove id-2", "list"]);
  });

  test("counts declared, owned and unmanaged jobs at the last observation", async () => {
    const live = [
      ourJob(define()),
      ourJob(define({ name: "gone" }), { id: "id-2" }),
      liveJob({ id: "id-3", name: "by hand" }),
      liveJob({ id: "id-4", name: "heartbeat", declarationKey: "heartbeat:main" }),
    ];
    const definitions = [define(), define({ name: "new" }), define({ name: "by hand" }), define({ name: "bad" })];
    expect((await bring(createMemoryStore(live), definitions)).counts).toEqual({
      declared: 4,
      owned: 4,
      unmanaged: 1,
    });
    // After a failed action, that is the observation before the writes.
    const store = createMemoryStore(live, {
      before(call) {
        if (call === "add bad") throw new ManagerError("rejected", "invalid cron expression");
      },
    });
    expect((await bring(store, definitions)).counts).toEqual({ declared: 4, owned: 2, unmanaged: 1 });
  });

  test("keeps the id and age of a job that it updates", async () => {
    const store = createMemoryStore([ourJob(define({ cwd: "/srv" }), { createdAtMs: 5 })]);
    await bring(store, [define({ command: "other.sh" })]);
    expect(store.jobs).toMatchObject([{ id: "id-1", createdAtMs: 5 }]);
  });

  test("adds all jobs to a gateway that has lost them", async () => {
    const store = createMemoryStore();
    const definitions = [define(), define({ name: "other", message: "x" })];
    expect(await bring(store, definitions)).toMatchObject({ isEqual: true, changed: 2 });
    expect(store.jobs.map(({ name }) => name)).toEqual(["backup", "other"]);
  });

  test("adopts a job once", async () => {
    const store = createMemoryStore([liveJob({ description: "by hand" })]);
    expect((await bring(store, [define()])).lines).toEqual(["Adopting cron job: backup"]);
    expect(await bring(again(store), [define()])).toEqual(EQUAL);
    expect(store.jobs).toMatchObject([{ id: "id-1", description: "[managed-by=config-manager]" }]);
  });

  test("keeps one of several duplicates", async () => {
    const store = createMemoryStore([
      ourJob(define(), { id: "young", createdAtMs: 2 }),
      ourJob(define(), { id: "old", createdAtMs: 1 }),
    ]);
    expect(await bring(store, [define()])).toMatchObject({ isEqual: true, changed: 1 });
    expect(store.jobs.map(({ id }) => id)).toEqual(["old"]);
  });

  test("is not equal if an action fails, and applies the others", async () => {
    const store = createMemoryStore([], {
      before(call) {
        if (call === "add bad") throw new ManagerError("rejected", "invalid cron expression");
      },
    });
    const result = await bring(store, [define({ name: "a" }), define({ name: "bad" }), define({ name: "b" })]);
    expect(result).toMatchObject({ isEqual: false, changed: 2 });
    // It is not retried at once: the backoff grows between the passes.
    expect(store.calls).toEqual(["list", "add a", "add bad", "add b"]);
    expect(store.jobs.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("observes and plans again after a conflict", async () => {
    let isFirst = true;
    const store = createMemoryStore([ourJob(define(), { configRevision: "1" })], {
      before(call) {
        if (!call.startsWith("update") || !isFirst) return;
        isFirst = false;
        throw new ManagerError("conflict", "the job was changed by somebody else in the meantime");
      },
    });
    expect(await bring(store, [define({ description: "Nightly" })])).toMatchObject({ isEqual: true, changed: 1 });
    expect(store.calls).toEqual(["list", "update id-1", "list", "update id-1", "list"]);
  });

  test("plans again with the features that the gateway turns out to have", async () => {
    let features = NEW;
    const inner = createMemoryStore([], {
      before(call) {
        if (!call.startsWith("add") || features === OLD) return;
        features = OLD;
        throw new ManagerError("conflict", "this gateway can do less than its version says");
      },
    });
    // A getter, as in the gateway's own store.
    const store: MemoryStore = Object.create(inner, { features: { get: () => features } });
    expect(await bring(store, [define()])).toMatchObject({ isEqual: true, changed: 1 });
    expect(inner.jobs).toMatchObject([
      { name: "backup", description: "[managed-by=config-manager]", payload: { kind: "agentTurn" } },
    ]);
  });

  test("gives up, and logs what still differs, if somebody reverts each write", async () => {
    const store = createMemoryStore([ourJob(define()), liveJob({ id: "id-2", name: "by hand" })]);
    const idle = { value: async () => {} };
    const stubborn: MemoryStore = Object.create(store, { addJob: idle, updateJob: idle });
    const { isEqual, lines } = await bring(stubborn, [
      define({ description: "Nightly", command: "other.sh" }),
      define({ name: "by hand" }),
      define({ name: "new" }),
    ]);
    expect(isEqual).toBeFalse();
    expect(lines.at(-1)).toBe(
      "WARNING: Cron jobs still differ from the ConfigMap after 4 rounds: " +
        "backup (description, payload.argv), by hand (description), new (add)",
    );
    expect(lines.filter((line) => line === "Updating cron job: backup")).toHaveLength(4);
  });

  test("repairs what a crash left between the two updates of a replacement", async () => {
    const definition = define({ message: "x" });
    const store = createMemoryStore([ourJob(define({ message: "x", model: "a/b" }), {}, OLD)], {
      features: OLD,
      before(call) {
        if (call.startsWith("update") && store.writes.length === 2) throw new ManagerError("unreachable", "gone");
      },
    });
    await refusalOf(bring(store, [definition]));
    expect(store.jobs).toMatchObject([{ id: "id-1", sessionTarget: "main" }]);
    const next = again(store);
    expect(await bring(next, [definition])).toMatchObject({ isEqual: true });
    expect(next.jobs).toHaveLength(1);
    expect(next.jobs[0]).toMatchObject({ id: "id-1", sessionTarget: "isolated" });
    expect(next.jobs[0]?.payload).toEqual({ kind: "agentTurn", message: "x" });
  });

  test("removes nothing if too many jobs would be removed, and adds the others, however many", async () => {
    const old = Array.from({ length: 10 }, (_, index) =>
      ourJob(define({ name: `old-${index}` }), { id: `id-${index}` }),
    );
    const store = createMemoryStore(old);
    const added = Array.from({ length: 20 }, (_, index) => define({ name: `new-${index}` }));
    const result = await bring(store, added);
    expect(result).toMatchObject({ isEqual: true, changed: 20, refusedRemovals: old.map(({ name }) => name) });
    expect(store.jobs).toHaveLength(30);
  });

  test("removes all our jobs for [], and no others", async () => {
    const store = createMemoryStore([
      ourJob(define()),
      ourJob(define({ name: "marked" }), { id: "id-2" }, OLD),
      liveJob({ id: "id-3", name: "reminder" }),
      liveJob({ id: "id-4", name: "Heartbeat", declarationKey: "heartbeat:main" }),
    ]);
    expect(await bring(store, [])).toMatchObject({ isEqual: true, changed: 2 });
    expect(store.jobs.map(({ id }) => id)).toEqual(["id-3", "id-4"]);
  });

  test("writes nothing if the jobs cannot be listed", async () => {
    const store = createMemoryStore([ourJob(define({ name: "gone" }))], {
      before(call) {
        if (call === "list") throw new ManagerError("rejected", "cron.list: the list kept changing");
      },
    });
    expect(await refusalOf(bring(store, [define()]))).toMatchObject({ code: "rejected" });
    expect(store.writes).toEqual([]);
  });

  test("throws if the gateway goes away in between", async () => {
    const store = createMemoryStore([], {
      before(call) {
        if (call === "add b") throw new ManagerError("unreachable", "gone");
      },
    });
    expect(await refusalOf(bring(store, [define({ name: "a" }), define({ name: "b" })]))).toMatchObject({
      code: "unreachable",
    });
    expect(store.jobs.map(({ name }) => name)).toEqual(["a"]);
  });

  test("uses the clock that it is given", async () => {
    const moment = [define({ schedule: { kind: "at", at: "2026-11-22T13:00:00Z" } })];
    expect(await bring(createMemoryStore(), moment)).toMatchObject({ changed: 1 });
    expect(await bring(createMemoryStore(), moment, { nowMs: () => Date.parse("2026-11-22T13:00:00Z") })).toEqual({
      ...EQUAL,
      passed: [{ name: "backup", at: "2026-11-22T13:00:00.000Z" }],
    });
  });
});

/** Definitions of one job, each a possible successor of the others. */
const STATES: Record<string, Partial<Definition>> = {
  "a command": {},
  "a command with everything": {
    cwd: "/srv",
    env: { A: "1" },
    input: "x",
    timeout: 5,
    noOutputTimeoutSeconds: 5,
    outputMaxBytes: 5,
    retry: 2,
    tz: "Asia/Tokyo",
    description: "Nightly",
    displayName: "Backup",
    agent: "Ops",
    failureAlert: { after: 3 },
    pacing: { min: "1h" },
  },
  "a command with another environment": { env: { B: "2" }, enabled: false },
  "an agent turn": { message: "x" },
  "an agent turn with everything": {
    message: "x",
    model: "a/b",
    fallbacks: ["c/d"],
    thinking: "low",
    lightContext: true,
    delivery: { mode: "announce", channel: "discord", to: "1", threadId: 7, bestEffort: true },
  },
  "an agent turn with another delivery": { message: "y", delivery: { mode: "webhook", to: "https://example.org" } },
  "a system event": { systemEvent: "x", schedule: { kind: "every", everyMs: 60_000 } },
  "a moment": { message: "x", schedule: { kind: "at", at: "2027-01-31T09:00:00+09:00" } },
};

/** The two features that change the shape of a job; a job may have the others in any case. */
const OTHER_SHAPE = { ...NEW, commandPayload: false, declarationKey: false };

for (const [gateway, features] of Object.entries({ "a new gateway": NEW, "an old gateway": OTHER_SHAPE })) {
  describe(`converge() on ${gateway}`, () => {
    for (const [name, before] of Object.entries(STATES)) {
      test.each(Object.keys(STATES))(`leaves no difference if ${name} becomes %s`, async (next) => {
        const store = createMemoryStore([], { features });
        await bring(store, [define(before)]);
        expect(await bring(again(store), [define(before)])).toEqual(EQUAL);
        expect(await bring(store, [define(STATES[next])])).toMatchObject({ isEqual: true });
        expect(await bring(again(store), [define(STATES[next])])).toEqual(EQUAL);
        expect(store.jobs).toHaveLength(1);
        expect(store.jobs[0]?.id).toBe("made-1");
      });
    }

    test("leaves no difference in jobs with odd names", async () => {
      const store = createMemoryStore([], { features });
      const definitions = Object.values(ODD_NAMES).map((name) => define({ name }));
      expect(await bring(store, definitions)).toMatchObject({ isEqual: true, changed: definitions.length });
      expect(await bring(again(store), definitions)).toEqual(EQUAL);
      expect(
        await bring(store, [], { policy: { owner: OWNER, prune: "owned", allowMassRemoval: true } }),
      ).toMatchObject({
        isEqual: true,
      });
      expect(store.jobs).toEqual([]);
    });
  });
}

describe("converge() with unsupported jobs", () => {
  const script = define({ name: "script", payload: { kind: "script", script: "return {}" } });

  test("leaves them out and applies the rest", async () => {
    const store = createMemoryStore([], { features: OLD });
    const result = await bring(store, [script, define({ message: "x" })]);
    expect(result).toMatchObject({ isEqual: true, changed: 1, unsupported: [{ name: "script", wanted: "add" }] });
    expect(store.jobs).toMatchObject([{ name: "backup" }]);
  });

  test("leaves a live one unchanged, and does not remove it as undeclared", async () => {
    const live = ourJob(define({ name: "script", message: "x" }), {}, OLD);
    const store = createMemoryStore([live], { features: OLD });
    expect(await bring(store, [script])).toMatchObject({ unsupported: [{ name: "script", wanted: "update" }] });
    expect(store.writes).toEqual([]);
    expect(store.jobs).toEqual([live]);
  });
});
