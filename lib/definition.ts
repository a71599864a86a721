import * as v from "valibot";
import { type Json, type JsonObject, isJsonObject } from "./json.ts";
import { findContradictions } from "./contradictions.ts";
import { type FieldProblem, describeIssue, kindOf, wordUnknownField } from "./field-problem.ts";
import { parseMoment } from "./moment.ts";

/** An object that takes these fields and no other; each unknown one is reported, where valibot stops at the first. */
function closed<TEntries extends v.ObjectEntries>(entries: TEntries) {
  const known = Object.keys(entries);
  const schema = v.pipe(
    v.looseObject(entries),
    v.rawCheck(({ dataset: { value }, addIssue }) => {
      if (!isJsonObject(value as Json)) return;
      for (const key of Object.keys(value as JsonObject).filter((field) => !known.includes(field))) {
        const path = { type: "object", origin: "key", input: value as JsonObject, key, value: undefined } as const;
        addIssue({ message: wordUnknownField(key, known), path: [path] });
      }
    }),
  );
  // Nothing else is let through, so the type need not allow for it.
  return schema as unknown as v.ObjectSchema<TEntries, undefined>;
}

const NO_TEXT = "expected some text but received none";
const Text = v.pipe(v.string(), v.trim(), v.nonEmpty(NO_TEXT));
const Seconds = v.pipe(v.number(), v.finite(), v.minValue(0));
const Milliseconds = v.pipe(v.number(), v.integer(), v.minValue(1));
const Argv = v.pipe(v.array(v.pipe(v.string(), v.nonEmpty(NO_TEXT))), v.minLength(1));
const Environment = v.pipe(
  v.custom<object>((value) => !Array.isArray(value)),
  v.record(v.string(), v.string()),
);
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
      v.check((at) => parseMoment(at) !== undefined, "expected a date and time such as 2027-01-31T09:00:00+09:00"),
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
    env: v.exactOptional(Environment),
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
  env: v.exactOptional(Environment),
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

/** Not closed by valibot, which drops a field `__proto__` without a word. */
const DefinitionSchema = v.object(fields);

/** A job as a person writes it into the ConfigMap: flat, or with OpenClaw's own objects. Every rule of it holds. */
export type Definition = v.InferOutput<typeof DefinitionSchema>;

export type ParsedDefinition =
  | { kind: "valid"; definition: Definition }
  | { kind: "invalid"; problems: FieldProblem[] };

/** Checks one definition, strictly, and reports everything that is wrong with it. Never throws. */
export function parseDefinition(input: Json): ParsedDefinition {
  if (!isJsonObject(input)) {
    const problem = `expected an object but received ${kindOf(input)}`;
    return { kind: "invalid", problems: [{ field: "", problem }] };
  }
  const parsed = v.safeParse(DefinitionSchema, input);
  const problems = [
    ...findUnknownFields(input),
    ...(parsed.issues ?? []).flatMap(describeIssue),
    ...findContradictions(input),
  ];
  if (parsed.success && problems.length === 0) return { kind: "valid", definition: parsed.output };
  return { kind: "invalid", problems };
}

function findUnknownFields(input: JsonObject): FieldProblem[] {
  const known = Object.keys(fields);
  const unknown = Object.keys(input).filter((field) => !known.includes(field));
  return unknown.map((field) => ({ field, problem: wordUnknownField(field, known) }));
}

/** The name that a definition gives itself, whatever else is wrong with it. */
export function readName(input: Json): string | undefined {
  const name = isJsonObject(input) && typeof input.name === "string" ? input.name.trim() : "";
  return name || undefined;
}
