import { describe, expect, test } from "bun:test";
import { isDeepStrictEqual } from "node:util";
import type { Definition } from "../../../lib/definition/definition.ts";
import { findDifference } from "../../../lib/cron/difference.ts";
import { toJobSpec } from "../../../lib/cron/job-spec.ts";
import { NEW, define, liveJob, ourJob } from "../../support/fakes.ts";

/** The difference between `after` and the live job that was added as `before` and then edited with `hand`. */
function between(before: Partial<Definition>, after: Partial<Definition>, hand: Record<string, unknown> = {}) {
  return findDifference(toJobSpec(define(after), NEW), ourJob(define(before), hand), "main");
}

const fieldsBetween = (...args: Parameters<typeof between>) => between(...args).fields;

const EQUAL = { fields: [], patch: {}, needsReplacement: false };

/** A job that declares as many fields as possible. */
const FULL: Partial<Definition> = {
  description: "Nightly",
  displayName: "Backup",
  enabled: true,
  deleteAfterRun: false,
  tz: "Asia/Tokyo",
  agent: "ops",
  session: "session:backup",
  sessionKey: "agent:ops:backup",
  wake: "next-heartbeat",
  cwd: "/srv",
  env: { A: "1", B: "2" },
  input: "yes",
  timeout: 300,
  noOutputTimeoutSeconds: 60,
  outputMaxBytes: 1_000,
  tools: ["exec"],
  delivery: { mode: "announce", channel: "discord", to: "1", threadId: 7, accountId: "x", bestEffort: true },
  failureAlert: { after: 3, channel: "discord" },
  pacing: { min: "1h", max: "2h" },
  trigger: { script: "return true" },
};

describe("findDifference()", () => {
  test("is empty for a job that is as declared", () => {
    expect(between({}, {})).toEqual(EQUAL);
    expect(between(FULL, FULL)).toEqual(EQUAL);
    for (const fields of [{ message: "x", model: "a/b", fallbacks: ["c/d"] }, { systemEvent: "x" }]) {
      expect(between(fields, fields)).toEqual(EQUAL);
    }
  });

  test("ignores state", () => {
    const state = { nextRunAtMs: 1, lastRunAtMs: 2, lastStatus: "error", consecutiveErrors: 5 };
    expect(between({}, {}, { state, updatedAtMs: 3, createdAtMs: 4, configRevision: "9" })).toEqual(EQUAL);
  });

  test("ignores the order of an environment", () => {
    expect(between({ env: { A: "1", B: "2" } }, { env: { B: "2", A: "1" } })).toEqual(EQUAL);
  });

  test.each([
    ["anchorMs", { schedule: { kind: "every", everyMs: 5 } }, { schedule: { kind: "every", everyMs: 5, anchorMs: 7 } }],
    ["staggerMs", {}, { schedule: { kind: "cron", expr: "0 3 * * *", staggerMs: 300_000 } }],
    ["enabled", {}, { enabled: true }],
    ["deleteAfterRun", { schedule: { kind: "at", at: "2027-01-31T00:00:00Z" } }, { deleteAfterRun: true }],
    [
      "toolsAllow",
      { message: "x" },
      { payload: { kind: "agentTurn", message: "x", toolsAllow: ["*"] }, scheduledToolPolicy: { mode: "default" } },
    ],
    ["a channel of last", { delivery: { mode: "announce" } }, { delivery: { mode: "announce", channel: "last" } }],
    ["a channel of last", {}, { delivery: { mode: "none", channel: "last" } }],
    ["a switch that is off", { message: "x" }, { payload: { kind: "agentTurn", message: "x", lightContext: false } }],
    ["an empty text", { message: "x" }, { payload: { kind: "agentTurn", message: "x", model: "" } }],
    ["an empty list", { message: "x" }, { payload: { kind: "agentTurn", message: "x", fallbacks: [] } }],
    ["no delivery in the main session", { systemEvent: "x" }, { delivery: undefined }],
    ["the rest of an old route", {}, { delivery: { mode: "none", channel: "discord", to: "1" } }],
  ] satisfies [string, Partial<Definition>, Record<string, unknown>][])(
    "ignores what the gateway adds by itself: %s %j",
    (_, declared, held) => {
      expect(between(declared, declared, held)).toEqual(EQUAL);
    },
  );

  test("ignores what the gateway changes by itself", () => {
    expect(between({}, { agent: "Ops" }, { agentId: "ops" })).toEqual(EQUAL);
    expect(between({ schedule: "0 3 * * *" }, { schedule: "0  3 * *\t*" })).toEqual(EQUAL);
    expect(between({ schedule: "0  3 * * *" }, { schedule: "0 3 * * *" })).toEqual(EQUAL);
    expect(between({}, {}, { description: " " })).toEqual(EQUAL);
    const turn = { kind: "agentTurn", message: " x\n" };
    expect(between({}, { message: "x" }, { payload: turn })).toEqual(EQUAL);
    const event = { kind: "systemEvent", text: " x\n" };
    expect(between({ systemEvent: "x" }, { systemEvent: "x" }, { payload: event })).toEqual(EQUAL);
  });

  test("ignores the live enabled switch if none is declared", () => {
    expect(between({}, {}, { enabled: false })).toEqual(EQUAL);
    expect(between({}, { enabled: true }, { enabled: false })).toMatchObject({
      fields: ["enabled"],
      patch: { enabled: true },
    });
    expect(between({}, { enabled: false }, { enabled: true }).patch).toEqual({ enabled: false });
  });

  test.each([
    ["description", "Weekly", "description"],
    ["displayName", "Other", "displayName"],
    ["enabled", false, "enabled"],
    ["deleteAfterRun", true, "deleteAfterRun"],
    ["schedule", "1 3 * * *", "schedule"],
    ["schedule", { kind: "every", everyMs: 60_000 }, "schedule"],
    ["tz", "Asia/Seoul", "schedule"],
    ["agent", "other", "agentId"],
    ["session", "isolated", "sessionTarget"],
    ["sessionKey", "agent:ops:other", "sessionKey"],
    ["wake", "now", "wakeMode"],
    ["command", "other.sh", "payload.argv"],
    ["command", ["backup.sh"], "payload.argv"],
    ["retry", 1, "payload.argv"],
    ["cwd", "/other", "payload.cwd"],
    ["env", { A: "1" }, "payload.env"],
    ["env", { A: "1", B: "3" }, "payload.env"],
    ["input", "no", "payload.input"],
    ["timeout", 0, "payload.timeoutSeconds"],
    ["noOutputTimeoutSeconds", 61, "payload.noOutputTimeoutSeconds"],
    ["outputMaxBytes", 1_001, "payload.outputMaxBytes"],
    ["tools", ["exec", "read"], "payload.toolsAllow"],
    ["failureAlert", false, "failureAlert"],
    ["failureAlert", { after: 4, channel: "discord" }, "failureAlert"],
    ["pacing", { min: "1h" }, "pacing"],
    ["trigger", { script: "return false" }, "trigger"],
  ])("notices another %s: %j", (field, value, reported) => {
    const after = { ...FULL, ...(field === "schedule" && typeof value === "object" ? { tz: undefined } : {}) };
    const { fields, patch, needsReplacement } = between(FULL, { ...after, [field]: value } as Partial<Definition>);
    expect(fields).toEqual([reported]);
    expect(Object.keys(patch)).toEqual([reported.replace(/\..*/, "")]);
    expect(needsReplacement).toBe(field === "env" && isDeepStrictEqual(value, { A: "1" })); // B is removed
  });

  test.each([
    ["mode", "none"],
    ["channel", "telegram"],
    ["to", "2"],
    ["threadId", "7"],
    ["accountId", "y"],
    ["bestEffort", false],
  ])("notices another delivery %s: %j", (field, value) => {
    const delivery = { ...FULL.delivery, [field]: value } as Definition["delivery"] & object;
    expect(between(FULL, { ...FULL, delivery })).toMatchObject({
      fields: [`delivery.${field}`],
      patch: { delivery },
    });
  });

  test("notices a change between channel last and another channel, in both directions", () => {
    const last = { delivery: { mode: "announce", channel: "last" } } as const;
    const other = { delivery: { mode: "announce", channel: "discord" } } as const;
    expect(fieldsBetween(last, other)).toEqual(["delivery.channel"]);
    expect(fieldsBetween(other, last)).toEqual(["delivery.channel"]);
  });

  test.each([
    ["message", { message: "x" }, { message: "y" }, "payload.message"],
    ["model", { message: "x", model: "a/b" }, { message: "x", model: "a/c" }, "payload.model"],
    ["systemEvent", { systemEvent: "x" }, { systemEvent: "y" }, "payload.text"],
    [
      "script",
      { payload: { kind: "script", script: "return 1" } },
      { payload: { kind: "script", script: "return 2" } },
      "payload.script",
    ],
  ] satisfies [string, Partial<Definition>, Partial<Definition>, string][])(
    "notices another %s",
    (_, before, after, field) => {
      expect(between(before, after)).toMatchObject({ fields: [field], needsReplacement: false });
    },
  );

  test("notices another kind of payload, and needs no replacement for it", () => {
    expect(between({ timeout: 5, cwd: "/srv" }, { message: "x" })).toEqual({
      fields: ["payload.kind", "payload.message"],
      patch: { payload: { kind: "agentTurn", message: "x" } },
      needsReplacement: false,
    });
  });

  test("patches payload, delivery and schedule as a whole if one of their fields differs", () => {
    const { patch } = between(FULL, { ...FULL, cwd: "/other", tz: "UTC", delivery: { mode: "announce", to: "2" } });
    const { payload, schedule, delivery } = toJobSpec(
      define({ ...FULL, cwd: "/other", tz: "UTC", delivery: { mode: "announce", to: "2" } }),
      NEW,
    );
    expect(patch).toEqual({ payload, schedule, delivery });
  });

  test("reports several differences in one patch", () => {
    expect(between({}, { description: "Nightly", schedule: "1 3 * * *", command: "x" })).toEqual({
      fields: ["description", "schedule", "payload.argv"],
      patch: {
        description: "Nightly",
        schedule: { kind: "cron", expr: "1 3 * * *" },
        payload: { kind: "command", argv: ["sh", "-lc", "x"] },
      },
      needsReplacement: false,
    });
  });

  test("notices a name that somebody changed", () => {
    expect(between({}, {}, { name: "renamed by hand" })).toMatchObject({ fields: ["name"], patch: { name: "backup" } });
  });

  test("distinguishes names by case and by Unicode normal form", () => {
    for (const [live, declared] of [
      ["Backup", "backup"],
      ["cafe\u0301", "caf\u00e9"],
    ] as const) {
      expect(findDifference(toJobSpec(define({ name: declared }), NEW), liveJob({ name: live })).fields).toEqual([
        "name",
      ]);
    }
  });
});

describe("findDifference() of a field that was removed from the definition", () => {
  const without = (field: keyof Definition): Partial<Definition> => {
    const { [field]: _, ...rest } = FULL;
    return rest;
  };

  test.each([
    ["description", { description: "" }],
    ["displayName", { displayName: null }],
    ["agent", { agentId: null }],
    ["failureAlert", { failureAlert: null }],
    ["pacing", { pacing: null }],
    ["trigger", { trigger: null }],
  ] satisfies [keyof Definition, object][])("takes out %s by a patch", (field, patch) => {
    expect(between(FULL, without(field))).toMatchObject({
      fields: [expect.any(String)],
      patch,
      needsReplacement: false,
    });
  });

  test.each(["cwd", "env", "input", "timeout", "noOutputTimeoutSeconds", "outputMaxBytes"] as const)(
    "needs a replacement to remove %s from the payload: an update merges it",
    (field) => {
      const name = field === "timeout" ? "timeoutSeconds" : field;
      const { fields, patch, needsReplacement } = between(FULL, without(field));
      expect(fields).toEqual([`payload.${name}`]);
      expect(patch.payload).not.toHaveProperty(name);
      expect(needsReplacement).toBeTrue();
    },
  );

  test.each([
    "model",
    "fallbacks",
    "thinking",
    "lightContext",
    "allowUnsafeExternalContent",
    "timeoutSeconds",
  ] as const)("asks for a replacement where %s has to leave an agent turn", (field) => {
    const full: Partial<Definition> = {
      message: "x",
      model: "a/b",
      fallbacks: ["c/d"],
      thinking: "low",
      lightContext: true,
      allowUnsafeExternalContent: true,
      timeoutSeconds: 5,
    };
    const { [field]: _, ...rest } = full;
    expect(between(full, rest)).toMatchObject({ fields: [`payload.${field}`], needsReplacement: true });
  });

  test.each(["channel", "to", "threadId", "accountId", "bestEffort"] as const)(
    "needs a replacement to remove %s from the delivery",
    (field) => {
      const { [field]: _, ...delivery } = FULL.delivery as NonNullable<Definition["delivery"]>;
      expect(between(FULL, { ...FULL, delivery })).toMatchObject({
        fields: [`delivery.${field}`],
        needsReplacement: true,
      });
    },
  );

  test.each([
    ["failureDestination", { to: "1" }],
    ["completionDestination", { mode: "webhook", to: "https://example.org" }],
  ] as const)("asks for a replacement where the %s has to leave the delivery", (field, value) => {
    const delivery = { mode: "announce", [field]: value } as const;
    expect(between({ delivery }, { delivery: { mode: "announce" } })).toMatchObject({
      fields: [`delivery.${field}`],
      needsReplacement: true,
    });
  });

  test("sets a script's budget back to the gateway's default", () => {
    const payload = { kind: "script", script: "return 1" } as const;
    expect(between({ payload: { ...payload, toolBudget: 5 } }, { payload })).toMatchObject({
      fields: ["payload.toolBudget"],
      patch: { payload: { toolBudget: 50, timeoutSeconds: 300 } },
      needsReplacement: false,
    });
  });

  test("treats a missing delivery outside the main session as one to the last channel", () => {
    const held = { delivery: undefined };
    expect(between({}, {}, held)).toMatchObject({ fields: ["delivery.mode"], patch: { delivery: { mode: "none" } } });
    const announced = { delivery: { mode: "announce" } } as const;
    expect(between(announced, announced, held)).toEqual(EQUAL);
  });

  test("needs a replacement to remove the time zone: the CLI keeps it", () => {
    const schedule = { kind: "cron", expr: "0 3 * * *" };
    expect(between(FULL, without("tz"))).toMatchObject({ patch: { schedule }, needsReplacement: true });
  });

  test("needs a replacement to remove the directory of a schedule", () => {
    const schedule = { kind: "on-exit", command: "make" } as const;
    expect(between({ schedule: { ...schedule, cwd: "/srv" } }, { schedule })).toMatchObject({
      fields: ["schedule"],
      patch: { schedule },
      needsReplacement: true,
    });
  });

  test("needs none to remove the whole delivery", () => {
    expect(between(FULL, without("delivery"))).toMatchObject({
      fields: ["delivery.mode"],
      patch: { delivery: { mode: "none" } },
      needsReplacement: false,
    });
  });

  test("treats fields that somebody added by hand alike", () => {
    const payload = { kind: "command", argv: ["sh", "-lc", "backup.sh"], env: { LD_PRELOAD: "x" } };
    expect(between({}, {}, { payload })).toMatchObject({ fields: ["payload.env"], needsReplacement: true });
    expect(fieldsBetween({}, {}, { agentId: "other" })).toEqual(["agentId"]);
    expect(fieldsBetween({}, {}, { description: "by hand" })).toEqual(["description"]);
  });
});

describe("findDifference() of a failure alert", () => {
  const declared = { failureAlert: { after: 3 } };

  test("removes the alert first if a part of it has to go: the gateway merges it", () => {
    const held = { failureAlert: { after: 3, cooldownMs: 3_600_000 } };
    expect(between(declared, declared, held).patch).toEqual({ failureAlert: false });
    expect(between({}, declared).patch).toEqual({ failureAlert: { after: 3 } });
  });

  test("removes an alert that is off and no longer declared", () => {
    expect(between({ failureAlert: false }, {}).patch).toEqual({ failureAlert: null });
  });

  test("distinguishes an alert that is off from one that is on, and from none", () => {
    expect(fieldsBetween({ failureAlert: false }, declared)).toEqual(["failureAlert"]);
    expect(fieldsBetween({}, declared)).toEqual(["failureAlert"]);
    expect(fieldsBetween({}, { failureAlert: false })).toEqual(["failureAlert"]);
    expect(between({ failureAlert: false }, { failureAlert: false })).toEqual(EQUAL);
  });
});

describe("findDifference() of a removed part", () => {
  test("notices that part of a failure destination has to go, which an update would keep", () => {
    const to = (failureDestination: object): Partial<Definition> => {
      return { message: "x", delivery: { mode: "announce", failureDestination } };
    };
    const { fields, needsReplacement } = between(to({ channel: "last", to: "1" }), to({ channel: "last" }));
    expect(fields).toEqual(["delivery.failureDestination"]);
    expect(needsReplacement).toBeTrue();
  });

  test.each([
    [{ sessionKey: "a" }, {}, { sessionKey: null }],
    [{ wake: "next-heartbeat" }, {}, { wakeMode: "now" }],
    [
      { message: "x", schedule: { kind: "on-exit", command: "make" }, deleteAfterRun: true },
      { message: "x", schedule: { kind: "on-exit", command: "make" } },
      { deleteAfterRun: false },
    ],
  ] satisfies [Partial<Definition>, Partial<Definition>, object][])(
    "notices a change from %j to %j",
    (before, after, patch) => {
      expect(between(before, after).patch).toEqual(patch);
    },
  );

  test.each(["toString", "__proto__", "constructor"])("notices that a variable called %s has to go", (name) => {
    const env = Object.fromEntries([[name, "1"]]);
    const { fields, needsReplacement } = between({ env: { ...env, A: "1" } }, { env: { A: "1" } });
    expect({ fields, needsReplacement }).toEqual({ fields: ["payload.env"], needsReplacement: true });
    expect(between({ env }, { env })).toEqual(EQUAL);
  });

  test("leaves deleteAfterRun of a job that repeats, where it has no effect, and not of one that begins to repeat", () => {
    expect(between({}, {}, { deleteAfterRun: true })).toEqual(EQUAL);
    const every: Partial<Definition> = { schedule: { kind: "every", everyMs: 60_000 } };
    expect(between({}, every, { deleteAfterRun: true }).patch).not.toHaveProperty("deleteAfterRun");
    const once: Partial<Definition> = { schedule: { kind: "at", at: "2099-01-01T00:00:00Z" } };
    expect(between(once, {}, { deleteAfterRun: true }).patch).toMatchObject({ deleteAfterRun: false });
  });

  test("leaves fields that mean nothing for the kind", () => {
    const event = { kind: "systemEvent", text: "x", model: "a/b", timeoutSeconds: 5, cwd: "/" };
    expect(between({ systemEvent: "x" }, { systemEvent: "x" }, { payload: event })).toEqual(EQUAL);
    const at: Partial<Definition> = { schedule: { kind: "at", at: "2099-01-01T00:00:00Z" } };
    const schedule = { kind: "at", at: "2099-01-01T00:00:00.000Z", tz: "Asia/Tokyo" };
    expect(between(at, at, { schedule })).toEqual(EQUAL);
  });

  test("takes a job without wakeMode as 2026.2.9 runs it", () => {
    const bare = { wakeMode: undefined };
    expect(between({ wake: "next-heartbeat" }, { wake: "next-heartbeat" }, bare)).toEqual(EQUAL);
    expect(between({}, {}, bare).patch).toEqual({ wakeMode: "now" });
  });

  test("leaves deleteAfterRun of a one-shot job at the gateway's default", () => {
    const once: Partial<Definition> = { schedule: { kind: "at", at: "2099-01-01T00:00:00Z" } };
    expect(fieldsBetween(once, once, { deleteAfterRun: true })).toEqual([]);
  });

  test("restores all tools by a null, without replacing the rest of the payload", () => {
    const { fields, patch, needsReplacement } = between({ message: "x", tools: ["read"] }, { message: "x" });
    expect(fields).toEqual(["payload.toolsAllow"]);
    expect(patch).toEqual({ payload: { kind: "agentTurn", message: "x", toolsAllow: null } });
    expect(needsReplacement).toBeFalse();
  });
});
