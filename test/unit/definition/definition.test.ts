import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { parseDefinition } from "../../../lib/definition/definition.ts";
import type { Json, JsonObject } from "../../../lib/json.ts";
import { ODD_NAMES } from "../../support/fakes.ts";
import { runs } from "../../support/soak.ts";

/** A valid definition with these fields changed; undefined removes a field. */
function write(fields: Record<string, Json | undefined> = {}): JsonObject {
  return JSON.parse(JSON.stringify({ name: "backup", schedule: "0 3 * * *", command: "backup.sh", ...fields }));
}

/** The same without the command. */
function writeWithout(fields: Record<string, Json | undefined>): JsonObject {
  return write({ command: undefined, ...fields });
}

/** Fields that go with an agent turn only. */
const TURN = {
  model: "a/b",
  fallbacks: ["c/d"],
  thinking: "low",
  lightContext: true,
  allowUnsafeExternalContent: false,
};

function accepted(input: Json) {
  const parsed = parseDefinition(input);
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return parsed.definition;
}

/** `field: problem`, a line each; none if the definition is valid. */
function problemsOf(input: Json): string[] {
  const parsed = parseDefinition(input);
  return parsed.kind === "valid" ? [] : parsed.problems.map(({ field, problem }) => `${field}: ${problem}`);
}

describe("parseDefinition()", () => {
  test("accepts a command with timeout and retry", () => {
    const job = {
      name: "obsidian-vault-sync",
      description: "Sync Obsidian Vault every 15 minutes",
      schedule: "*/15 * * * *",
      command: "/bin/bash -c 'cd /home/node/ghq/github.com/boxp/obsidian-vault && git pull origin main'",
      timeout: 300,
      retry: 3,
    };
    expect(accepted(job)).toEqual(job);
  });

  test.each([
    ["a shell line", { command: "backup.sh" }],
    ["an argv array", { command: ["backup.sh", "--all"] }],
    ["an agent turn", { message: "Sum up the day." }],
    ["a system event", { systemEvent: "Time for a break." }],
    ["OpenClaw's own command", { payload: { kind: "command", argv: ["true"], timeoutSeconds: 5 } }],
    ["OpenClaw's own agent turn", { payload: { kind: "agentTurn", message: "Hello", fallbacks: ["a/b"] } }],
    ["OpenClaw's own system event", { payload: { kind: "systemEvent", text: "Hello" } }],
    ["OpenClaw's own script", { payload: { kind: "script", script: "return 1", toolBudget: 1, timeoutSeconds: 1 } }],
    ["an agent turn with all that goes with it", { message: "x", ...TURN, timeout: 1, tools: ["exec"] }],
    ["the same in OpenClaw's spelling", { message: "x", ...TURN, timeoutSeconds: 1, toolsAllow: ["exec"] }],
    ["a system event with tools", { systemEvent: "x", tools: ["exec"] }],
    ["the same in OpenClaw's spelling", { systemEvent: "x", toolsAllow: ["exec"] }],
  ])("accepts %s", (_, fields) => {
    expect(problemsOf(writeWithout(fields))).toEqual([]);
  });

  test.each([
    ["five fields", "*/15 * * * *"],
    ["six fields", "0 */15 * * * *"],
    ["a cron object", { kind: "cron", expr: "0 9 * * 1", tz: "Asia/Tokyo", staggerMs: 0 }],
    ["an interval", { kind: "every", everyMs: 60_000, anchorMs: 0 }],
    ["a moment", { kind: "at", at: "2027-01-31T09:00:00+09:00" }],
    ["the end of a command", { kind: "on-exit", command: "make", cwd: "/srv" }],
  ] satisfies [string, Json][])("accepts a schedule of %s", (_, schedule) => {
    expect(problemsOf(write({ schedule }))).toEqual([]);
  });

  test.each([
    [{ mode: "none" }],
    [{ mode: "announce", completionDestination: { mode: "webhook", to: "https://example.org" } }],
    [{ mode: "announce", failureDestination: { mode: "announce", channel: "discord", accountId: "x" } }],
    [
      {
        mode: "webhook",
        to: "https://example.org",
        failureDestination: { mode: "webhook", to: "https://example.org" },
      },
    ],
  ] satisfies [Json][])("accepts a delivery of %j", (delivery) => {
    expect(problemsOf(write({ delivery }))).toEqual([]);
  });

  test.each([
    [false],
    [{}],
    [{ mode: "announce", channel: "last", includeSkipped: true }],
    [{ mode: "webhook", to: "https://example.org", after: 1, cooldownMs: 0 }],
  ] satisfies [Json][])("accepts a failure alert of %j", (failureAlert) => {
    expect(problemsOf(write({ failureAlert }))).toEqual([]);
  });

  test("accepts both wake modes, under both names", () => {
    for (const wake of ["now", "next-heartbeat"]) {
      expect(accepted(write({ wake })).wake).toBe(wake as "now");
      expect(accepted(write({ wakeMode: wake })).wakeMode).toBe(wake as "now");
    }
  });

  test("accepts OpenClaw's own spellings", () => {
    const own = {
      agentId: "main",
      sessionTarget: "session:x",
      wakeMode: "now",
      timeoutSeconds: 5,
      toolsAllow: ["exec"],
    };
    expect(accepted(write(own))).toMatchObject(own);
  });

  test("accepts every field that goes with a command", () => {
    const all = {
      description: "Nightly",
      displayName: "Backup",
      enabled: false,
      deleteAfterRun: false,
      tz: "Asia/Tokyo",
      sessionKey: "agent:main:main",
      env: { A: "1", B: "" },
      cwd: "/srv",
      input: "",
      noOutputTimeoutSeconds: 1.5,
      outputMaxBytes: 1,
      delivery: { mode: "announce", channel: "discord", to: "123", threadId: 7, failureDestination: { to: "x" } },
      failureAlert: { after: 3, cooldownMs: 0, mode: "webhook" },
      pacing: { min: "1h" },
      trigger: { script: "return true", once: true },
    };
    expect(accepted(write(all))).toMatchObject(all);
  });

  test.each(Object.entries(ODD_NAMES))("keeps a name with %s unchanged", (_, name) => {
    expect(accepted(write({ name })).name).toBe(name);
  });

  test.each(["main", "isolated", "session:x", "session:agent/ops notes"])("accepts the session %s", (session) => {
    const payload = { kind: "script", script: "x" };
    const isNamed = session.startsWith("session:");
    expect(problemsOf(writeWithout(isNamed ? { message: "x", session } : { payload, session }))).toEqual([]);
    expect(problemsOf(writeWithout(isNamed ? { message: "x", sessionTarget: session } : { payload }))).toEqual([]);
  });

  test.each(["Main", "session:", "session: x", "isolate", "agent:main:main"])("rejects the session %j", (session) => {
    for (const field of ["session", "sessionTarget"]) {
      expect(problemsOf(write({ [field]: session }))).toEqual([
        `${field}: expected "main" or "isolated" or "session:NAME"`,
      ]);
    }
  });

  test("rejects the session current without a sessionKey", () => {
    expect(problemsOf(write({ session: "current" }))).toEqual([
      "session: current needs the sessionKey of a conversation",
    ]);
  });

  test("keeps the text of a command unchanged", () => {
    const command = `printf '%s\\n' "$(date)" \`id\` \\\n  && echo "done\t✓"`;
    expect(accepted(write({ command })).command).toBe(command);
    expect(accepted(write({ command: [command, " a "] })).command).toEqual([command, " a "]);
  });

  test("trims text that the gateway would trim", () => {
    const { name, command } = accepted(write({ name: "  backup\n", command: " backup.sh\n" }));
    expect({ name, command }).toEqual({ name: "backup", command: "backup.sh" });
  });

  test.each([
    ["nothing", null, "null"],
    ["a list", [], "a list"],
    ["a number", 5, "a number"],
    ["a text", "backup", "other text"],
  ] satisfies [string, Json, string][])("rejects a job that is %s", (_, input, kind) => {
    expect(problemsOf(input)).toEqual([`: expected an object but received ${kind}`]);
  });

  test.each(["name", "schedule"])("requires %s", (field) => {
    expect(problemsOf(write({ [field]: undefined }))).toEqual([`${field}: is required`]);
  });

  test.each(["name", "schedule", "command"])("rejects a %s of blanks", (field) => {
    expect(problemsOf(write({ [field]: " \n" }))).toEqual([`${field}: expected some text but received none`]);
  });

  test("rejects an unknown field and names the one that was meant", () => {
    expect(problemsOf(write({ comand: "x" }))).toEqual(["comand: unknown field, did you mean command?"]);
    expect(problemsOf(write({ delivery: { mode: "none", chanel: "x" } }))).toEqual([
      "delivery.chanel: unknown field, did you mean channel?",
    ]);
    expect(problemsOf(write({ schedule: { kind: "cron", expr: "* * * * *", timezone: "UTC" } }))).toEqual([
      "schedule.timezone: unknown field, did you mean tz?",
    ]);
  });

  test.each([
    ["retyr", "did you mean retry?"],
    ["retryabc", "the nearest known one is retry"],
    ["a", "the nearest known one is tz"],
    ["scheduxyz", "did you mean schedule?"],
    ["Schedule", "did you mean schedule?"],
  ])("suggests a known field only if it is near: %s", (field, advice) => {
    expect(problemsOf(write({ [field]: 1 }))).toEqual([`${field}: unknown field, ${advice}`]);
  });

  test.each([
    ["timezone", "tz"],
    ["cron", "schedule"],
    ["every", "schedule"],
    ["at", "schedule"],
    ["prompt", "message"],
    ["cmd", "command"],
    ["script", "payload"],
  ])("suggests our name for %s of other tools", (field, meant) => {
    expect(problemsOf(write({ [field]: "x" }))).toEqual([`${field}: unknown field, did you mean ${meant}?`]);
  });

  test.each(["id", "state", "declarationKey", "configRevision", "createdAtMs", "scheduledToolPolicy"])(
    "rejects %s, which OpenClaw keeps itself",
    (field) => {
      expect(problemsOf(write({ [field]: "x" }))).toEqual([`${field}: is kept by OpenClaw itself; leave it out`]);
    },
  );

  test("names the nearest known field even if none is near", () => {
    expect(problemsOf(write({ concurrencyPolicy: "Forbid" }))).toEqual([
      expect.stringMatching(/^concurrencyPolicy: unknown field, the nearest known one is \w+$/),
    ]);
  });

  test.each(["__proto__", "constructor", "toString"])(
    "rejects %s like any other unknown field, at any depth",
    (field) => {
      const input = JSON.parse(`{"name": "a", "schedule": "* * * * *", "command": "x", "${field}": {"retry": 1}}`);
      expect(problemsOf(input)).toEqual([expect.stringMatching(new RegExp(`^${field}: unknown field`))]);
      const delivery = JSON.parse(`{"mode": "none", "failureDestination": {"${field}": 1}}`) as Json;
      expect(problemsOf(write({ delivery }))).toEqual([
        expect.stringMatching(new RegExp(`^delivery.failureDestination.${field}: unknown field`)),
      ]);
    },
  );

  test("reports the problems of several fields at once", () => {
    const problems = problemsOf(write({ name: undefined, wake: "never", timeout: -1, comand: "x", retry: 2.5 }));
    expect(problems.toSorted()).toEqual([
      "comand: unknown field, did you mean command?",
      "name: is required",
      "retry: expected a whole number but received 2.5",
      "timeout: expected at least 0 but received -1",
      'wake: expected "now" or "next-heartbeat" but received other text',
    ]);
  });

  test("reports every unknown field of an inner object together with missing ones", () => {
    const delivery = { foo: 1, chanel: "x" };
    expect(problemsOf({ name: "a", schedule: "* * * * *", message: "x", delivery })).toEqual([
      "delivery.foo: unknown field, did you mean to?",
      "delivery.chanel: unknown field, did you mean channel?",
      "delivery.mode: is required",
    ]);
  });

  test("reports contradictions together with invalid fields", () => {
    expect(problemsOf({ name: "a", schedule: 5, command: "x", message: "y" })).toHaveLength(2);
    expect(problemsOf({})).toHaveLength(3);
  });

  test.each([
    ["command", [], "expected at least one entry but received none"],
    ["command", 5, "expected text or a list but received a number"],
    ["schedule", 5, "expected text or an object but received a number"],
    ["timeout", "5m", "expected a number but received other text"],
    ["timeout", null, "expected a number but received null"],
    ["timeout", {}, "expected a number but received an object"],
    ["timeout", "", "expected a number but received an empty text"],
    ["retry", -1, "expected at least 0 but received -1"],
    ["retry", 101, "expected at most 100 but received 101"],
    ["enabled", "yes", "expected true or false but received other text"],
    ["description", null, "expected text but received null"],
    ["env", "A=1", "expected an object but received other text"],
    ["delivery", "none", "expected an object but received other text"],
    ["failureAlert", true, "expected false or an object but received true"],
    ["outputMaxBytes", 0, "expected at least 1 but received 0"],
    ["delivery", [], "expected an object but received a list"],
    ["schedule", [], "expected text or an object but received a list"],
    ["failureAlert", [], "expected false or an object but received a list"],
    ["pacing", 5, "expected an object but received a number"],
    ["trigger", [1], "expected an object but received a list"],
    ["agent", "my agent", "expected up to 64 letters, digits, _ and -"],
    ["agentId", "エージェント", "expected up to 64 letters, digits, _ and -"],
    ["displayName", "x".repeat(201), "expected at most 200 characters"],
    ["tz", "Asia/Tokio", "is no time zone; expected one such as Asia/Tokyo or +09:00"],
  ] satisfies [string, Json, string][])("rejects a %s of %j", (field, value, problem) => {
    expect(problemsOf(write({ [field]: value }))).toEqual([`${field}: ${problem}`]);
  });

  test.each([
    ["env.A", { env: { A: 1 } }, "expected text but received a number"],
    ["command.1", { command: ["echo", 5] }, "expected text but received a number"],
    ["schedule.everyMs", { schedule: { kind: "every", everyMs: 0 } }, "expected at least 1 but received 0"],
    ["schedule.everyMs", { schedule: { kind: "every", everyMs: 1.5 } }, "expected a whole number but received 1.5"],
    ["schedule.expr", { schedule: { kind: "cron" } }, "is required"],
    [
      "schedule.kind",
      { schedule: { kind: "weekly" } },
      'expected "cron" or "every" or "at" or "on-exit" or "stream" but received other text',
    ],
    [
      "schedule.at",
      { schedule: { kind: "at", at: "tomorrow" } },
      "expected a date and time such as 2027-01-31T09:00:00+09:00",
    ],
    [
      "delivery.mode",
      { delivery: { mode: "email" } },
      'expected "none" or "announce" or "webhook" but received other text',
    ],
    [
      "schedule.kind",
      { schedule: {} },
      'expected "cron" or "every" or "at" or "on-exit" or "stream" but received nothing',
    ],
    ["delivery.mode", { delivery: { to: "x" } }, "is required"],
    [
      "delivery.threadId",
      { delivery: { mode: "none", threadId: true } },
      "expected text or a number but received true",
    ],
    ["failureAlert.after", { failureAlert: { after: 0 } }, "expected at least 1 but received 0"],
    ["trigger.script", { trigger: {} }, "is required"],
    ["trigger.script", { trigger: { script: "x".repeat(65_537) } }, "expected at most 65536 characters"],
    ["tools.0", { tools: [" "] }, "expected some text but received none"],
    ["toolsAllow.1", { toolsAllow: ["exec", 5] }, "expected text but received a number"],
    ["pacing.min", { pacing: { min: "soon" } }, "expected a duration such as 15m or 1h30m"],
    ["pacing.max", { pacing: { max: "0m" } }, "expected a duration such as 15m or 1h30m"],
    [
      "delivery.threadId",
      { delivery: { mode: "announce", threadId: 2 ** 60 } },
      "has more digits than a number keeps; write it as text, in quotes",
    ],
    ["delivery.threadId", { delivery: { mode: "announce", threadId: " " } }, "expected some text but received none"],
    ["failureAlert.cooldownMs", { failureAlert: { cooldownMs: 0.5 } }, "expected a whole number but received 0.5"],
    ["env.A", { env: { A: "\ud83e" } }, "holds half a character, an unpaired surrogate"],
    ["command", { command: "\ud83e" }, "holds half a character, an unpaired surrogate"],
  ] satisfies [string, Record<string, Json>, string][])("reports %s in %j", (field, fields, problem) => {
    expect(problemsOf(write(fields))).toEqual([`${field}: ${problem}`]);
  });

  test.each([
    ["payload.message", { kind: "agentTurn" }, "is required"],
    ["payload.argv", { kind: "command", argv: [] }, "expected at least one entry but received none"],
    [
      "payload.kind",
      { kind: "shell" },
      'expected "systemEvent" or "agentTurn" or "command" or "script" but received other text',
    ],
    ["payload.modl", { kind: "agentTurn", message: "x", modl: "y" }, "unknown field, did you mean model?"],
    [
      "payload.fallbacks.0",
      { kind: "agentTurn", message: "x", fallbacks: [""] },
      "expected some text but received none",
    ],
    ["payload.script", { kind: "script", script: "x".repeat(65_537) }, "expected at most 65536 characters"],
    [
      "payload.timeoutSeconds",
      { kind: "script", script: "x", timeoutSeconds: 0 },
      "expected at least 1 but received 0",
    ],
    ["payload.toolBudget", { kind: "script", script: "x", toolBudget: 0 }, "expected at least 1 but received 0"],
    [
      "payload.outputMaxBytes",
      { kind: "command", argv: ["x"], outputMaxBytes: 1.5 },
      "expected a whole number but received 1.5",
    ],
  ] satisfies [string, Json, string][])("reports %s in %j", (field, payload, problem) => {
    expect(problemsOf(writeWithout({ payload }))).toEqual([`${field}: ${problem}`]);
  });

  test.each(["", " ", " A", "A ", "A=B", "\0"])("rejects %j as the name of a variable", (name) => {
    const problem = "is no name of a variable: it is empty, or has an = in it or blanks around it";
    expect(problemsOf(write({ env: { B: "x", [name]: "x" } }))).toEqual([`env.${name}: ${problem}`]);
  });

  test("accepts any other name of a variable, and any value", () => {
    const env = JSON.parse('{"constructor": "a", "__proto__": "b", "a.b": " c ", "1": ""}') as JsonObject;
    expect(Object.entries(accepted(write({ env })).env ?? {})).toEqual(Object.entries(env) as [string, string][]);
  });

  test("accepts text as long as a gateway accepts", () => {
    const family = "👩‍👩‍👧";
    const trigger = { script: "x".repeat(65_536) };
    expect(problemsOf(write({ displayName: family.repeat(200), trigger }))).toEqual([]);
    expect(problemsOf(writeWithout({ message: "x".repeat(1 << 20) }))).toEqual([]);
  });

  test("keeps empty lists of tools and fallbacks", () => {
    expect(accepted(writeWithout({ message: "x", tools: [], fallbacks: [] }))).toMatchObject({
      tools: [],
      fallbacks: [],
    });
  });

  test("requires exactly one payload", () => {
    const expected = "expected exactly one of command, message, systemEvent, payload but received";
    expect(problemsOf(writeWithout({}))).toEqual([`command: ${expected} none of them`]);
    expect(problemsOf(write({ message: "x" }))).toEqual([`message: ${expected} command and message`]);
    expect(problemsOf(write({ systemEvent: "x", message: "y" }))).toEqual([
      `message: ${expected} command and message and systemEvent`,
    ]);
  });

  test("accepts retry with a command only", () => {
    expect(problemsOf(write({ retry: 0 }))).toEqual([]);
    expect(problemsOf(write({ retry: 100 }))).toEqual([]);
    for (const other of ["message", "systemEvent"]) {
      expect(problemsOf(writeWithout({ [other]: "x", retry: 0 }))).toEqual([
        `retry: does not go with ${other}; it goes with command`,
      ]);
    }
    expect(problemsOf(writeWithout({ payload: { kind: "command", argv: ["x"] }, retry: 1 }))).toEqual([
      expect.stringMatching(/^retry: does not go with payload/),
    ]);
  });

  test.each([
    ["cwd", "/srv", "message", "it goes with command"],
    ["env", {}, "systemEvent", "it goes with command"],
    ["input", "x", "message", "it goes with command"],
    ["model", "a/b", "command", "it goes with message"],
    ["lightContext", true, "systemEvent", "it goes with message"],
    ["timeout", 5, "systemEvent", "it goes with command or message"],
  ] satisfies [string, Json, string, string][])("rejects %s of %j beside a %s", (field, value, payload, advice) => {
    expect(problemsOf(writeWithout({ [payload]: "x", [field]: value }))).toEqual([
      `${field}: does not go with ${payload}; ${advice}`,
    ]);
  });

  test("rejects a field beside a payload that belongs inside", () => {
    const payload = { kind: "agentTurn", message: "x" };
    expect(problemsOf(writeWithout({ payload, model: "a/b" }))).toEqual([
      "model: does not go with payload; put it inside payload",
    ]);
  });

  test.each([
    ["timeout", 5, "timeoutSeconds", 5],
    ["agent", "a", "agentId", "a"],
    ["session", "isolated", "sessionTarget", "isolated"],
    ["wake", "now", "wakeMode", "now"],
    ["tools", ["a"], "toolsAllow", ["a"]],
  ] satisfies [string, Json, string, Json][])("rejects %s of %j together with %s", (ours, one, theirs, other) => {
    expect(problemsOf(write({ [ours]: one, [theirs]: other }))).toEqual([
      `${theirs}: means the same as ${ours}; keep one of the two`,
    ]);
  });

  test.each<[string, JsonObject]>([
    ["a cron expression", { schedule: "0 3 * * *" }],
    ["a moment", { schedule: { kind: "at", at: "2027-01-31T09:00" } }],
    ["a moment with an offset", { schedule: { kind: "at", at: "2027-01-31T09:00+09:00" } }],
  ])("accepts tz beside %s", (_, fields) => {
    expect(problemsOf(write({ tz: "Asia/Tokyo", ...fields }))).toEqual([]);
  });

  test("accepts tz inside a moment", () => {
    expect(problemsOf(write({ schedule: { kind: "at", at: "2027-01-31T09:00", tz: "Asia/Tokyo" } }))).toEqual([]);
  });

  test.each<[string, JsonObject, string]>([
    ["a cron object", { kind: "cron", expr: "* * * * *" }, "goes into the object, as schedule.tz"],
    [
      "a cron object with one",
      { kind: "cron", expr: "* * * * *", tz: "UTC" },
      "means the same as schedule.tz; keep one of the two",
    ],
    [
      "a moment with one",
      { kind: "at", at: "2027-01-31T09:00", tz: "UTC" },
      "means the same as schedule.tz; keep one of the two",
    ],
    ["an interval", { kind: "every", everyMs: 60_000 }, "means nothing for a schedule of kind every; leave it out"],
    ["a program", { kind: "on-exit", command: "x" }, "means nothing for a schedule of kind on-exit; leave it out"],
    ["a stream", { kind: "stream", command: ["x"] }, "means nothing for a schedule of kind stream; leave it out"],
  ])("refuses tz beside %s, with advice that helps", (_, schedule, problem) => {
    expect(problemsOf(writeWithout({ tz: "UTC", schedule, message: "x" }))).toEqual([`tz: ${problem}`]);
    // What it advises is accepted.
    const inside = problem.startsWith("goes into") ? { tz: "UTC" } : {};
    expect(problemsOf(writeWithout({ schedule: { ...schedule, ...inside }, message: "x" }))).toEqual([]);
  });

  test("refuses a moment that clocks skip, and a zone in which none can be computed", () => {
    const moment = (at: string, tz: string) => problemsOf(write({ schedule: { kind: "at", at }, tz }));
    expect(moment("2027-03-28T02:30", "Europe/Berlin")).toEqual([
      "schedule.at: does not exist in Europe/Berlin: clocks are put forward then; write another time, or an offset",
    ]);
    expect(moment("2027-03-28T02:30+01:00", "Europe/Berlin")).toEqual([]);
    expect(moment("2027-03-28T02:30", "SystemV/EST5")).toEqual([
      "tz: is no time zone that a moment can be read in; expected one such as Asia/Tokyo or +09:00",
    ]);
    expect(moment("2027-03-28T02:30", "Mars/Olympus")).toEqual([
      "tz: is no time zone; expected one such as Asia/Tokyo or +09:00",
    ]);
  });

  test.each([
    ["env", { env: { TOKEN: ["s3cret"] } }],
    ["env", { env: "TOKEN=s3cret" }],
    ["delivery", { delivery: { mode: "s3cret" } }],
    ["an unknown field", { token: "s3cret" }],
    ["a number's place", { timeout: "s3cret" }],
    ["a switch's place", { enabled: "s3cret" }],
    ["a moment's place", { schedule: { kind: "at", at: "s3cret" } }],
    ["the name's place", { name: { s: "s3cret" } }],
  ] satisfies [string, Record<string, Json>][])("never quotes a value: in %s, %j", (_, fields) => {
    const problems = problemsOf(write(fields));
    expect(problems).not.toBeEmpty();
    expect(problems.join()).not.toContain("s3cret");
  });
});

/** Values of each type, valid and invalid, for any field. */
const anyValue = fc.oneof(
  fc.jsonValue() as fc.Arbitrary<Json>,
  fc.constantFrom<Json[]>("main", "now", "@daily", "x", 5, 0.5, Number.NaN, true, [], ["x"], {}, "\ud83e"),
  fc.constantFrom<Json[]>(
    { kind: "cron", expr: "0 3 * * *" },
    { kind: "every", everyMs: 5 },
    { kind: "stream", command: ["x"] },
    { kind: "agentTurn", message: " x " },
    { kind: "command", argv: ["x"], env: { A: "b" } },
    { mode: "announce", channel: "X" },
    { mode: "webhook" },
  ),
);
const FIELDS = ["schedule", "tz", "command", "message", "systemEvent", "payload", "timeout", "retry", "env", "cwd"];
const MORE_FIELDS = [
  "agent",
  "session",
  "wake",
  "delivery",
  "failureAlert",
  "pacing",
  "trigger",
  "tools",
  "enabled",
  "x",
];
const anyJob = fc.dictionary(fc.constantFrom("name", ...FIELDS, ...MORE_FIELDS), anyValue) as fc.Arbitrary<JsonObject>;

describe("parseDefinition() of arbitrary values", () => {
  const soundJob = anyJob.map((fields): JsonObject => ({ schedule: "0 3 * * *", ...fields, name: "a", command: "x" }));

  test("never throws, and reports a problem if the value is invalid", () => {
    fc.assert(
      fc.property(fc.oneof(anyJob, soundJob, fc.jsonValue() as fc.Arbitrary<Json>), (input) => {
        const parsed = parseDefinition(input);
        if (parsed.kind === "invalid") expect(parsed.problems).not.toBeEmpty();
      }),
      { numRuns: runs(2_000) },
    );
  });

  test("returns the same definition for its own output after JSON", () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(soundJob, anyJob), (input) => {
        const parsed = parseDefinition(input);
        if (parsed.kind === "invalid") return;
        taken += 1;
        const carried = JSON.parse(JSON.stringify(parsed.definition)) as Json;
        expect(parseDefinition(carried)).toEqual(parsed);
      }),
      { numRuns: runs(5_000) },
    );
    expect(taken).toBeGreaterThan(runs(50));
  });
});

describe("parseDefinition() of values that would be silently lost", () => {
  const base = { name: "a", schedule: "* * * * *" };

  test.each([
    [{ ...base, command: "x", env: ["A=1"] }, "env: expected an object but received a list"],
    [
      { ...base, command: "x", retry: 1, input: "y" },
      "retry: does not go with input; only the first attempt would read it",
    ],
    [{ ...base, message: "x", delivery: { mode: "webhook" } }, "delivery.to: is required for a webhook"],
    [
      { ...base, payload: { kind: "systemEvent", text: "x" }, retry: 1 },
      "retry: does not go with payload; it goes with command",
    ],
    [{ ...base, command: ["echo", ""] }, "command.1: expected some text but received none"],
  ])("rejects %j", (input, problem) => {
    expect(problemsOf(input)).toEqual([problem]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("rejects a timeout of %p", (timeout) => {
    expect(problemsOf({ ...base, command: "x", timeout })).toEqual(["timeout: expected a finite number"]);
  });
});
