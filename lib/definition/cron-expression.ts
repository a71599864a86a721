import { Cron } from "croner";

/** No real expression is longer, and a list of year ranges can keep croner busy for minutes. */
const MAX_LENGTH = 1_000;

/** The calendar repeats every 28 years: each weekday as the first of January, in leap years and in others. */
const EVERY_KIND_OF_YEAR = "2000-2027";
const BEFORE_THEM = new Date(Date.UTC(1999, 11, 31));

/** `paused`: no timer is started. A fixed offset, not a zone: a zone costs ten times as much and changes no answer. */
const OPTIONS = { paused: true, utcOffset: 0 };

/**
 * Five fields of `*`, steps and lists of numbers, each of which occurs in every month. Most expressions are like this,
 * and croner need not be asked: it allocates 80 KB for each, 8 MB for a hundred jobs.
 */
const PLAIN = plainPattern(["[0-5]?[0-9]", "1?[0-9]|2[0-3]", "[1-9]|1[0-9]|2[0-8]", "[1-9]|1[0-2]", "[0-7]"]);

/** croner counts the days and the months from 0 in its messages: of day 32 it says 31. */
const COUNTED_FROM_ZERO = /^Invalid value for (?:day|month|nearestWeekdays):/;

/**
 * Why OpenClaw would reject this as the `expr` of a schedule; undefined where it would accept it. Accepted are what
 * croner reads: five to seven fields, a nickname such as `@daily`, or a date. The message is croner's, in one line.
 * Never throws.
 *
 * An expression that never fires is a problem, too. One with a year, or a date, is not checked for that: it would
 * become invalid by itself, as time passes.
 */
export function findExpressionProblem(expression: string): string | undefined {
  if (expression.length > MAX_LENGTH) return `expected at most ${MAX_LENGTH} characters`;
  if (PLAIN.test(expression)) return undefined;
  const fields = splitFields(expression);
  const recurs = !isDate(expression) && (fields.length === 5 || fields.length === 6);
  try {
    // Without a range of years croner searches a thousand of them, and overflows Node's stack.
    const dated = [...(fields.length === 5 ? ["0"] : []), ...fields, EVERY_KIND_OF_YEAR].join(" ");
    const cron = new Cron(recurs ? dated : expression, { ...OPTIONS });
    return recurs && cron.nextRun(BEFORE_THEM) === null ? "never fires" : undefined;
  } catch (error) {
    return isDate(expression) ? "is neither a cron expression nor a date" : quoteCroner(error);
  }
}

function plainPattern(numbers: readonly string[]): RegExp {
  const fields = numbers.map((number) => `(?:\\*(?:/(?!0)(?:${number}))?|(?:${number})(?:,(?:${number}))*)`);
  return new RegExp(`^${fields.join(" ")}$`);
}

/** The fields of an expression, as croner splits them. */
export function splitFields(expression: string): string[] {
  return expression.match(/\S+/g) ?? [];
}

/** Whether croner reads this as a date: `2027-01-31T09:00`. */
export function isDate(expression: string): boolean {
  return expression.indexOf(":") > 0;
}

function quoteCroner(error: unknown): string {
  const message = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "is no cron expression";
  const line = message.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
  return COUNTED_FROM_ZERO.test(line) ? `${line} (counted from 0)` : line;
}
