import * as v from "valibot";
import { Text, described, optional, wholeNumber } from "./fields.ts";

const Route = {
  channel: optional(Text, "The channel, such as discord; last is the one that was used last."),
  to: optional(Text, "Whom to tell there; for a webhook, its address."),
  accountId: optional(Text, "As which account of the channel."),
};

const mode = optional(v.picklist(["announce", "webhook"]), "Over a channel, or to a web address.");

/** Where the outcome of a run goes. `findBadCombinations` checks which fields go with which mode. */
export const DeliverySchema = v.object({
  mode: described(v.picklist(["none", "announce", "webhook"]), "Nowhere, over a channel, or to a web address."),
  ...Route,
  threadId: optional(v.union([Text, v.pipe(v.number(), v.finite())]), "The thread of the channel."),
  bestEffort: optional(v.boolean(), "Whether a run counts as well where nothing could be delivered."),
  failureDestination: optional(v.object({ ...Route, mode }), "Where a failure goes instead."),
  completionDestination: optional(
    v.object({
      mode: described(v.literal("webhook"), "To a web address."),
      to: optional(Text, "The address; it has to be there."),
    }),
    "Where the end of a run is told, too.",
  ),
});

/** Who is alerted when runs fail repeatedly; `false` for nobody. */
export const FailureAlertSchema = v.union([
  v.literal(false),
  v.object({
    ...Route,
    after: optional(wholeNumber(1), "After how many failures in a row it is told."),
    cooldownMs: optional(wholeNumber(0), "The least time between two alerts, in milliseconds."),
    includeSkipped: optional(v.boolean(), "Whether runs that are skipped again and again are told, too."),
    mode,
  }),
]);
