import * as v from "valibot";
import { findBadCombinations } from "./combinations.ts";
import { findContradictions } from "./contradictions.ts";
import { DeliverySchema, FailureAlertSchema } from "./delivery.ts";
import { type FieldProblem, describeIssue, messageForWrongType } from "./field-problem.ts";
import {
  AgentId,
  Argv,
  Environment,
  Names,
  Script,
  Seconds,
  Text,
  TimeZone,
  described,
  optional,
  textUpTo,
  textWithout,
  wholeNumber,
} from "./fields.ts";
import { type Json, isJsonObject } from "../json.ts";
import { PayloadSchema } from "./payload.ts";
import { ScheduleSchema, ScheduleText } from "./schedule.ts";
import { omitExtensions } from "./extensions.ts";
import { findShapeProblems } from "./shape.ts";
import { findUnsendable } from "./unsendable.ts";

/** Where a job runs. OpenClaw silently reads any other text as `isolated`. */
const Session = textWithout((session) =>
  ["main", "isolated", "current"].includes(session) || /^session:\S/.test(session)
    ? undefined
    : 'expected "main" or "isolated" or "session:NAME"',
);

/** A duration, with the units of OpenClaw's `parseDurationMs`. */
const Duration = textWithout((text) =>
  /^(?:[\d.]+|(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+)$/i.test(text) && /[1-9]/.test(text)
    ? undefined
    : "expected a duration such as 15m or 1h30m",
);

const WakeMode = v.picklist(["now", "next-heartbeat"]);

const fields = {
  name: described(Text, "The job's identity, unique over all files."),
  schedule: described(
    v.union([ScheduleText, ScheduleSchema]),
    "When it runs: a cron expression of 5 or 6 fields, or an object with a kind.",
  ),
  tz: optional(
    TimeZone,
    "The time zone of a cron expression, else the gateway's, or of a moment without an offset, else UTC.",
  ),
  command: optional(v.union([Text, Argv]), "What to run: a shell line, or a list of arguments."),
  message: optional(Text, "What to ask an agent."),
  systemEvent: optional(Text, "What to tell the main session."),
  payload: optional(PayloadSchema, "What to do, as OpenClaw's own object."),
  timeout: optional(Seconds, "Seconds that a run may take."),
  timeoutSeconds: optional(Seconds, "The same as timeout."),
  retry: optional(wholeNumber(0, 100), "Attempts of a command after the first, within one run and its timeout."),
  env: optional(Environment, "Environment variables of a command."),
  cwd: optional(Text, "The working directory of a command."),
  input: optional(v.string(), "What a command reads from stdin."),
  noOutputTimeoutSeconds: optional(Seconds, "Seconds that a command may be silent."),
  outputMaxBytes: optional(wholeNumber(1), "How much of a command's output is kept, in bytes."),
  model: optional(Text, "The model that answers a message."),
  fallbacks: optional(Names, "Models to try where that one fails, in order."),
  thinking: optional(Text, "How much the model thinks about a message."),
  lightContext: optional(v.boolean(), "Whether a message goes without the workspace's files."),
  allowUnsafeExternalContent: optional(v.boolean(), "Whether a message may bring in content from outside as it is."),
  tools: optional(Names, "The tools that the run may use."),
  toolsAllow: optional(Names, "The same as tools."),
  description: optional(v.string(), "What the job is for."),
  displayName: optional(textUpTo(200), "What OpenClaw shows instead of the name."),
  enabled: optional(v.boolean(), "Whether it runs; where there is none, the live switch is left alone."),
  deleteAfterRun: optional(v.boolean(), "Whether OpenClaw removes the job once it has succeeded."),
  agent: optional(AgentId, "The id of the agent whose job this is."),
  agentId: optional(AgentId, "The same as agent."),
  session: optional(Session, "Where it runs: main, isolated, current or session:NAME."),
  sessionTarget: optional(Session, "The same as session."),
  sessionKey: optional(Text, "The key of the conversation that the job belongs to."),
  wake: optional(WakeMode, "When the main session takes notice: now, or at its next heartbeat."),
  wakeMode: optional(WakeMode, "The same as wake."),
  delivery: optional(DeliverySchema, "Where the outcome of a run goes; nowhere where there is none."),
  failureAlert: optional(FailureAlertSchema, "Whom to tell when runs fail again and again; false for nobody."),
  pacing: optional(
    v.object({
      min: optional(Duration, "The least time between two runs, such as 15m."),
      max: optional(Duration, "The most time between two runs, such as 1h30m."),
    }),
    "How far apart the runs may be that the job itself asks for.",
  ),
  trigger: optional(
    v.object({
      script: described(Script, "The script that decides."),
      once: optional(v.boolean(), "Whether the first time is the last one."),
    }),
    "What decides, at each time of the schedule, whether it runs.",
  ),
};

/** Unknown fields are left to {@link findShapeProblems}. */
export const DefinitionSchema = v.object(fields);

/** A valid job as a person writes it in the ConfigMap: with flat fields, or with OpenClaw's own objects. */
export type Definition = v.InferOutput<typeof DefinitionSchema>;

export type ParsedDefinition =
  | { kind: "valid"; definition: Definition }
  | { kind: "invalid"; problems: FieldProblem[] };

/**
 * Checks one definition strictly and reports all its problems. Skips keys that begin with `x-`: they are the author's.
 * Never throws.
 */
export function parseDefinition(whole: Json): ParsedDefinition {
  if (!isJsonObject(whole)) {
    return { kind: "invalid", problems: [{ field: "", problem: messageForWrongType("Object", whole) }] };
  }
  const input = omitExtensions(whole);
  const parsed = v.safeParse(DefinitionSchema, input);
  const shape = findShapeProblems(DefinitionSchema, input);
  const unsendable = findUnsendable(input);
  // What valibot says of the same places is less exact.
  const isReported = (field: string) =>
    unsendable.some((one) => one.field === field) || shape.some((one) => `${field}.`.startsWith(`${one.field}.`));
  const problems = [
    ...shape,
    ...unsendable,
    ...(parsed.issues ?? []).flatMap(describeIssue).filter(({ field }) => !isReported(field)),
    ...findContradictions(input),
    ...findBadCombinations(input),
  ];
  if (parsed.success && problems.length === 0) return { kind: "valid", definition: parsed.output };
  return { kind: "invalid", problems };
}

/** The trimmed name of a definition, which need not be valid otherwise; undefined if it has none. */
export function readName(input: Json): string | undefined {
  const name = isJsonObject(input) && typeof input.name === "string" ? input.name.trim() : "";
  return name || undefined;
}
