import { closest, distance } from "fastest-levenshtein";
import type * as v from "valibot";

/** One thing that is wrong with one field. Says no value: it may be a secret. */
export interface FieldProblem {
  /** Dotted path of the field; empty where it is about the whole. */
  field: string;
  problem: string;
}

/** What `openclaw cron list` shows of a job beside its definition. */
const KEPT_BY_OPENCLAW =
  /^(?:id|jobId|state|status|owner|declarationKey|configRevision|scheduledToolPolicy|toolsAllowIsDefault|(?:created|updated|nextRun|lastRun)AtMs|lastRunStatus)$/;

/** What other tools call it: no slip of the finger, so no likeness of letters helps. */
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

/** An unknown field, with the known one that was most likely meant. */
export function messageForUnknownField(field: string, known: readonly string[]): string {
  if (KEPT_BY_OPENCLAW.test(field)) return "is kept by OpenClaw itself; leave it out";
  const meant = Object.hasOwn(ELSEWHERE, field) ? ELSEWHERE[field] : undefined;
  if (meant !== undefined && known.includes(meant)) return `unknown field, did you mean ${meant}?`;
  const nearest = closest(field, known);
  const isNear = distance(field, nearest) <= Math.min(field.length - 1, Math.max(2, field.length / 3));
  return isNear ? `unknown field, did you mean ${nearest}?` : `unknown field, the nearest known one is ${nearest}`;
}

/** A valibot issue in our words: `expected WHAT but received WHAT`; several, where it stands for several. */
export function describeIssue(issue: v.BaseIssue<unknown>): FieldProblem[] {
  // A union reports its branches beneath; where one of them fits so far, its own warnings are the useful ones.
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
      // A missing entry, unless it is the object itself that is something else.
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

/** What a value is, not which: it may be a secret. */
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
