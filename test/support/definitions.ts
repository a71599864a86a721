// Random valid definitions, as inputs of property tests.

import * as fc from "fast-check";
import { parseDefinition } from "../../lib/definition/definition.ts";
import type { Json, JsonObject } from "../../lib/json.ts";

/** The moment at which the properties are tested: some schedules have passed by then. */
export const NOW = "2026-11-22T12:00:00Z";

/** A few values per field, so that two jobs agree in some fields and differ in others. The first is the simplest. */
type Values = Readonly<Record<string, readonly Json[]>>;

const SCHEDULES: readonly JsonObject[] = [
  { schedule: "0 3 * * *" },
  { schedule: "0  3 * * *", tz: "Asia/Tokyo" },
  { schedule: { kind: "cron", expr: "0 3 * * *", tz: "Asia/Tokyo", staggerMs: 0 } },
  { schedule: { kind: "every", everyMs: 60_000 } },
  { schedule: { kind: "every", everyMs: 60_000, anchorMs: 7 } },
  { schedule: { kind: "at", at: "2027-01-31T00:00:00Z" } },
  { schedule: { kind: "at", at: "2027-01-31T09:00:00+09:00" } }, // the same moment
  { schedule: { kind: "at", at: "2027-01-31T09:00" }, tz: "Asia/Tokyo" }, // and again
  { schedule: { kind: "at", at: "2027-01-31T09:00", tz: "+09:00" } },
  { schedule: { kind: "at", at: "2026-11-22T12:00:01Z" } },
  { schedule: { kind: "at", at: NOW } }, // has passed
  { schedule: { kind: "at", at: "2020-01-31" } },
  { schedule: { kind: "on-exit", command: "make" } },
  { schedule: { kind: "on-exit", command: "make", cwd: "/srv" } },
  { schedule: { kind: "stream", command: ["tail", "log"] } },
  { schedule: { kind: "stream", command: ["tail", "log"], mode: "match", match: "x", batchMs: 100 } },
];

export const DELIVERIES: readonly JsonObject[] = [
  { mode: "none" },
  { mode: "none", channel: "discord", to: "1" },
  { mode: "announce" },
  { mode: "announce", channel: "last" },
  { mode: "announce", channel: "Discord", to: "1", threadId: 7, bestEffort: true },
  { mode: "announce", channel: "discord", accountId: "me" },
  { mode: "webhook", to: "https://example.org/a" },
  { mode: "webhook", to: "https://example.org/a", bestEffort: true },
  { mode: "announce", failureDestination: { channel: "slack", to: "2" } },
  { mode: "announce", failureDestination: { to: "2" } },
  { mode: "none", failureDestination: { mode: "webhook", to: "https://example.org/b" } },
  { mode: "announce", completionDestination: { mode: "webhook", to: "https://example.org/b" } },
];

const IN_MAIN: readonly JsonObject[] = [
  { mode: "none" },
  { mode: "none", to: "1" },
  { mode: "webhook", to: "https://example.org/a" },
  { mode: "webhook", to: "https://example.org/a", bestEffort: true },
  { mode: "webhook", to: "https://example.org/b", failureDestination: { to: "2" } },
];

const TOOLS: readonly Json[] = [["read"], ["read", "exec"], ["*"], []];
const SECONDS: readonly Json[] = [5, 0, 1.5];
const COMMAND: Values = {
  cwd: ["/srv", "/"],
  env: [{}, { A: "1" }, { A: "1", B: "" }],
  timeoutSeconds: SECONDS,
  noOutputTimeoutSeconds: SECONDS,
  outputMaxBytes: [1_024],
  toolsAllow: TOOLS,
};
const TURN: Values = {
  model: ["a/b", "c/d"],
  fallbacks: [["c/d"], []],
  thinking: ["low"],
  lightContext: [true, false],
  allowUnsafeExternalContent: [true],
  timeoutSeconds: SECONDS,
  toolsAllow: TOOLS,
};

const SCRIPT: Values = { timeoutSeconds: [60], toolBudget: [5], toolsAllow: TOOLS };
export const OPTIONS = {
  command: COMMAND,
  agentTurn: TURN,
  systemEvent: { toolsAllow: TOOLS },
  script: SCRIPT,
} as const;
export type Kind = keyof typeof OPTIONS;

/** Fields that fit any payload. */
const ANY: Values = {
  description: ["Nightly", "", " two\nlines ", "[managed-by=other]", "see [managed-by=config-manager]"],
  enabled: [true, false],
  displayName: ["Backup"],
  deleteAfterRun: [true, false],
  agent: ["Ops", "ops"],
  sessionKey: ["agent:ops:x"],
  wake: ["now", "next-heartbeat"],
  failureAlert: [false, {}, { after: 3 }, { after: 3, cooldownMs: 0, channel: "Slack" }, { includeSkipped: true }],
  pacing: [{ min: "1h" }, { min: "1h", max: "2h" }],
  trigger: [{ script: "return true" }, { script: "return true", once: true }],
};

/** The main session belongs to the default agent. */
const { agent: _, ...ANY_IN_MAIN } = ANY;

/** For each field none or one of its values, and few fields at once. */
export function someOf(values: Values): fc.Arbitrary<JsonObject> {
  const fields = Object.entries(values).map(([field, choices]) => {
    return fc.constantFrom(...choices).map((value): [string, Json] => [field, value]);
  });
  return fc
    .uniqueArray(fc.oneof(...fields), { maxLength: 4, selector: ([field]) => field })
    .map((entries) => Object.fromEntries(entries));
}

function merged(...parts: fc.Arbitrary<JsonObject>[]): fc.Arbitrary<JsonObject> {
  return fc.tuple(...parts).map((each): JsonObject => Object.assign({}, ...each));
}

/** A payload of OpenClaw's own form, with some of its options. */
function own(kind: Kind, required: JsonObject): fc.Arbitrary<JsonObject> {
  return someOf(OPTIONS[kind]).map((options) => ({ payload: { kind, ...required, ...options } }));
}

const anIsolated = merged(someOf(ANY), someOf({ session: ["isolated", "session:x", "current"], delivery: DELIVERIES }));
const aMain = merged(someOf(ANY_IN_MAIN), someOf({ session: ["main"], delivery: IN_MAIN }));

const aWork: fc.Arbitrary<JsonObject> = fc.oneof(
  merged(
    fc.constantFrom<JsonObject>({ command: "backup.sh" }, { command: ["printf", "%s", `it's "$HOME"\n`] }),
    fc.oneof(someOf({ ...COMMAND, retry: [0, 2] }), someOf({ ...COMMAND, input: ["in\n", ""] })),
    anIsolated,
  ),
  merged(fc.constantFrom<JsonObject>({ message: "x" }, { message: "y" }), someOf(TURN), anIsolated),
  merged(fc.constantFrom<JsonObject>({ systemEvent: "x" }), someOf({ tools: TOOLS }), aMain),
  merged(own("command", { argv: ["sh", "-lc", "backup.sh"] }), anIsolated),
  merged(own("agentTurn", { message: "x" }), anIsolated),
  merged(own("systemEvent", { text: "x" }), aMain),
  merged(own("script", { script: "return {}" }), fc.oneof(anIsolated, merged(aMain, fc.constant({ session: "main" })))),
);

/** A definition without a name. */
export const aDefinition = merged(fc.constantFrom(...SCHEDULES), aWork)
  .map((fields) => parseDefinition({ name: "job", ...fields }))
  .filter((parsed) => parsed.kind === "valid")
  .map(({ definition }) => definition);
