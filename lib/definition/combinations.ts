import type { FieldProblem } from "./field-problem.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { findReserved } from "./reserved.ts";

/** The flat fields that stand for a payload, and the kind of payload that each means. */
const FLAT_PAYLOADS = { command: "command", message: "agentTurn", systemEvent: "systemEvent" } as const;

/**
 * Combinations of session, payload, schedule and delivery that no gateway accepts. The rules are those of OpenClaw
 * 2026.2.9 to 2026.9.6 (`assertSupportedJobSpec`, `assertDeliverySupport`, …). Only rules of all these releases are
 * here: a problem here rejects every job, while a gateway that refuses one rejects that job alone.
 */
export function findBadCombinations(definition: JsonObject): FieldProblem[] {
  return [
    ...findReserved(definition),
    ...findSessionProblems(definition),
    ...findScheduleProblems(definition),
    ...findDeliveryProblems(definition),
  ];
}

function findSessionProblems(definition: JsonObject): FieldProblem[] {
  const payload = readPayloadKind(definition);
  const session = readSession(definition);
  const field = definition.session === undefined ? "sessionTarget" : "session";
  if (session === "main" && (payload === "command" || payload === "agentTurn")) {
    const what = payload === "command" ? "a command" : "an agent turn";
    return [{ field, problem: `main takes a system event or a script; ${what} runs in isolated or session:NAME` }];
  }
  const isConversation = session === "current" || session.startsWith("session:");
  const isElsewhere = session === "isolated" || isConversation;
  if (payload === "systemEvent" && isElsewhere) return [{ field, problem: "a system event goes to main only" }];
  if (payload === "script" && isConversation) {
    return [{ field, problem: "a script runs in main or isolated only" }];
  }
  // `current` is the conversation in which a job is created. A file is none, and gateways would silently use isolated.
  if (session === "current" && definition.sessionKey === undefined) {
    return [{ field, problem: "current needs the sessionKey of a conversation" }];
  }
  return [];
}

function findScheduleProblems(definition: JsonObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const report = (field: string, problem: string) => problems.push({ field, problem });
  const payload = readPayloadKind(definition);
  const schedule = isJsonObject(definition.schedule) ? definition.schedule : { kind: "cron" };
  const { kind } = schedule;
  const { trigger, pacing } = definition;

  if (kind === "stream" && payload === "command") {
    report(definition.command === undefined ? "payload" : "command", "does not go with a schedule of kind stream");
  }
  if (kind === "stream" && schedule.mode === "match" && !schedule.match) report("schedule.match", "is required");
  if (kind === "stream" && schedule.mode !== "match" && schedule.match !== undefined) {
    report("schedule.match", "goes with mode match only");
  }
  if (trigger !== undefined && payload === "script") {
    report("trigger", "does not go with a script, which can decide by itself");
  }
  if (trigger !== undefined && (kind === "at" || kind === "on-exit")) {
    report("trigger", `does not go with a schedule of kind ${kind}`);
  }
  if (pacing !== undefined && (kind === "at" || kind === "on-exit" || kind === "stream")) {
    report("pacing", `does not go with a schedule of kind ${kind}`);
  }
  if (definition.deleteAfterRun === true && isRepeating(definition.schedule)) {
    report("deleteAfterRun", "goes with a schedule of kind at or on-exit; OpenClaw never removes a job that repeats");
  }
  if (isJsonObject(pacing) && pacing.min === undefined && pacing.max === undefined) {
    report("pacing", "expected min or max but received neither");
  }
  return problems;
}

/** Whether a job with this schedule runs again and again, as far as OpenClaw is concerned. */
export function isRepeating(schedule: Json | undefined): boolean {
  const kind = isJsonObject(schedule) ? schedule.kind : "cron";
  return kind === "cron" || kind === "every" || kind === "stream";
}

function findDeliveryProblems(definition: JsonObject): FieldProblem[] {
  const { delivery } = definition;
  if (!isJsonObject(delivery)) return [];
  const problems: FieldProblem[] = [];
  const report = (field: string, problem: string) => problems.push({ field: `delivery.${field}`, problem });
  const { mode, failureDestination, completionDestination } = delivery;
  const isMain = readSession(definition) === "main";

  if (isMain && mode === "announce") report("mode", "announce does not go with session main");
  if (mode === "webhook") reportAddress("to", delivery.to);
  if (isJsonObject(failureDestination)) {
    const isEmpty = Object.keys(failureDestination).length === 0;
    if (isMain && mode !== "webhook" && !isEmpty) {
      report("failureDestination", "goes with session main only where delivery.mode is webhook");
    }
    if (failureDestination.mode === "webhook") reportAddress("failureDestination.to", failureDestination.to);
  }
  if (isJsonObject(completionDestination)) {
    if (mode !== "announce") report("completionDestination", "goes with delivery.mode announce only");
    reportAddress("completionDestination.to", completionDestination.to);
  }
  return problems;

  function reportAddress(field: string, address: Json | undefined) {
    if (address === undefined) report(field, "is required for a webhook");
    else if (typeof address === "string" && address.trim() !== "" && !isWebAddress(address)) {
      report(field, "expected an http or https address");
    }
  }
}

function isWebAddress(address: string): boolean {
  return URL.canParse(address.trim()) && /^https?:$/.test(new URL(address.trim()).protocol);
}

/** The kind of payload, by OpenClaw's name; undefined if there is none, or more than one. */
function readPayloadKind(definition: JsonObject): Json | undefined {
  const { payload } = definition;
  const kinds = Object.entries(FLAT_PAYLOADS).flatMap(([field, kind]) =>
    definition[field] === undefined ? [] : [kind],
  );
  if (payload === undefined) return kinds.length === 1 ? kinds[0] : undefined;
  return kinds.length === 0 && isJsonObject(payload) ? payload.kind : undefined;
}

/** The session of the job; the default is the one of `toJobSpec`. */
function readSession(definition: JsonObject): string {
  const session = definition.session ?? definition.sessionTarget;
  if (session === undefined) return readPayloadKind(definition) === "systemEvent" ? "main" : "isolated";
  return typeof session === "string" ? session.trim() : "";
}
