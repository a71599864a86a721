import * as v from "valibot";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";

/**
 * A job in OpenClaw's own terms, as `cron.add` takes it. Fields that a definition leaves out are absent, never
 * undefined. Text is trimmed as the gateway trims it, so that it equals what the gateway stores.
 */
export interface JobSpec {
  name: string;
  description?: string;
  displayName?: string;
  agentId?: string;
  sessionKey?: string;
  /** Absent: the live job stays enabled or disabled, as it is. */
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

/**
 * Whether to leave out the delivery: 2026.2.9 refuses any delivery of a job in the main session, and mode `none` is its
 * default there.
 */
export function isDeliveryImplied({ sessionTarget, delivery }: Pick<JobSpec, "sessionTarget" | "delivery">): boolean {
  return sessionTarget === "main" && delivery.mode === "none";
}

/** An object with a kind. It is not copied: with a hundred jobs, each pass would copy all of them. */
const KindSchema = v.custom<JsonObject & { kind: string }>((input) => {
  return isJsonObject(input as Json) && typeof (input as JsonObject).kind === "string";
});

/** The longest name, id or revision that a gateway may send, in characters; real ones have some hundred at most. */
const MAX_NAME_LENGTH = 4_096;

/** The fields of a live job that config-manager reads. The others are kept for comparison. */
const LiveJobSchema = v.looseObject({
  id: v.pipe(v.string(), v.nonEmpty(), v.maxLength(MAX_NAME_LENGTH)),
  name: v.pipe(v.string(), v.maxLength(MAX_NAME_LENGTH)),
  enabled: v.boolean(),
  createdAtMs: v.optional(v.pipe(v.number(), v.finite()), 0),
  description: v.optional(v.string()),
  /** From 2026.7; cannot be added to a job that was created without one. */
  declarationKey: v.optional(v.pipe(v.string(), v.maxLength(MAX_NAME_LENGTH))),
  /** From 2026.7; an update with an outdated revision fails. */
  configRevision: v.optional(v.pipe(v.string(), v.maxLength(MAX_NAME_LENGTH))),
  schedule: KindSchema,
  payload: KindSchema,
});

export type LiveJob = v.InferOutput<typeof LiveJobSchema>;

/** One page of `cron.list`. 2026.2.9 sends only `jobs`, with the whole list. */
export const JobPageSchema = v.looseObject({
  jobs: v.array(LiveJobSchema),
  total: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  hasMore: v.optional(v.boolean(), false),
  /** From 2026.8.2: the same on each page unless the list changed in between. */
  snapshotRevision: v.optional(v.pipe(v.string(), v.maxLength(MAX_NAME_LENGTH))),
});
