import { isDeepStrictEqual } from "node:util";
import type { JobSpec, LiveJob } from "../gateway/job.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";

/** What must change in a live job to make it the declared one. */
export interface Difference {
  /** Dotted OpenClaw names, for people. Empty: they are equal. */
  fields: string[];
  /** For `cron.update`. */
  patch: JsonObject;
  /**
   * Schedule, payload or delivery hold something that has to go, and no patch takes it out: `cron.update` merges
   * payload and delivery, and objects in them; 2026.2.9 has no word for it, 2026.9.6 overlooks `cwd: null`. The
   * CLI's `cron edit` keeps a time zone. They have to be replaced whole.
   */
  needsReplacement: boolean;
}

type Fields = Record<string, Json | undefined>;

/**
 * Fields that a definition can declare and the gateway does not fill in by itself. One of these on the
 * live job and not in the definition was taken out of the definition, or put in by hand: it has to go.
 * Whatever else the gateway holds (`anchorMs`, `staggerMs`, …) is its own business.
 */
const CLEARABLE = {
  schedule: ["tz", "cwd", "mode", "match", "batchMs", "maxBatchBytes"],
  payload: [
    "model",
    "fallbacks",
    "thinking",
    "lightContext",
    "allowUnsafeExternalContent",
    "cwd",
    "env",
    "input",
    "noOutputTimeoutSeconds",
    "outputMaxBytes",
    "timeoutSeconds",
    "toolBudget",
  ],
  delivery: ["channel", "to", "threadId", "accountId", "bestEffort", "failureDestination", "completionDestination"],
  job: ["displayName", "agentId", "sessionKey", "failureAlert", "pacing", "trigger"],
} as const;

/** Compares what is declared with what the gateway holds, blind to state and to the gateway's own defaults. */
export function findDifference(desired: JobSpec, live: LiveJob): Difference {
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
  // The gateway's default for a job of one moment, and for no other.
  if (deleteAfterRun === undefined && actual.deleteAfterRun === true && desired.schedule.kind !== "at") {
    own.deleteAfterRun = false;
  }
  for (const [field, value] of Object.entries(own)) {
    fields.push(field);
    // An update would merge it: what is not declared any more goes first, the rest is for the next round. Not by a
    // null, which 2026.3 does not take.
    patch[field] = field === "failureAlert" && dropsField(value, actual[field]) ? false : value;
  }

  const schedule = diffKind(desired.schedule, actual.schedule, CLEARABLE.schedule);
  if (Object.keys(schedule).length > 0) {
    fields.push("schedule");
    patch.schedule = desired.schedule;
  }

  const payload = diffKind(desired.payload, actual.payload, CLEARABLE.payload);
  if (hasStaleTools(desired.payload, actual.payload)) payload.toolsAllow = null;
  if (Object.keys(payload).length > 0) {
    fields.push(...Object.keys(payload).map((field) => `payload.${field}`));
    // Of all that may have to go, the one for which every gateway that has it takes a null, and nothing else.
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

/** The declared value of each field that differs; null for one that has to go. */
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

/** As {@link diffFields}, for an object with a `kind`: of another kind, everything in it is new. */
function diffKind(desired: JsonObject, actual: Json | undefined, clearable: readonly string[]): JsonObject {
  const held = isJsonObject(actual) ? actual : {};
  return desired.kind === held.kind ? diffFields(desired, held, clearable) : { ...desired };
}

/**
 * What a gateway does that holds no delivery at all, as after a move out of the main session by hand: outside of that
 * one, it announces what comes of the job to the last channel (2026.6 on).
 */
export function deliveryOfNone(sessionTarget: Json | undefined): JsonObject {
  return { mode: sessionTarget === "main" ? "none" : "announce" };
}

function diffDelivery(desired: JsonObject, actual: Json): JsonObject {
  const held = isJsonObject(actual) ? actual : {};
  // Where nothing is delivered, what is left of an old route means nothing; but a failure is still told.
  const clearable = desired.mode === "none" ? ["failureDestination"] : CLEARABLE.delivery;
  return diffFields(withoutLast(desired), withoutLast(held), clearable);
}

/** `channel: "last"` is what no channel means, and the CLI always writes it. */
function withoutLast({ channel, ...rest }: JsonObject): Fields {
  return channel === "last" ? rest : { channel, ...rest };
}

/** Tools that only some are allowed; `["*"]` is what the gateway puts where nothing is declared (from 2026.8.2). */
function hasStaleTools(desired: JsonObject, actual: JsonObject): boolean {
  if (desired.toolsAllow !== undefined || actual.toolsAllow === undefined) return false;
  return desired.kind === actual.kind && !isDeepStrictEqual(actual.toolsAllow, ["*"]);
}

/** Whether one of the changes takes something out of what is held, where an update would only put in. */
function drops(changes: JsonObject, held: Json | undefined): boolean {
  if (!isJsonObject(held)) return false;
  return Object.entries(changes).some(([field, value]) => value === null || dropsField(value, held[field]));
}

function dropsField(value: Json, held: Json | undefined): boolean {
  return isJsonObject(value) && isJsonObject(held) && Object.keys(held).some((key) => value[key] === undefined);
}

function isSame(field: string, desired: Json, actual: Json | undefined): boolean {
  if (desired === actual) return true;
  switch (field) {
    case "agentId": // stored in lower case
      return textOf(desired).toLowerCase() === textOf(actual).toLowerCase();
    case "expr": // stored as typed by 2026.2.9, trimmed by 2026.9.6
      return textOf(desired).replace(/\s+/g, " ") === textOf(actual).replace(/\s+/g, " ");
    case "message":
    case "text":
      return textOf(desired) === textOf(actual);
    default:
      return isDeepStrictEqual(desired, actual);
  }
}

/** Absent, or as good as: an old gateway that cannot drop a text holds an empty one. */
function isBlank(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value.trim() : "";
}
