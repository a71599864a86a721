import * as v from "valibot";
import { Text, closed, wholeNumber } from "./fields.ts";

const Route = { channel: v.exactOptional(Text), to: v.exactOptional(Text), accountId: v.exactOptional(Text) };

/** Where the outcome of a run goes. What goes with which mode is told apart (`findBadCombinations`). */
export const DeliverySchema = closed({
  mode: v.picklist(["none", "announce", "webhook"]),
  ...Route,
  threadId: v.exactOptional(v.union([Text, v.pipe(v.number(), v.finite())])),
  bestEffort: v.exactOptional(v.boolean()),
  failureDestination: v.exactOptional(closed({ ...Route, mode: v.exactOptional(v.picklist(["announce", "webhook"])) })),
  completionDestination: v.exactOptional(closed({ mode: v.literal("webhook"), to: v.exactOptional(Text) })),
});

/** Whom to tell when runs fail again and again; `false` for nobody. */
export const FailureAlertSchema = v.union([
  v.literal(false),
  closed({
    ...Route,
    after: v.exactOptional(wholeNumber(1)),
    cooldownMs: v.exactOptional(wholeNumber(0)),
    includeSkipped: v.exactOptional(v.boolean()),
    mode: v.exactOptional(v.picklist(["announce", "webhook"])),
  }),
]);
