import { isDeepStrictEqual } from "node:util";
import { isRepeating } from "../definition/combinations.ts";
import type { JobSpec, LiveJob } from "../gateway/job.ts";
import { type Json, type JsonObject, isJsonObject, readOwn } from "../json.ts";

/** The changes that make a live job equal to the declared one. */
export interface Difference {
  /** The fields that differ: dotted paths in OpenClaw's names. Empty if the jobs are equal. */
  fields: string[];
  /** The patch for `cron.update`. */
  patch: JsonObject;
  /**
   * Whether schedule, payload and delivery have to be replaced as a whole, because a field has to be removed from one
   * of them and no patch can: `cron.update` merges payload and delivery, and objects in them. 2026.2.9 has no syntax
   * for a removal, 2026.9.6 ignores `cwd: null`, and the CLI's `cron edit` keeps a time zone.
   */
  needsReplacement: boolean;
}

type Fields = Record<string, Json | undefined>;

/**
 * Fields that a definition can declare and that the gateway never fills in by itself. If the live job has one and the
 * definition does not, somebody removed it from the definition or added it by hand: it is removed. All other fields
 * (`anchorMs`, `staggerMs`, …) belong to the gateway, or mean nothing to it, as those of another kind do.
 */
const CLEARABLE = {
  schedule: {
    cron: ["tz"],
    "on-exit": ["cwd"],
    stream: ["cwd", "mode", "match", "batchMs", "maxBatchBytes"],
  },
  payload: {
    agentTurn: ["model", "fallbacks", "thinking", "lightContext", "allowUnsafeExternalContent", "timeoutSeconds"],
    command: ["cwd", "env", "input", "noOutputTimeoutSeconds", "outputMaxBytes", "timeoutSeconds"],
    script: ["timeoutSeconds", "toolBudget"],
  },
  delivery: ["channel", "to", "threadId", "accountId", "bestEffort", "failureDestination", "completionDestination"],
  job: ["displayName", "agentId", "sessionKey", "failureAlert", "pacing", "trigger"],
} as const;

/**
 * Compares a declared job with a live one. Ignores state and the gateway's own defaults.
 *
 * @param defaultAgent the agent of a job that declares none; where it is not known, such a job keeps the one that it has
 */
export function findDifference(desired: JobSpec, live: LiveJob, defaultAgent?: string): Difference {
  const actual = live as unknown as JsonObject & { payload: JsonObject };
  const fields: string[] = [];
  const patch: JsonObject = {};

  if ((desired.description ?? "") !== textOf(actual.description)) {
    fields.push("description");
    patch.description = desired.description ?? "";
  }
  const { name, displayName, agentId, sessionKey, enabled, deleteAfterRun, sessionTarget, wakeMode } = desired;
  const { failureAlert, pacing, trigger } = desired;
  const scalars = { name, displayName, agentId, sessionKey, enabled, deleteAfterRun, sessionTarget, wakeMode };
  const own = diffFields({ ...scalars, failureAlert, pacing, trigger }, actual, CLEARABLE.job);
  // `true` is the gateway's default for one-shot jobs only. A job that repeats is never removed, whatever it says.
  const isMeant = desired.schedule.kind === "at" || (isRepeating(desired.schedule) && isRepeating(actual.schedule));
  if (deleteAfterRun === undefined && actual.deleteAfterRun === true && !isMeant) own.deleteAfterRun = false;
  const isDefaultAgent = defaultAgent === undefined || isSame("agentId", defaultAgent, actual.agentId);
  if (agentId === undefined && isDefaultAgent) delete own.agentId;
  for (const [field, value] of Object.entries(own)) {
    fields.push(field);
    // An update merges failureAlert. To drop a part of it, `false` removes it now, and the next round sets the rest.
    // 2026.3 rejects `null` here.
    patch[field] = field === "failureAlert" && dropsField(value, actual[field]) ? false : value;
  }

  const schedule = diffKind(desired.schedule, actual.schedule, CLEARABLE.schedule);
  if (Object.keys(schedule).length > 0) {
    fields.push("schedule");
    patch.schedule = keepAnchor(desired.schedule, live.schedule);
  }

  const payload = diffKind(desired.payload, actual.payload, CLEARABLE.payload);
  if (hasStaleTools(desired.payload, actual.payload)) payload.toolsAllow = null;
  if (Object.keys(payload).length > 0) {
    fields.push(...Object.keys(payload).map((field) => `payload.${field}`));
    // toolsAllow is the one field that every gateway that knows it removes by a null, and only by a null.
    patch.payload = payload.toolsAllow === null ? { ...desired.payload, toolsAllow: null } : desired.payload;
  }

  const delivery = diffDelivery(desired.delivery, actual.delivery ?? deliveryOfNone(actual.sessionTarget));
  if (Object.keys(delivery).length > 0) {
    fields.push(...Object.keys(delivery).map((field) => `delivery.${field}`));
    patch.delivery = desired.delivery;
  }
  const { toolsAllow: _, ...replaceable } = payload;
  const needsReplacement =
    drops(schedule, actual.schedule) || drops(replaceable, actual.payload) || drops(delivery, actual.delivery);
  return { fields, patch, needsReplacement };
}

/** Returns the declared value of each field that differs; null for a field to remove. */
function diffFields(desired: Fields, actual: Fields, clearable: readonly string[]): JsonObject {
  const changes: JsonObject = {};
  for (const field of Object.keys(desired)) {
    const value = desired[field];
    if (value === undefined) continue;
    if (!isSame(field, value, actual[field])) changes[field] = value;
  }
  for (const field of clearable) {
    const isThere = field === "failureAlert" ? actual[field] !== undefined : !isBlank(actual[field]);
    if (desired[field] === undefined && isThere) changes[field] = null;
  }
  return changes;
}

/** Like {@link diffFields}, for an object with a `kind`. If the kind differs, every declared field does. */
function diffKind(
  desired: JsonObject & { kind: string },
  actual: Json | undefined,
  clearable: Readonly<Record<string, readonly string[]>>,
): JsonObject {
  const held = isJsonObject(actual) ? actual : {};
  return desired.kind === held.kind
    ? diffFields(desired, held, readOwn(clearable, desired.kind) ?? [])
    : { ...desired };
}

/** Keeps the moment from which the gateway counts an interval: without it, the interval would begin anew. */
export function keepAnchor(schedule: JobSpec["schedule"], live: LiveJob["schedule"]): JobSpec["schedule"] {
  const isKept = schedule.kind === "every" && live.kind === "every" && live.anchorMs !== undefined;
  return isKept ? { anchorMs: live.anchorMs as Json, ...schedule } : schedule;
}

/**
 * Returns the effective delivery of a live job that has none, for example after somebody moved it out of the main
 * session: the gateway announces its result to the last channel, except in the main session (since 2026.6).
 */
export function deliveryOfNone(sessionTarget: Json | undefined): JsonObject {
  return { mode: sessionTarget === "main" ? "none" : "announce" };
}

function diffDelivery(desired: JsonObject, actual: Json): JsonObject {
  const held = isJsonObject(actual) ? actual : {};
  // With mode `none`, the rest of an old route has no effect, except for its failure destination.
  const clearable = desired.mode === "none" ? ["failureDestination"] : CLEARABLE.delivery;
  return diffFields(withoutLast(desired), withoutLast(held), clearable);
}

/** Drops `channel: "last"`: it is the default, and the CLI always writes it. */
function withoutLast({ channel, ...rest }: JsonObject): Fields {
  return channel === "last" ? rest : { channel, ...rest };
}

/** Whether the live job restricts its tools and the definition does not. `["*"]` is the default since 2026.8.2. */
function hasStaleTools(desired: JsonObject, actual: JsonObject): boolean {
  if (desired.toolsAllow !== undefined || actual.toolsAllow === undefined) return false;
  return desired.kind === actual.kind && !isDeepStrictEqual(actual.toolsAllow, ["*"]);
}

/** Whether one of the changes removes something. An update merges, so it cannot. */
function drops(changes: JsonObject, held: Json | undefined): boolean {
  if (!isJsonObject(held)) return false;
  return Object.entries(changes).some(([field, value]) => value === null || dropsField(value, readOwn(held, field)));
}

function dropsField(value: Json, held: Json | undefined): boolean {
  return isJsonObject(value) && isJsonObject(held) && Object.keys(held).some((key) => !Object.hasOwn(value, key));
}

function isSame(field: string, desired: Json, actual: Json | undefined): boolean {
  if (desired === actual) return true;
  switch (field) {
    case "agentId": // stored in lower case
      return textOf(desired).toLowerCase() === textOf(actual).toLowerCase();
    case "wakeMode": // 2026.2.9 lists jobs of old stores without, and runs them so
      return actual === undefined && desired === "next-heartbeat";
    case "expr": // stored as typed by 2026.2.9, trimmed by 2026.9.6
      return textOf(desired).replace(/\s+/g, " ") === textOf(actual).replace(/\s+/g, " ");
    case "message":
    case "text":
      return textOf(desired) === textOf(actual);
    default:
      return isDeepStrictEqual(desired, actual);
  }
}

/** Whether a field is absent or empty: an old gateway cannot remove a text, only empty it. */
function isBlank(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value.trim() : "";
}
