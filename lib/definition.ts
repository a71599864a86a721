import * as v from "valibot";
import { findBadCombinations } from "./combinations.ts";
import { findContradictions } from "./contradictions.ts";
import { DeliverySchema, FailureAlertSchema } from "./delivery.ts";
import { type FieldProblem, describeIssue, kindOf, wordUnknownField } from "./field-problem.ts";
import {
  AgentId,
  Argv,
  Environment,
  Names,
  Script,
  Seconds,
  Text,
  TimeZone,
  closed,
  textUpTo,
  textWithout,
  wholeNumber,
} from "./fields.ts";
import { type Json, type JsonObject, isJsonObject } from "./json.ts";
import { PayloadSchema } from "./payload.ts";
import { ScheduleSchema, ScheduleText } from "./schedule.ts";
import { findUnsendable } from "./unsendable.ts";

/** Where a job runs. OpenClaw makes `isolated` of whatever else it finds, without a word. */
const Session = textWithout((session) =>
  ["main", "isolated", "current"].includes(session) || /^session:\S/.test(session)
    ? undefined
    : 'expected "main" or "isolated" or "session:NAME"',
);

/** How far apart runs may be. Units as `parseDurationMs` of OpenClaw has them. */
const Duration = textWithout((text) =>
  /^(?:[\d.]+|(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+)$/i.test(text) && /[1-9]/.test(text)
    ? undefined
    : "expected a duration such as 15m or 1h30m",
);

const fields = {
  name: Text,
  schedule: v.union([ScheduleText, ScheduleSchema]),
  tz: v.exactOptional(TimeZone),
  command: v.exactOptional(v.union([Text, Argv])),
  message: v.exactOptional(Text),
  systemEvent: v.exactOptional(Text),
  payload: v.exactOptional(PayloadSchema),
  timeout: v.exactOptional(Seconds),
  timeoutSeconds: v.exactOptional(Seconds),
  retry: v.exactOptional(wholeNumber(0, 100)),
  env: v.exactOptional(Environment),
  cwd: v.exactOptional(Text),
  input: v.exactOptional(v.string()),
  noOutputTimeoutSeconds: v.exactOptional(Seconds),
  outputMaxBytes: v.exactOptional(wholeNumber(1)),
  model: v.exactOptional(Text),
  fallbacks: v.exactOptional(Names),
  thinking: v.exactOptional(Text),
  lightContext: v.exactOptional(v.boolean()),
  allowUnsafeExternalContent: v.exactOptional(v.boolean()),
  tools: v.exactOptional(Names),
  toolsAllow: v.exactOptional(Names),
  description: v.exactOptional(v.string()),
  displayName: v.exactOptional(textUpTo(200)),
  enabled: v.exactOptional(v.boolean()),
  deleteAfterRun: v.exactOptional(v.boolean()),
  agent: v.exactOptional(AgentId),
  agentId: v.exactOptional(AgentId),
  session: v.exactOptional(Session),
  sessionTarget: v.exactOptional(Session),
  sessionKey: v.exactOptional(Text),
  wake: v.exactOptional(v.picklist(["now", "next-heartbeat"])),
  wakeMode: v.exactOptional(v.picklist(["now", "next-heartbeat"])),
  delivery: v.exactOptional(DeliverySchema),
  failureAlert: v.exactOptional(FailureAlertSchema),
  pacing: v.exactOptional(closed({ min: v.exactOptional(Duration), max: v.exactOptional(Duration) })),
  trigger: v.exactOptional(closed({ script: Script, once: v.exactOptional(v.boolean()) })),
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
  const unsendable = findUnsendable(input);
  const problems = [
    ...findUnknownFields(input),
    ...unsendable,
    // Said already, and better.
    ...(parsed.issues ?? [])
      .flatMap(describeIssue)
      .filter(({ field }) => !unsendable.some((one) => one.field === field)),
    ...findContradictions(input),
    ...findBadCombinations(input),
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
