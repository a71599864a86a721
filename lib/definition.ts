import * as v from "valibot";
import { type Json, type JsonObject, isJsonObject } from "./json.ts";
import { type FieldProblem, describeIssue, kindOf, wordUnknownField } from "./field-problem.ts";

/** An object that takes these fields and no other. */
function closed<TEntries extends v.ObjectEntries>(entries: TEntries) {
  return v.strictObject(entries, ({ expected, path }) => {
    const field = String(path?.at(-1)?.key);
    return expected === "never" ? wordUnknownField(field, Object.keys(entries)) : "is required";
  });
}

const Text = v.pipe(v.string(), v.trim(), v.nonEmpty("expected some text but received none"));
const Seconds = v.pipe(v.number(), v.finite(), v.minValue(0));
const Milliseconds = v.pipe(v.number(), v.integer(), v.minValue(1));
const Argv = v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.minLength(1));
const Tools = v.array(v.string());
const Route = { channel: v.exactOptional(Text), to: v.exactOptional(Text), accountId: v.exactOptional(Text) };

const ScheduleSchema = v.variant("kind", [
  closed({
    kind: v.literal("cron"),
    expr: Text,
    tz: v.exactOptional(Text),
    staggerMs: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  }),
  closed({ kind: v.literal("every"), everyMs: Milliseconds, anchorMs: v.exactOptional(v.number()) }),
  closed({
    kind: v.literal("at"),
    at: v.pipe(
      Text,
      v.check((at) => !Number.isNaN(Date.parse(at)), "expected a date and time such as 2027-01-31T09:00:00+09:00"),
    ),
  }),
  closed({ kind: v.literal("on-exit"), command: Text, cwd: v.exactOptional(Text) }),
  closed({
    kind: v.literal("stream"),
    command: Argv,
    cwd: v.exactOptional(Text),
    mode: v.exactOptional(v.picklist(["line", "match"])),
    match: v.exactOptional(v.string()),
    batchMs: v.exactOptional(v.number()),
    maxBatchBytes: v.exactOptional(v.number()),
  }),
]);

const PayloadSchema = v.variant("kind", [
  closed({ kind: v.literal("systemEvent"), text: Text, toolsAllow: v.exactOptional(Tools) }),
  closed({
    kind: v.literal("agentTurn"),
    message: Text,
    model: v.exactOptional(Text),
    fallbacks: v.exactOptional(v.array(v.string())),
    thinking: v.exactOptional(Text),
    timeoutSeconds: v.exactOptional(Seconds),
    allowUnsafeExternalContent: v.exactOptional(v.boolean()),
    lightContext: v.exactOptional(v.boolean()),
    toolsAllow: v.exactOptional(Tools),
  }),
  closed({
    kind: v.literal("command"),
    argv: Argv,
    cwd: v.exactOptional(Text),
    env: v.exactOptional(v.record(v.string(), v.string())),
    input: v.exactOptional(v.string()),
    timeoutSeconds: v.exactOptional(Seconds),
    noOutputTimeoutSeconds: v.exactOptional(Seconds),
    outputMaxBytes: v.exactOptional(Milliseconds),
    toolsAllow: v.exactOptional(Tools),
  }),
  closed({
    kind: v.literal("script"),
    script: Text,
    timeoutSeconds: v.exactOptional(Seconds),
    toolBudget: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    toolsAllow: v.exactOptional(Tools),
  }),
]);

const DeliverySchema = closed({
  mode: v.picklist(["none", "announce", "webhook"]),
  ...Route,
  threadId: v.exactOptional(v.union([v.string(), v.number()])),
  bestEffort: v.exactOptional(v.boolean()),
  failureDestination: v.exactOptional(closed({ ...Route, mode: v.exactOptional(v.picklist(["announce", "webhook"])) })),
  completionDestination: v.exactOptional(closed({ mode: v.literal("webhook"), to: v.exactOptional(Text) })),
});

const FailureAlertSchema = v.union([
  v.literal(false),
  closed({
    ...Route,
    after: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    cooldownMs: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    includeSkipped: v.exactOptional(v.boolean()),
    mode: v.exactOptional(v.picklist(["announce", "webhook"])),
  }),
]);

const fields = {
  name: Text,
  schedule: v.union([Text, ScheduleSchema]),
  tz: v.exactOptional(Text),
  command: v.exactOptional(v.union([Text, Argv])),
  message: v.exactOptional(Text),
  systemEvent: v.exactOptional(Text),
  payload: v.exactOptional(PayloadSchema),
  timeout: v.exactOptional(Seconds),
  timeoutSeconds: v.exactOptional(Seconds),
  retry: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100))),
  env: v.exactOptional(v.record(v.string(), v.string())),
  cwd: v.exactOptional(Text),
  input: v.exactOptional(v.string()),
  noOutputTimeoutSeconds: v.exactOptional(Seconds),
  outputMaxBytes: v.exactOptional(Milliseconds),
  model: v.exactOptional(Text),
  fallbacks: v.exactOptional(v.array(v.string())),
  thinking: v.exactOptional(Text),
  lightContext: v.exactOptional(v.boolean()),
  allowUnsafeExternalContent: v.exactOptional(v.boolean()),
  tools: v.exactOptional(Tools),
  toolsAllow: v.exactOptional(Tools),
  description: v.exactOptional(v.string()),
  displayName: v.exactOptional(Text),
  enabled: v.exactOptional(v.boolean()),
  deleteAfterRun: v.exactOptional(v.boolean()),
  agent: v.exactOptional(Text),
  agentId: v.exactOptional(Text),
  session: v.exactOptional(Text),
  sessionTarget: v.exactOptional(Text),
  sessionKey: v.exactOptional(Text),
  wake: v.exactOptional(v.picklist(["now", "next-heartbeat"])),
  wakeMode: v.exactOptional(v.picklist(["now", "next-heartbeat"])),
  delivery: v.exactOptional(DeliverySchema),
  failureAlert: v.exactOptional(FailureAlertSchema),
  pacing: v.exactOptional(closed({ min: v.exactOptional(Text), max: v.exactOptional(Text) })),
  trigger: v.exactOptional(closed({ script: Text, once: v.exactOptional(v.boolean()) })),
};

/** Not closed: valibot stops at the first unknown field, and a person wants to see them all. */
const FieldsSchema = v.object(fields);

/** A job as a person writes it into the ConfigMap: flat, or with OpenClaw's own objects. Every rule of it holds. */
export type Definition = v.InferOutput<typeof FieldsSchema>;

export type ParsedDefinition =
  | { kind: "valid"; definition: Definition }
  | { kind: "invalid"; name: string; problems: FieldProblem[] };

/** Checks one definition, strictly, and reports everything that is wrong with it. Never throws. */
export function parseDefinition(input: Json, index: number): ParsedDefinition {
  if (!isJsonObject(input)) {
    const problem = `expected an object but received ${kindOf(input)}`;
    return { kind: "invalid", name: nameOf(input, index), problems: [{ field: "", problem }] };
  }
  const parsed = v.safeParse(FieldsSchema, input);
  const problems = findUnknownFields(input);
  problems.push(...(parsed.success ? findContradictions(parsed.output) : parsed.issues.map(describeIssue)));
  if (parsed.success && problems.length === 0) return { kind: "valid", definition: parsed.output };
  return { kind: "invalid", name: nameOf(input, index), problems };
}

function nameOf(input: Json, index: number): string {
  return isJsonObject(input) && typeof input.name === "string" ? input.name : `#${index + 1}`;
}

function findUnknownFields(input: JsonObject): FieldProblem[] {
  const known = Object.keys(fields);
  const unknown = Object.keys(input).filter((field) => !known.includes(field));
  return unknown.map((field) => ({ field, problem: wordUnknownField(field, known) }));
}

const PAYLOADS = ["command", "message", "systemEvent", "payload"] as const;

/** Which flat fields go with which payload; the others would be lost without a word. */
const PAYLOAD_FIELDS = {
  retry: ["command"],
  env: ["command"],
  cwd: ["command"],
  input: ["command"],
  noOutputTimeoutSeconds: ["command"],
  outputMaxBytes: ["command"],
  model: ["message"],
  fallbacks: ["message"],
  thinking: ["message"],
  lightContext: ["message"],
  allowUnsafeExternalContent: ["message"],
  timeout: ["command", "message"],
  timeoutSeconds: ["command", "message"],
  tools: ["command", "message", "systemEvent"],
  toolsAllow: ["command", "message", "systemEvent"],
} as const satisfies Partial<Record<keyof Definition, readonly string[]>>;

const SYNONYMS = [
  ["timeout", "timeoutSeconds"],
  ["agent", "agentId"],
  ["session", "sessionTarget"],
  ["wake", "wakeMode"],
  ["tools", "toolsAllow"],
] as const;

function findContradictions(definition: Definition): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const report = (field: string, problem: string) => problems.push({ field, problem });

  const payloads = PAYLOADS.filter((field) => definition[field] !== undefined);
  if (payloads.length !== 1) {
    const found = payloads.length === 0 ? "none of them" : payloads.join(" and ");
    report(payloads[1] ?? "command", `expected exactly one of ${PAYLOADS.join(", ")} but received ${found}`);
  }
  const [payload] = payloads;
  for (const [field, allowed] of Object.entries(PAYLOAD_FIELDS)) {
    if (definition[field as keyof Definition] === undefined || !payload) continue;
    if (allowed.some((kind) => kind === payload)) continue;
    const advice = payload === "payload" ? "put it inside payload" : `it goes with ${allowed.join(" or ")}`;
    report(field, `does not go with ${payload}; ${advice}`);
  }
  for (const [ours, theirs] of SYNONYMS) {
    if (definition[ours] !== undefined && definition[theirs] !== undefined) {
      report(theirs, `means the same as ${ours}; keep one of the two`);
    }
  }
  if (definition.tz !== undefined && typeof definition.schedule !== "string") {
    report("tz", "goes beside a schedule that is a string; put it inside schedule");
  }
  return problems;
}
