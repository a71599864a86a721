import { describe, expect, test } from "bun:test";
import type { Definition } from "../../../lib/definition/definition.ts";
import type { LiveJob } from "../../../lib/gateway/job.ts";
import { type JsonObject, isJsonObject } from "../../../lib/json.ts";
import { markDescription } from "../../../lib/cron/ownership.ts";
import { type CronAction, type PlanOptions, planCron } from "../../../lib/cron/plan.ts";
import { NEW, ODD_NAMES, OLD, OWNER, define, liveJob, ourJob } from "../../support/fakes.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");

function plan(definitions: Definition[], live: LiveJob[], options: Partial<PlanOptions> = {}) {
  const usual = { owner: OWNER, features: NEW, prune: "owned", allowMassRemoval: false, nowMs: NOW } as const;
  return planCron(definitions, live, { ...usual, ...options });
}

/** Formats actions: `add NAME`, `update ID`, `adopt ID`, `remove ID`. */
function summaryOf(actions: readonly CronAction[]): string[] {
  return actions.map((action) => `${action.kind} ${action.kind === "add" ? action.name : action.id}`);
}

function summary(...args: Parameters<typeof plan>): string[] {
  return summaryOf(plan(...args).actions);
}

/** `count` jobs of ours named job-1, job-2, …; the first ones are declared, the others not. */
function crowd(count: number, declared: number): [Definition[], LiveJob[]] {
  const definitions = Array.from({ length: count }, (_, index) => define({ name: `job-${index + 1}` }));
  return [definitions.slice(0, declared), definitions.map((each, index) => ourJob(each, { id: `id-${index + 1}` }))];
}

describe("planCron()", () => {
  test("plans nothing if nothing is declared and there are no live jobs", () => {
    expect(plan([], [])).toEqual({ actions: [], unchanged: 0, unmanaged: 0, refusedRemovals: [], unsupported: [] });
  });

  test("plans nothing if the live jobs are as declared", () => {
    const definitions = [define({ name: "a" }), define({ name: "b", message: "x" })];
    const live = definitions.map((each, index) => ourJob(each, { id: `id-${index}` }));
    expect(plan(definitions, live)).toEqual({
      actions: [],
      unchanged: 2,
      unmanaged: 0,
      refusedRemovals: [],
      unsupported: [],
    });
  });

  test("adds a missing job with a key", () => {
    expect(plan([define({ description: "Nightly" })], []).actions).toEqual([
      {
        kind: "add",
        name: "backup",
        declarationKey: "config-manager:backup",
        commandAsTurn: false,
        spec: expect.objectContaining({ name: "backup", description: "Nightly" }),
      },
    ]);
  });

  test("adds it with a mark on a gateway without keys", () => {
    const [action] = plan([define({ description: "Nightly" })], [], { features: OLD }).actions;
    expect(action).not.toHaveProperty("declarationKey");
    expect(action).toMatchObject({ spec: { description: "Nightly [managed-by=config-manager]" } });
  });

  test("adds it with a mark if its name is too long for a key", () => {
    const [fits, tooLong] = ["x".repeat(200 - "config-manager:".length), "x".repeat(201 - "config-manager:".length)];
    expect(plan([define({ name: fits })], []).actions).toMatchObject([{ declarationKey: `config-manager:${fits}` }]);
    const [action] = plan([define({ name: tooLong })], []).actions;
    expect(action).not.toHaveProperty("declarationKey");
    expect(action).toMatchObject({ name: tooLong, spec: { description: "[managed-by=config-manager]" } });
  });

  test("tells whether a command becomes an agent turn", () => {
    const before = ourJob(define({ command: "old.sh" }), {}, OLD);
    for (const live of [[], [before]]) {
      expect(plan([define()], live, { features: OLD }).actions).toMatchObject([{ commandAsTurn: true }]);
      expect(plan([define()], live).actions).toMatchObject([{ commandAsTurn: false }]);
    }
  });

  test("turns an agent turn back into a command once the gateway supports it", () => {
    const live = ourJob(define(), { configRevision: "3" }, OLD);
    expect(plan([define()], [live]).actions).toMatchObject([
      { kind: "update", id: "id-1", patch: { payload: { kind: "command", argv: ["sh", "-lc", "backup.sh"] } } },
    ]);
  });

  test("updates a job in place, with the revision that was observed", () => {
    const live = ourJob(define(), { id: "id-7", configRevision: "sha256:12" });
    expect(plan([define({ description: "Nightly" })], [live]).actions).toEqual([
      {
        kind: "update",
        name: "backup",
        id: "id-7",
        fields: ["description"],
        patch: { description: "Nightly" },
        expectedConfigRevision: "sha256:12",
        commandAsTurn: false,
      },
    ]);
  });

  test("sends no revision on a gateway without revisions", () => {
    const [action] = plan([define({ description: "Nightly" })], [ourJob(define())]).actions;
    expect(action).not.toHaveProperty("expectedConfigRevision");
  });

  test("plans a replacement for a job from which a field has to be removed", () => {
    const live = ourJob(define({ cwd: "/srv" }));
    expect(plan([define()], [live]).actions).toMatchObject([
      {
        fields: ["payload.cwd"],
        replacement: { declarationKey: "config-manager:backup", spec: { payload: { kind: "command" } } },
      },
    ]);
    const marked = ourJob(define({ cwd: "/srv" }), {
      declarationKey: undefined,
      description: "[managed-by=config-manager]",
    });
    expect(plan([define()], [marked]).actions).toMatchObject([
      { replacement: { declarationKey: undefined, spec: { description: "[managed-by=config-manager]" } } },
    ]);
    expect(plan([define({ cwd: "/other" })], [live]).actions[0]).not.toHaveProperty("replacement");
  });

  test("restores the name of a job that somebody renamed", () => {
    expect(plan([define()], [ourJob(define(), { name: "renamed by hand" })])).toMatchObject({
      actions: [{ kind: "update", id: "id-1", patch: { name: "backup" } }],
      unmanaged: 0,
    });
  });

  test("keeps the mark of a job that has one, on a gateway that has keys now", () => {
    const live = ourJob(define({ description: "Nightly" }), {}, { ...NEW, declarationKey: false });
    expect(live.declarationKey).toBeUndefined();
    expect(summary([define({ description: "Nightly" })], [live])).toEqual([]);
    expect(plan([define({ description: "Weekly" })], [live]).actions).toMatchObject([
      { kind: "update", patch: { description: "Weekly [managed-by=config-manager]" } },
    ]);
  });

  test("ignores the live enabled switch if none is declared", () => {
    expect(summary([define()], [ourJob(define(), { enabled: false })])).toEqual([]);
    expect(plan([define({ enabled: true })], [ourJob(define(), { enabled: false })]).actions).toMatchObject([
      { kind: "update", patch: { enabled: true } },
    ]);
  });

  test.each(Object.entries(ODD_NAMES))("recognises a job whose name is with %s", (_, name) => {
    for (const features of [NEW, OLD]) {
      const definition = define({ name });
      expect(summary([definition], [], { features })).toEqual([`add ${name}`]);
      expect(plan([definition], [ourJob(definition, {}, features)], { features })).toMatchObject({
        actions: [],
        unchanged: 1,
        unmanaged: 0,
      });
    }
  });

  test("distinguishes names by case and by Unicode normal form", () => {
    for (const [one, other] of [
      ["Backup", "backup"],
      ["cafe\u0301", "caf\u00e9"],
    ] as const) {
      for (const features of [NEW, OLD]) {
        const live = ourJob(define({ name: one }), {}, features);
        expect(summary([define({ name: other })], [live], { features })).toEqual([`add ${other}`, "remove id-1"]);
        expect(summary([define({ name: other })], [liveJob({ name: one })], { features })).toEqual([`add ${other}`]);
      }
    }
  });

  test("orders adds and updates by definition, then removals by the live list", () => {
    const live = [
      ourJob(define({ name: "z" }), { id: "z" }),
      ourJob(define({ name: "b" }), { id: "b" }),
      ourJob(define({ name: "y" }), { id: "y" }),
    ];
    const definitions = [define({ name: "c" }), define({ name: "b", command: "other.sh" }), define({ name: "a" })];
    expect(summary(definitions, live)).toEqual(["add c", "update b", "add a", "remove z", "remove y"]);
  });

  test("modifies none of its arguments", () => {
    const definitions = [define({ cwd: "/srv" }), define({ name: "other", message: "x" })];
    const live = [
      ourJob(define()),
      liveJob({ id: "id-2", name: "other" }),
      ourJob(define({ name: "gone" }), { id: "3" }),
    ];
    const before = structuredClone({ definitions, live });
    plan(definitions, live);
    expect({ definitions, live }).toEqual(before);
  });
});

describe("planCron() and unclaimed jobs", () => {
  test("adopts the one with a declared name, and marks it", () => {
    const byHand = liveJob({ id: "id-7", description: "made by hand", configRevision: "4" });
    expect(plan([define({ description: "Nightly" })], [byHand])).toEqual({
      actions: [
        {
          kind: "adopt",
          name: "backup",
          namesakes: [],
          id: "id-7",
          fields: ["description"],
          patch: { description: "Nightly [managed-by=config-manager]" },
          expectedConfigRevision: "4",
          commandAsTurn: false,
        },
      ],
      unchanged: 0,
      unmanaged: 0,
      refusedRemovals: [],
      unsupported: [],
    });
  });

  test("adopts even one that is as declared already, since it lacks the mark", () => {
    expect(summary([define()], [liveJob()])).toEqual(["adopt id-1"]);
  });

  test("adopts once", () => {
    const adopted = liveJob({ description: markDescription(undefined, OWNER) });
    expect(summary([define()], [adopted])).toEqual([]);
  });

  test("adopts the oldest of several, and leaves the others", () => {
    const live = [
      liveJob({ id: "young", createdAtMs: 300 }),
      liveJob({ id: "old", createdAtMs: 100 }),
      liveJob({ id: "middle", createdAtMs: 200 }),
    ];
    expect(plan([define()], live)).toMatchObject({ actions: [{ kind: "adopt", id: "old" }], unmanaged: 2 });
  });

  test("adopts none if we own a job of that name", () => {
    const live = [liveJob({ id: "by-hand", createdAtMs: 1 }), ourJob(define(), { id: "ours", createdAtMs: 2 })];
    expect(plan([define()], live)).toMatchObject({ actions: [], unchanged: 1, unmanaged: 1 });
  });

  test("adopts a disabled job, and does not enable it", () => {
    const [action] = plan([define()], [liveJob({ enabled: false })]).actions;
    expect(action).toMatchObject({ kind: "adopt", patch: expect.not.objectContaining({ enabled: expect.anything() }) });
  });

  test("leaves reminders that an agent set on request", () => {
    const reminder = liveJob({ name: "Remind Ann to call Bob", payload: { kind: "systemEvent", text: "Call Bob" } });
    expect(plan([], [reminder])).toEqual({
      actions: [],
      unchanged: 0,
      unmanaged: 1,
      refusedRemovals: [],
      unsupported: [],
    });
  });
});

describe("planCron() and foreign jobs", () => {
  const FOREIGN = {
    "another manager's, by key": { declarationKey: "other-manager:backup" },
    "another manager's, by mark": { description: "Nightly [managed-by=other-manager]" },
    "the gateway's heartbeat": { declarationKey: "heartbeat:main" },
    "the gateway's skill review": { declarationKey: "skill-collection-review:main" },
    "memory-core's, by key": { declarationKey: "memory-core:memory-dreaming-promotion" },
    "memory-core's, by the mark at the front": { description: "[managed-by=memory-core.promotion] Promote recalls" },
    "a claw's": { declarationKey: "claw:backup" },
  };

  test.each(Object.entries(FOREIGN))("leaves a job that is %s, whatever its name", (_, fields) => {
    for (const features of [NEW, OLD]) {
      expect(plan([], [liveJob(fields)], { features })).toMatchObject({ actions: [], unmanaged: 1 });
      // It is neither adopted nor in the way of our own.
      expect(plan([define()], [liveJob(fields)], { features })).toMatchObject({
        actions: [{ kind: "add", name: "backup" }],
        unmanaged: 1,
      });
      const live = [liveJob(fields), ourJob(define(), { id: "ours", createdAtMs: 9_000 }, features)];
      expect(plan([define()], live, { features })).toMatchObject({ actions: [], unchanged: 1, unmanaged: 1 });
    }
  });

  test("depends on who the owner is", () => {
    const live = [ourJob(define())];
    expect(summary([], live, { owner: "config-manager" })).toEqual(["remove id-1"]);
    expect(summary([], live, { owner: "config" })).toEqual([]);
    expect(summary([define()], live, { owner: "config-manager-2" })).toEqual(["add backup"]);
  });
});

describe("planCron() and removals", () => {
  test("removes a job of ours that is no longer declared, by key or by mark, disabled or not", () => {
    const live = [
      ourJob(define({ name: "a" }), { id: "keyed" }),
      ourJob(define({ name: "b" }), { id: "marked" }, OLD),
      ourJob(define({ name: "c" }), { id: "off", enabled: false }),
    ];
    expect(plan([], live)).toMatchObject({
      actions: [
        { kind: "remove", id: "keyed", name: "a", reason: "undeclared" },
        { kind: "remove", id: "marked", name: "b", reason: "undeclared" },
        { kind: "remove", id: "off", name: "c", reason: "undeclared" },
      ],
      unmanaged: 0,
    });
  });

  test("keeps the older of two duplicates", () => {
    const live = [
      ourJob(define(), { id: "young", createdAtMs: 300 }),
      ourJob(define(), { id: "old", createdAtMs: 100 }),
      ourJob(define(), { id: "middle", createdAtMs: 200 }, OLD),
    ];
    expect(plan([define()], live).actions).toMatchObject([
      { kind: "remove", id: "young", reason: "duplicate" },
      { kind: "remove", id: "middle", reason: "duplicate" },
    ]);
  });

  test("keeps the same one at every pass if both have the same age", () => {
    const live = ["b", "a", "c"].map((id) => ourJob(define(), { id, createdAtMs: 100 }));
    expect(summary([define()], live)).toEqual(["remove b", "remove c"]);
    expect(summary([define()], live.toReversed())).toEqual(["remove c", "remove b"]);
  });

  test("removes all duplicates that are not declared", () => {
    const live = [ourJob(define(), { id: "one" }), ourJob(define(), { id: "two" })];
    expect(plan([], live).actions).toMatchObject([
      { id: "one", reason: "undeclared" },
      { id: "two", reason: "undeclared" },
    ]);
  });

  test("removes nothing with prune none, not even a duplicate", () => {
    const live = [
      ourJob(define(), { id: "old", createdAtMs: 1 }),
      ourJob(define(), { id: "young", createdAtMs: 2 }),
      ourJob(define({ name: "gone" }), { id: "gone" }),
    ];
    expect(plan([define()], live, { prune: "none" })).toMatchObject({
      actions: [],
      refusedRemovals: [],
      unsupported: [],
    });
    expect(plan([], crowd(20, 0)[1], { prune: "none" })).toMatchObject({
      actions: [],
      refusedRemovals: [],
      unsupported: [],
    });
  });

  test("still adds and updates with prune none", () => {
    const live = [ourJob(define(), { id: "id-1" })];
    const definitions = [define({ command: "other.sh" }), define({ name: "new" })];
    expect(summary(definitions, live, { prune: "none" })).toEqual(["update id-1", "add new"]);
  });

  test.each([
    ["9 of 9", 9, 0],
    ["10 of 21", 21, 11],
    ["15 of 40", 40, 25],
  ])("removes %s", (_, ours, declared) => {
    const [definitions, live] = crowd(ours, declared);
    const { actions, refusedRemovals } = plan(definitions, live);
    expect(actions).toHaveLength(ours - declared);
    expect(refusedRemovals).toEqual([]);
  });

  test.each([
    ["10 of 10", 10, 0],
    ["10 of 20: exactly half", 20, 10],
    ["21 of 40", 40, 19],
  ])("refuses to remove %s", (_, ours, declared) => {
    const [definitions, live] = crowd(ours, declared);
    const names = live.slice(declared).map(({ name }) => name);
    expect(plan(definitions, live)).toMatchObject({ actions: [], unchanged: declared, refusedRemovals: names });
  });

  test("counts only our own jobs for that limit", () => {
    const [, live] = crowd(10, 0);
    const others = Array.from({ length: 20 }, (_, index) => liveJob({ id: `other-${index}`, name: `other-${index}` }));
    expect(plan([], [...live, ...others]).refusedRemovals).toHaveLength(10);
  });

  test("does not count duplicates for that limit: the job itself stays", () => {
    const twins = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) =>
        ourJob(define({ name }), { id: `${name}-${index}`, createdAtMs: index }),
      );
    expect(plan([define()], twins("backup", 12))).toMatchObject({ actions: { length: 11 }, refusedRemovals: [] });
    // Twenty of ours, ten of which are removed, and eleven duplicates.
    const [definitions, live] = crowd(20, 9);
    const crowded = [...live, ...twins("job-1", 12).slice(1)];
    expect(plan(definitions, crowded).refusedRemovals).toHaveLength(11);
    expect(summary(definitions, crowded)).toHaveLength(11);
    const more = ["job-10", "job-11"].map((name) => define({ name }));
    expect(plan([...definitions, ...more], crowded).refusedRemovals).toEqual([]);
  });

  test("adds and updates all the same", () => {
    const [, live] = crowd(12, 0);
    const definitions = [define({ name: "job-1", command: "other.sh" }), define({ name: "new" })];
    expect(summary(definitions, live)).toEqual(["update id-1", "add new"]);
  });

  test("goes on to refuse what was refused, however many jobs were added since", () => {
    const [definitions, live] = crowd(40, 30);
    const names = live.slice(30).map(({ name }) => name);
    expect(plan(definitions, live, { refused: names }).refusedRemovals).toEqual(names);
    expect(plan(definitions, live, { refused: names.slice(1) }).refusedRemovals).toEqual([]);
    expect(plan(definitions, live, { refused: names, allowMassRemoval: true }).refusedRemovals).toEqual([]);
  });

  test("removes them all if that is allowed", () => {
    expect(plan(...crowd(10, 0), { allowMassRemoval: true })).toMatchObject({ refusedRemovals: [], unsupported: [] });
    expect(summary(...crowd(10, 0), { allowMassRemoval: true })).toHaveLength(10);
  });
});

describe("planCron() and a job that declares no agent", () => {
  const stamped = (agentId: string) => [ourJob(define(), { agentId })];

  test("leaves the default agent, which the gateway writes into it", () => {
    expect(summary([define()], stamped("Boss"), { defaultAgent: "boss" })).toEqual([]);
  });

  test("takes out another one, and leaves any where the default one is not known", () => {
    expect(plan([define()], stamped("work"), { defaultAgent: "boss" }).actions).toMatchObject([
      { kind: "update", fields: ["agentId"], patch: { agentId: null } },
    ]);
    expect(summary([define()], stamped("work"))).toEqual([]);
  });
});

describe("planCron() and a one-shot job", () => {
  const moment = (at: string) => define({ schedule: { kind: "at", at } });
  const KEY = "config-manager:backup";
  const PAST_MOMENT = "2026-11-22T11:59:59Z";
  const PAST = moment(PAST_MOMENT);
  const FUTURE = moment("2026-11-22T12:00:01Z");

  test("adds it while its moment is in the future", () => {
    expect(summary([FUTURE], [])).toEqual(["add backup"]);
  });

  test("never adds it after its moment", () => {
    expect(summary([PAST], [])).toEqual([]);
    expect(summary([moment("2026-11-22T12:00:00Z")], [])).toEqual([]);
    expect(summary([moment("2026-11-22T20:59:59+09:00")], [])).toEqual([]);
  });

  test("leaves a live one whose moment has passed", () => {
    expect(plan([PAST], [ourJob(PAST)])).toMatchObject({ actions: [], unchanged: 1 });
  });

  test("removes a live one that is no longer declared, passed or not", () => {
    expect(summary([], [ourJob(PAST)])).toEqual(["remove id-1"]);
    expect(summary([], [ourJob(FUTURE)])).toEqual(["remove id-1"]);
  });

  test.each<[string, JsonObject]>([
    ["well", { lastRunAtMs: NOW - 1_000, lastStatus: "ok" }],
    ["badly", { lastRunAtMs: NOW - 1_000, lastRunStatus: "error", consecutiveErrors: 1 }],
    ["not at all", { lastRunAtMs: NOW - 1_000, lastStatus: "skipped" }],
  ])("adds one anew that has run %s, once its moment is moved, or becomes a schedule", (_, state) => {
    const ran = ourJob(PAST, { enabled: false, state });
    expect(plan([FUTURE], [ran]).actions).toMatchObject([{ kind: "add", spentId: "id-1", declarationKey: KEY }]);
    expect(plan([define({ schedule: "0 3 * * *" })], [ran]).actions).toMatchObject([{ kind: "add", spentId: "id-1" }]);
    expect(plan([define({ schedule: { kind: "at", at: PAST_MOMENT }, message: "x" })], [ran]).actions).toEqual([]);
  });

  test("leaves one that has run and that nobody claims, and adds ours beside it", () => {
    const theirs = liveJob({ ...PAST, enabled: false, state: { lastRunAtMs: NOW - 1_000 }, declarationKey: undefined });
    const [added, ...more] = plan([FUTURE], [theirs]).actions;
    expect([added, more]).toMatchObject([{ kind: "add" }, []]);
    expect(added).not.toHaveProperty("spentId");
  });

  test("updates one that waits to be tried again, or that a person turned off before its moment", () => {
    const again = { lastRunAtMs: NOW - 1_000, lastStatus: "error", nextRunAtMs: NOW + 1_000 };
    expect(summary([FUTURE], [ourJob(PAST, { state: again })])).toEqual(["update id-1"]);
    expect(summary([FUTURE], [ourJob(PAST, { enabled: false, state: {} })])).toEqual(["update id-1"]);
  });

  test("waits for the end of a run, which turns it off whatever its moment is by then", () => {
    const running = ourJob(PAST, { state: { runningAtMs: NOW - 1_000 } });
    expect(plan([FUTURE], [running])).toMatchObject({ actions: [], unchanged: 1 });
    const daily = ourJob(define(), { state: { runningAtMs: NOW - 1_000, lastRunAtMs: 5 } });
    expect(plan([FUTURE], [daily])).toMatchObject({ actions: [], unchanged: 1 });
    expect(summary([define({ schedule: "5 4 * * *" })], [daily])).toEqual(["update id-1"]);
  });

  test("adds a job anew that has run, once it is to become one", () => {
    const daily = define({ schedule: "0 3 * * *" });
    const ran = ourJob(daily, { state: { lastRunAtMs: NOW - 1_000, nextRunAtMs: NOW + 1_000 } });
    expect(plan([FUTURE], [ran]).actions).toMatchObject([{ kind: "add", spentId: "id-1" }]);
    expect(summary([FUTURE], [ourJob(daily, { state: { nextRunAtMs: NOW + 1_000 } })])).toEqual(["update id-1"]);
  });

  test("adds a job anew that has run when a command had ended, once that is another command", () => {
    const after = (command: string) => define({ schedule: { kind: "on-exit", command }, message: "x" });
    const ran = ourJob(after("a"), { enabled: false, state: { lastRunAtMs: 5, lastStatus: "ok" } });
    expect(plan([after("b")], [ran]).actions).toMatchObject([{ kind: "add", spentId: "id-1" }]);
    expect(summary([after("a")], [ran])).toEqual([]);
    expect(summary([after("b")], [{ ...ran, enabled: true }])).toEqual(["update id-1"]);
  });

  test("adds a job anew whose trigger was to fire once and has, once that is changed", () => {
    const once = (script: string) => define({ schedule: "* * * * *", trigger: { script, once: true } });
    const fired = ourJob(once("a"), { enabled: false, state: { lastRunAtMs: 5, lastTriggerFireAtMs: 5 } });
    expect(plan([once("b")], [fired]).actions).toMatchObject([{ kind: "add", spentId: "id-1" }]);
    expect(summary([once("a")], [fired])).toEqual([]);
    expect(summary([once("b")], [{ ...fired, enabled: true }])).toEqual(["update id-1"]);
    expect(summary([once("b")], [{ ...fired, state: { lastRunAtMs: 5 } }])).toEqual(["update id-1"]);
  });

  test("moves a live one to another moment", () => {
    expect(plan([FUTURE], [ourJob(PAST)]).actions).toMatchObject([
      { kind: "update", fields: ["schedule"], patch: { schedule: { kind: "at", at: "2026-11-22T12:00:01.000Z" } } },
    ]);
  });

  test("treats the same moment in another zone as equal", () => {
    expect(summary([moment("2026-11-22T21:00:01+09:00")], [ourJob(FUTURE)])).toEqual([]);
  });
});

describe("planCron() and moments in the past", () => {
  test("does not move a live job to one: the gateway would reject it at every pass", () => {
    const at = (moment: string) => define({ schedule: { kind: "at", at: moment } });
    const live = ourJob(at("2099-01-01T00:00:00Z"));
    expect(plan([at("2020-01-01T00:00:00Z")], [live])).toMatchObject({ actions: [], unchanged: 1 });
  });
});

describe("planCron() and several unclaimed jobs of one name", () => {
  test("adopts the oldest, and names the others", () => {
    const live = [liveJob({ id: "young", createdAtMs: 3 }), liveJob({ id: "old", createdAtMs: 1 })];
    expect(plan([define()], live).actions).toMatchObject([{ kind: "adopt", id: "old", namesakes: ["young"] }]);
  });
});

describe("planCron() and a key without a name", () => {
  test("treats the job as foreign, and leaves it", () => {
    expect(plan([], [liveJob({ declarationKey: "config-manager:" })])).toMatchObject({ actions: [], unmanaged: 1 });
  });
});

describe("planCron() over a way that others can read", () => {
  const findExposed = ({ payload }: JsonObject) =>
    isJsonObject(payload) && payload.env ? [{ what: "payload.env", reason: "would be seen" }] : [];
  const secret = define({ env: { A: "1" } });
  const unsupported = (wanted: "add" | "update") => [{ name: "backup", wanted, missing: [{ what: "payload.env" }] }];

  test("adds no job with a secret, and updates none with it", () => {
    expect(plan([secret, define({ name: "plain" })], [], { findExposed })).toMatchObject({
      actions: [{ kind: "add", name: "plain" }],
      unsupported: unsupported("add"),
    });
    expect(plan([secret], [ourJob(define())], { findExposed })).toMatchObject({
      actions: [],
      unsupported: unsupported("update"),
    });
  });

  test("hides the environment of a command that becomes an agent turn, too", () => {
    expect(plan([secret], [], { findExposed, features: OLD })).toMatchObject({ unsupported: unsupported("add") });
  });

  test("leaves a job that is as declared, and updates and removes where no secret is written", () => {
    expect(plan([secret], [ourJob(secret)], { findExposed })).toMatchObject({
      actions: [],
      unsupported: [],
      unchanged: 1,
    });
    const changed = plan([{ ...secret, description: "Nightly" }], [ourJob(secret)], { findExposed });
    expect(changed).toMatchObject({ actions: [{ kind: "update", fields: ["description"] }], unsupported: [] });
    expect(plan([], [ourJob(secret)], { findExposed }).actions).toMatchObject([{ kind: "remove" }]);
  });
});
