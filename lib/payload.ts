import * as v from "valibot";
import { Argv, Environment, Names, Script, Seconds, Text, closed, wholeNumber } from "./fields.ts";

/** What to do, in OpenClaw's own terms. */
export const PayloadSchema = v.variant("kind", [
  closed({ kind: v.literal("systemEvent"), text: Text, toolsAllow: v.exactOptional(Names) }),
  closed({
    kind: v.literal("agentTurn"),
    message: Text,
    model: v.exactOptional(Text),
    fallbacks: v.exactOptional(Names),
    thinking: v.exactOptional(Text),
    timeoutSeconds: v.exactOptional(Seconds),
    allowUnsafeExternalContent: v.exactOptional(v.boolean()),
    lightContext: v.exactOptional(v.boolean()),
    toolsAllow: v.exactOptional(Names),
  }),
  closed({
    kind: v.literal("command"),
    argv: Argv,
    cwd: v.exactOptional(Text),
    env: v.exactOptional(Environment),
    input: v.exactOptional(v.string()),
    timeoutSeconds: v.exactOptional(Seconds),
    noOutputTimeoutSeconds: v.exactOptional(Seconds),
    outputMaxBytes: v.exactOptional(wholeNumber(1)),
    toolsAllow: v.exactOptional(Names),
  }),
  closed({
    kind: v.literal("script"),
    script: Script,
    timeoutSeconds: v.exactOptional(v.pipe(v.number(), v.finite(), v.minValue(1))),
    toolBudget: v.exactOptional(wholeNumber(1)),
    toolsAllow: v.exactOptional(Names),
  }),
]);
