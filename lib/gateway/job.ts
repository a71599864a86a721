import * as v from "valibot";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";

/**
 * A job in OpenClaw's own terms: what `cron.add` takes. Fields that a definition leaves out are absent,
 * never undefined. The text is what the gateway will store: trimmed as it trims.
 */
export interface JobSpec {
  name: string;
  description?: string;
  displayName?: string;
  agentId?: string;
  sessionKey?: string;
  /** Absent: the live switch is left as it is. */
  enabled?: boolean;
  deleteAfterRun?: boolean;
  schedule: JsonObject & { kind: string };
  sessionTarget: string;
  wakeMode: string;
  payload: JsonObject & { kind: string };
  delivery: JsonObject & { mode: string };
  failureAlert?: Json;
  pacing?: Json;
  trigger?: Json;
}

/** An object with a kind, as it is: no copy of it, which a hundred jobs would have to be given at each look. */
const KindSchema = v.custom<JsonObject & { kind: string }>((input) => {
  return isJsonObject(input as Json) && typeof (input as JsonObject).kind === "string";
});

/** What config-manager needs to see of a live job. The rest is kept, for comparison. */
const LiveJobSchema = v.looseObject({
  id: v.pipe(v.string(), v.nonEmpty()),
  name: v.string(),
  enabled: v.boolean(),
  createdAtMs: v.optional(v.number(), 0),
  description: v.optional(v.string()),
  /** From 2026.7; cannot be given to a job that was made without. */
  declarationKey: v.optional(v.string()),
  /** From 2026.7; lets an update fail when somebody else was faster. */
  configRevision: v.optional(v.string()),
  schedule: KindSchema,
  payload: KindSchema,
});

export type LiveJob = v.InferOutput<typeof LiveJobSchema>;

/** One page of `cron.list`. 2026.2.9 sends `jobs` alone: the whole list. */
export const JobPageSchema = v.looseObject({
  jobs: v.array(LiveJobSchema),
  total: v.optional(v.number()),
  hasMore: v.optional(v.boolean(), false),
  /** From 2026.8.2: the same on each page, unless the list changed in between. */
  snapshotRevision: v.optional(v.string()),
});
