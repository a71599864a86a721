import * as v from "valibot";
import { Argv, Environment, Names, Script, Seconds, Text, described, optional, wholeNumber } from "./fields.ts";

const toolsAllow = optional(Names, "The tools that the run may use.");
const timeoutSeconds = optional(Seconds, "Seconds that a run may take.");

/** What to do, as OpenClaw's own object. */
export const PayloadSchema = v.variant("kind", [
  v.object({
    kind: described(v.literal("systemEvent"), "Tells the main session something."),
    text: described(Text, "What to tell."),
    toolsAllow,
  }),
  v.object({
    kind: described(v.literal("agentTurn"), "Asks an agent something."),
    message: described(Text, "What to ask."),
    model: optional(Text, "The model that answers."),
    fallbacks: optional(Names, "Models to try where that one fails, in order."),
    thinking: optional(Text, "How much the model thinks."),
    timeoutSeconds,
    allowUnsafeExternalContent: optional(v.boolean(), "Whether it may bring in content from outside as it is."),
    lightContext: optional(v.boolean(), "Whether it goes without the workspace's files."),
    toolsAllow,
  }),
  v.object({
    kind: described(v.literal("command"), "Runs a program."),
    argv: described(Argv, "The program and its arguments."),
    cwd: optional(Text, "Its working directory."),
    env: optional(Environment, "Its environment variables."),
    input: optional(v.string(), "What it reads from stdin."),
    timeoutSeconds,
    noOutputTimeoutSeconds: optional(Seconds, "Seconds that it may be silent."),
    outputMaxBytes: optional(wholeNumber(1), "How much of its output is kept, in bytes."),
    toolsAllow,
  }),
  v.object({
    kind: described(v.literal("script"), "Runs a script of OpenClaw."),
    script: described(Script, "The script's text."),
    timeoutSeconds: optional(v.pipe(v.number(), v.finite(), v.minValue(1)), "Seconds that a run may take."),
    toolBudget: optional(wholeNumber(1), "How many calls of tools a run may make."),
    toolsAllow,
  }),
]);
