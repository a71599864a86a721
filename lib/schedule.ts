import * as v from "valibot";
import { findExpressionProblem, isDate, splitFields } from "./cron-expression.ts";
import { Argv, MAX_TIME_MS, Text, TimeZone, closed, textWithout, wholeNumber } from "./fields.ts";
import { parseMoment } from "./moment.ts";

/** `15m`, `every 5 minutes`. */
const A_DURATION = /^(?:@?every\s+)?(\d{1,9})\s*(ms|s|m|h|d)(?:ec|econd|in|inute|r|our|ay)?s?$/i;
const MS_OF_UNIT: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A schedule that is a text: a cron expression that fires, again and again. */
export const ScheduleText = textWithout(findTextProblem);

/** A schedule that is an object: OpenClaw's own. */
export const ScheduleSchema = v.variant("kind", [
  closed({
    kind: v.literal("cron"),
    expr: textWithout(findExpressionProblem),
    tz: v.exactOptional(TimeZone),
    staggerMs: v.exactOptional(wholeNumber(0, MAX_TIME_MS)),
  }),
  closed({
    kind: v.literal("every"),
    everyMs: wholeNumber(1, MAX_TIME_MS),
    anchorMs: v.exactOptional(wholeNumber(0, MAX_TIME_MS)),
  }),
  closed({ kind: v.literal("at"), at: textWithout(findMomentProblem) }),
  closed({ kind: v.literal("on-exit"), command: Text, cwd: v.exactOptional(Text) }),
  closed({
    kind: v.literal("stream"),
    command: Argv,
    cwd: v.exactOptional(Text),
    mode: v.exactOptional(v.picklist(["line", "match"])),
    match: v.exactOptional(v.string()),
    // The gateway makes the nearest of these of any other number, and Git would differ from it for ever.
    batchMs: v.exactOptional(wholeNumber(50, 5_000)),
    maxBatchBytes: v.exactOptional(wholeNumber(1_024, 65_536)),
  }),
]);

/** What keeps a text from being a schedule by itself, and what to write instead. */
function findTextProblem(text: string): string | undefined {
  const count = splitFields(text).length;
  const [, amount, unit] = A_DURATION.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) {
    const everyMs = Number(amount) * (MS_OF_UNIT[unit.toLowerCase()] ?? 1);
    return `is no cron expression; for an interval write {kind: "every", everyMs: ${everyMs}}`;
  }
  if (isDate(text) || parseMoment(text) !== undefined) {
    return 'is no cron expression; for a single moment write {kind: "at", at: …}';
  }
  if (count === 7) return 'expected 5 or 6 fields but received 7; for one with a year write {kind: "cron", expr: …}';
  const problem = findExpressionProblem(text);
  return problem?.replace("5 to 7 fields", "5 or 6 fields");
}

function findMomentProblem(text: string): string | undefined {
  if (parseMoment(text) !== undefined) return undefined;
  const expected = "expected a date and time such as 2027-01-31T09:00:00+09:00";
  return A_DURATION.test(text) ? `${expected}; from now on is another moment at each reading` : expected;
}
