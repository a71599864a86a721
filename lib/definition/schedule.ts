import * as v from "valibot";
import { findExpressionProblem, isDate, splitFields } from "./cron-expression.ts";
import { Argv, MAX_TIME_MS, Text, TimeZone, described, optional, textWithout, wholeNumber } from "./fields.ts";
import { parseMoment } from "./moment.ts";

/** `15m`, `every 5 minutes`. */
const A_DURATION = /^(?:@?every\s+)?(\d{1,9})\s*(ms|s|m|h|d)(?:ec|econd|in|inute|r|our|ay)?s?$/i;
const MS_OF_UNIT: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A schedule that is a text: a cron expression without a year. */
export const ScheduleText = textWithout(findTextProblem);

/** A schedule as OpenClaw's own object. */
export const ScheduleSchema = v.variant("kind", [
  v.object({
    kind: described(v.literal("cron"), "Whenever a cron expression says so."),
    expr: described(textWithout(findExpressionProblem), "A cron expression of 5 to 7 fields: minute first, or second."),
    tz: optional(TimeZone, "Its time zone, such as Asia/Tokyo."),
    staggerMs: optional(wholeNumber(0, MAX_TIME_MS), "Within how many milliseconds after that it begins."),
  }),
  v.object({
    kind: described(v.literal("every"), "At an interval."),
    everyMs: described(wholeNumber(1, MAX_TIME_MS), "The interval, in milliseconds."),
    anchorMs: optional(wholeNumber(0, MAX_TIME_MS), "A moment to count from, in milliseconds since 1970."),
  }),
  v.object({
    kind: described(v.literal("at"), "Once."),
    at: described(textWithout(findMomentProblem), "Date and time, such as 2027-01-31T09:00:00+09:00."),
    tz: optional(TimeZone, "The time zone of a moment without an offset, such as Asia/Tokyo; else it is UTC."),
  }),
  v.object({
    kind: described(v.literal("on-exit"), "Whenever a program ends."),
    command: described(Text, "The program, as a shell line."),
    cwd: optional(Text, "Its working directory."),
  }),
  v.object({
    kind: described(v.literal("stream"), "Whenever a program prints something."),
    command: described(Argv, "The program and its arguments."),
    cwd: optional(Text, "Its working directory."),
    mode: optional(v.picklist(["line", "match"]), "Whether each line counts, or each that matches."),
    match: optional(v.string(), "What a line has to match."),
    // The gateway changes other numbers to the nearest of these, and the job would differ from Git forever.
    batchMs: optional(
      wholeNumber(50, 5_000),
      "How long it has to be quiet before a batch of lines goes out, in milliseconds.",
    ),
    maxBatchBytes: optional(wholeNumber(1_024, 65_536), "How much a batch holds at most, in bytes."),
  }),
]);

/** Why a text is no schedule by itself, and what to write instead. */
function findTextProblem(text: string): string | undefined {
  const [, amount, unit] = A_DURATION.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) {
    const everyMs = Number(amount) * (MS_OF_UNIT[unit.toLowerCase()] ?? 1);
    return `is no cron expression; for an interval write {kind: "every", everyMs: ${everyMs}}`;
  }
  if (isDate(text) || parseMoment(text) !== undefined) {
    return 'is no cron expression; for a single moment write {kind: "at", at: …}';
  }
  const count = splitFields(text).length;
  if (!text.startsWith("@") && count !== 5 && count !== 6) {
    const advice = count === 7 ? '; for one with a year write {kind: "cron", expr: …}' : "";
    return `expected 5 or 6 fields but received ${count}${advice}`;
  }
  return findExpressionProblem(text);
}

function findMomentProblem(text: string): string | undefined {
  if (parseMoment(text) !== undefined) return undefined;
  const expected = "expected a date and time such as 2027-01-31T09:00:00+09:00";
  return A_DURATION.test(text) ? `${expected}; a duration from now would mean another time at each reading` : expected;
}
