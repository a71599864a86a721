import { describe, expect, test } from "bun:test";
import { findBadCombinations } from "../../../lib/definition/combinations.ts";
import type { Json, JsonObject } from "../../../lib/json.ts";

const STREAM = { kind: "stream", command: ["tail", "-f", "log"] };
const SCRIPT = { kind: "script", script: "return 1" };
const HOOK = "https://example.org/hook";

/** `field: problem`, a line each, of a nightly job with these fields. */
function problemsOf(fields: JsonObject): string[] {
  const definition = { name: "a", schedule: "0 3 * * *", ...fields };
  return findBadCombinations(definition).map(({ field, problem }) => `${field}: ${problem}`);
}

describe("findBadCombinations() of session and payload", () => {
  test.each([
    { systemEvent: "x" },
    { systemEvent: "x", session: "main" },
    { payload: { kind: "systemEvent", text: "x" } },
    { payload: SCRIPT },
    { payload: SCRIPT, session: "main" },
    { payload: SCRIPT, sessionTarget: "isolated" },
    { message: "x", session: "session:notes" },
    { command: "x", sessionTarget: "session:notes" },
    { payload: { kind: "command", argv: ["x"] }, session: "isolated" },
  ] satisfies JsonObject[])("accepts %j", (fields) => {
    expect(problemsOf(fields)).toEqual([]);
  });

  test.each([
    [
      { command: "x", session: "main" },
      "session: main takes a system event or a script; a command runs in isolated or session:NAME",
    ],
    [
      { payload: { kind: "agentTurn", message: "x" }, sessionTarget: " main " },
      "sessionTarget: main takes a system event or a script; an agent turn runs in isolated or session:NAME",
    ],
    [{ systemEvent: "x", session: "isolated" }, "session: a system event goes to main only"],
    [
      { payload: { kind: "systemEvent", text: "x" }, sessionTarget: "session:notes" },
      "sessionTarget: a system event goes to main only",
    ],
    [{ systemEvent: "x", session: "current", sessionKey: "k" }, "session: a system event goes to main only"],
    [{ message: "x", session: "current" }, "session: current needs the sessionKey of a conversation"],
    [{ payload: SCRIPT, session: "session:notes" }, "session: a script runs in main or isolated only"],
  ] satisfies [JsonObject, string][])("rejects %j", (fields, problem) => {
    expect(problemsOf(fields)).toEqual([problem]);
  });

  test("ignores fields that are invalid by themselves", () => {
    expect(problemsOf({ systemEvent: "x", session: 5 })).toEqual([]);
    expect(problemsOf({ systemEvent: "x", command: "y", session: "main" })).toEqual([]);
    expect(problemsOf({ payload: "x", session: "main" })).toEqual([]);
    expect(problemsOf({ message: "x", delivery: { mode: "webhook", to: " " } })).toEqual([]);
    expect(problemsOf({ payload: { kind: "shell" }, session: "main" })).toEqual([]);
  });
});

describe("findBadCombinations() of schedule and deleteAfterRun", () => {
  test.each([
    { message: "x", schedule: { kind: "at", at: "2027-01-31" }, deleteAfterRun: true },
    { message: "x", schedule: { kind: "on-exit", command: "make" }, deleteAfterRun: true },
    { message: "x", deleteAfterRun: false },
    { message: "x", schedule: { kind: "every", everyMs: 5 }, deleteAfterRun: false },
    { message: "x", schedule: { kind: "sometimes" }, deleteAfterRun: true },
  ] satisfies JsonObject[])("accepts %j", (fields) => {
    expect(problemsOf(fields)).toEqual([]);
  });

  test.each(["0 3 * * *", { kind: "cron", expr: "0 3 * * *" }, { kind: "every", everyMs: 5 }, STREAM] satisfies Json[])(
    "rejects deleteAfterRun on a job that repeats: %j",
    (schedule) => {
      expect(problemsOf({ message: "x", schedule, deleteAfterRun: true })).toEqual([
        "deleteAfterRun: goes with a schedule of kind at or on-exit; OpenClaw never removes a job that repeats",
      ]);
    },
  );
});

describe("findBadCombinations() of OpenClaw's own job", () => {
  const TOKEN = "__openclaw_memory_core_short_term_promotion_dream__";
  const OWN = "name: is a job that OpenClaw's memory-core makes and keeps by itself; leave it out";

  test.each([
    { name: "Memory Dreaming Promotion", message: TOKEN, lightContext: true },
    { name: "Mine", systemEvent: ` ${TOKEN}` },
    { name: "Mine", payload: { kind: "agentTurn", message: TOKEN } },
    { name: "Memory Light Dreaming", payload: { kind: "systemEvent", text: "__openclaw_memory_core_light_sleep__" } },
    { message: "x", description: "[managed-by=memory-core.short-term-promotion] Promote weighted recalls" },
    { systemEvent: "x", description: "[managed-by=memory-core.dreaming.rem]" },
  ] satisfies JsonObject[])("rejects %j", (fields) => {
    expect(problemsOf(fields)).toEqual([OWN]);
  });

  test.each([
    { name: "Memory Dreaming Promotion", message: "Dream." },
    { message: "What does __openclaw_memory_core_rem_sleep__ mean?" },
    { message: "x", description: "[managed-by=other]" },
    { command: TOKEN },
  ] satisfies JsonObject[])("accepts %j", (fields) => {
    expect(problemsOf(fields)).toEqual([]);
  });
});

describe("findBadCombinations() of schedule, trigger and pacing", () => {
  test.each([
    { message: "x", schedule: STREAM },
    { systemEvent: "x", schedule: STREAM, trigger: { script: "x" } },
    { payload: SCRIPT, schedule: STREAM },
    { message: "x", trigger: { script: "x" }, pacing: { min: "1h" } },
    { command: "x", schedule: { kind: "every", everyMs: 5 }, trigger: { script: "x" }, pacing: { max: "1h" } },
    { message: "x", schedule: { ...STREAM, mode: "match", match: "error" } },
    { message: "x", schedule: { ...STREAM, mode: "line" } },
  ] satisfies JsonObject[])("accepts %j", (fields) => {
    expect(problemsOf(fields)).toEqual([]);
  });

  test.each([
    [{ command: "x", schedule: STREAM }, "command: does not go with a schedule of kind stream"],
    [
      { payload: { kind: "command", argv: ["x"] }, schedule: STREAM },
      "payload: does not go with a schedule of kind stream",
    ],
    [{ message: "x", schedule: { ...STREAM, mode: "match" } }, "schedule.match: is required"],
    [{ message: "x", schedule: { ...STREAM, mode: "match", match: "" } }, "schedule.match: is required"],
    [{ message: "x", schedule: { ...STREAM, match: "error" } }, "schedule.match: goes with mode match only"],
    [{ payload: SCRIPT, trigger: { script: "x" } }, "trigger: does not go with a script, which can decide by itself"],
    [
      { message: "x", schedule: { kind: "at", at: "2027-01-31" }, trigger: { script: "x" } },
      "trigger: does not go with a schedule of kind at",
    ],
    [
      { message: "x", schedule: { kind: "on-exit", command: "x" }, trigger: { script: "x" } },
      "trigger: does not go with a schedule of kind on-exit",
    ],
    [{ message: "x", pacing: {} }, "pacing: expected min or max but received neither"],
    [
      { message: "x", schedule: { kind: "at", at: "2027-01-31" }, pacing: { min: "1h" } },
      "pacing: does not go with a schedule of kind at",
    ],
    [
      { message: "x", schedule: { kind: "on-exit", command: "x" }, pacing: { min: "1h" } },
      "pacing: does not go with a schedule of kind on-exit",
    ],
    [{ message: "x", schedule: STREAM, pacing: { max: "1h" } }, "pacing: does not go with a schedule of kind stream"],
  ] satisfies [JsonObject, string][])("rejects %j", (fields, problem) => {
    expect(problemsOf(fields)).toEqual([problem]);
  });
});

describe("findBadCombinations() of delivery", () => {
  test.each([
    { message: "x", delivery: { mode: "announce", channel: "discord", to: "123" } },
    { message: "x", session: "session:notes", delivery: { mode: "announce" } },
    { systemEvent: "x", delivery: { mode: "none" } },
    { systemEvent: "x", delivery: { mode: "webhook", to: HOOK, failureDestination: { to: "y" } } },
    { systemEvent: "x", delivery: { mode: "none", failureDestination: {} } },
    { message: "x", delivery: { mode: "webhook", to: ` ${HOOK} ` } },
    { message: "x", delivery: { mode: "announce", completionDestination: { mode: "webhook", to: HOOK } } },
    { message: "x", delivery: { mode: "none", failureDestination: { mode: "announce", to: "y" } } },
  ] satisfies JsonObject[])("accepts %j", (fields) => {
    expect(problemsOf(fields)).toEqual([]);
  });

  test.each([
    [{ systemEvent: "x", delivery: { mode: "announce" } }, "delivery.mode: announce does not go with session main"],
    [
      { payload: SCRIPT, session: "main", delivery: { mode: "announce" } },
      "delivery.mode: announce does not go with session main",
    ],
    [
      { systemEvent: "x", delivery: { mode: "none", failureDestination: { to: "y" } } },
      "delivery.failureDestination: goes with session main only where delivery.mode is webhook",
    ],
    [{ message: "x", delivery: { mode: "webhook" } }, "delivery.to: is required for a webhook"],
    [{ message: "x", delivery: { mode: "webhook", to: "ftp://x" } }, "delivery.to: expected an http or https address"],
    [{ message: "x", delivery: { mode: "webhook", to: "s3cret" } }, "delivery.to: expected an http or https address"],
    [
      { message: "x", delivery: { mode: "none", failureDestination: { mode: "webhook" } } },
      "delivery.failureDestination.to: is required for a webhook",
    ],
    [
      { message: "x", delivery: { mode: "announce", completionDestination: { mode: "webhook", to: "y" } } },
      "delivery.completionDestination.to: expected an http or https address",
    ],
    [
      { message: "x", delivery: { mode: "none", completionDestination: { mode: "webhook", to: HOOK } } },
      "delivery.completionDestination: goes with delivery.mode announce only",
    ],
  ] satisfies [JsonObject, string][])("rejects %j", (fields, problem) => {
    expect(problemsOf(fields)).toEqual([problem]);
  });
});

test("findBadCombinations() never throws, for any values", () => {
  for (const odd of [null, 5, "x", [], {}, [{}], true] satisfies Json[]) {
    const fields = { schedule: odd, payload: odd, delivery: odd, session: odd, trigger: odd };
    expect(problemsOf({ ...fields, pacing: null })).toBeArray();
  }
});
