import type * as v from "valibot";
import { findNearest } from "../text/nearest.ts";

/** One problem with one field. Quotes no value, which may be a secret; the exception is a cron expression. */
export interface FieldProblem {
  /** Dotted path of the field; empty if the problem is with the whole job. */
  field: string;
  problem: string;
}

/** Fields that `openclaw cron list` shows and that are no part of a definition. */
const KEPT_BY_OPENCLAW =
  /^(?:id|jobId|state|status|owner|declarationKey|configRevision|scheduledToolPolicy|toolsAllowIsDefault|(?:created|updated|nextRun|lastRun)AtMs|lastRunStatus)$/;

/** Names from other tools, each with ours. They are no typos, so the nearest name by letters would be wrong. */
const ELSEWHERE: Record<string, string> = {
  at: "schedule",
  cmd: "command",
  cron: "schedule",
  every: "schedule",
  prompt: "message",
  script: "payload",
  timeZone: "tz",
  timezone: "tz",
};

/** The message for an unknown field: names the known one that was probably meant, or the nearest. */
export function messageForUnknownField(field: string, known: readonly string[]): string {
  if (KEPT_BY_OPENCLAW.test(field)) return "is kept by OpenClaw itself; leave it out";
  const meant = Object.hasOwn(ELSEWHERE, field) ? ELSEWHERE[field] : undefined;
  if (meant !== undefined && known.includes(meant)) return `unknown field, did you mean ${meant}?`;
  const { name, isNear } = findNearest(field, known) ?? { name: "none", isNear: false };
  return isNear ? `unknown field, did you mean ${name}?` : `unknown field, the nearest known one is ${name}`;
}

/** A valibot issue as problems, `expected WHAT but received WHAT`: more than one if it has issues beneath it. */
export function describeIssue(issue: v.BaseIssue<unknown>): FieldProblem[] {
  // A union lists the issues of its options. Those with a path come from the option that has the right type.
  const inner = issue.issues?.filter((candidate) => (candidate.path?.length ?? 0) > 0) ?? [];
  if (inner.length === 0) return [{ field: pathOf(issue), problem: messageForIssue(issue) }];
  return inner.flatMap(describeIssue).map(({ field, problem }) => {
    return { field: [pathOf(issue), field].filter(Boolean).join("."), problem };
  });
}

function pathOf(issue: v.BaseIssue<unknown>): string {
  return issue.path?.map((item) => String(item.key)).join(".") ?? "";
}

function messageForIssue(issue: v.BaseIssue<unknown>): string {
  switch (issue.type) {
    case "check":
    case "non_empty":
    case "raw_check":
      return issue.message;
    case "object":
      // A missing entry. Otherwise the value itself is no object.
      if (issue.path?.at(-1)?.origin === "key") return "is required";
      break;
    case "custom":
      return `expected an object but received ${kindOf(issue.input)}`;
    case "finite":
    case "number":
      if (typeof issue.input === "number") return "expected a finite number";
      break;
    case "integer":
      return `expected a whole number but received ${String(issue.input)}`;
    case "min_value":
      return `expected at least ${String(issue.requirement)} but received ${String(issue.input)}`;
    case "max_value":
      return `expected at most ${String(issue.requirement)} but received ${String(issue.input)}`;
    case "max_graphemes":
      return `expected at most ${String(issue.requirement)} characters`;
    case "min_length":
      return "expected at least one entry but received none";
  }
  return messageForWrongType(issue.expected ?? "something else", issue.input);
}

/** `expected` as valibot has it: `(string | Object)`. */
export function messageForWrongType(expected: string, input: unknown): string {
  return `expected ${formatExpected(expected)} but received ${kindOf(input)}`;
}

/** From `("none" | Object)` to `"none" or an object`. */
function formatExpected(expected: string): string {
  const words: Record<string, string> = {
    Array: "a list",
    Object: "an object",
    boolean: "true or false",
    number: "a number",
    string: "text",
  };
  const options = expected.replace(/^\(|\)$/g, "").split(" | ");
  return options.map((option) => words[option] ?? option).join(" or ");
}

/** The type of a value, never the value: it may be a secret. */
export function kindOf(input: unknown): string {
  if (input === null) return "null";
  if (Array.isArray(input)) return "a list";
  switch (typeof input) {
    case "undefined":
      return "nothing";
    case "number":
      return "a number";
    case "boolean":
      return String(input);
    case "string":
      return input === "" ? "an empty text" : "other text";
    default:
      return "an object";
  }
}
