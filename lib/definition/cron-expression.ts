import { Cron } from "croner";

/** Longer than any that is meant: a list of ranges of years can keep croner busy for minutes. */
const MAX_LENGTH = 1_000;

/** A calendar repeats itself within 28 years: leap or not, begun on any day of the week. */
const EACH_KIND_OF_YEAR = "2000-2027";
const BEFORE_THEM = new Date(Date.UTC(1999, 11, 31));

/** Nothing is ever started; and no zone, which costs ten times as much, and what is true of one is true of all. */
const OPTIONS = { paused: true, utcOffset: 0 };

/**
 * What nobody reads in two ways, and what fires in every month: `*`, steps and lists of numbers in five fields. Most
 * expressions are such, and croner need not be asked: it allots 80 KB for each, which are 8 MB for a hundred jobs.
 */
const PLAIN = plainPattern(["[0-5]?[0-9]", "1?[0-9]|2[0-3]", "[1-9]|1[0-9]|2[0-8]", "[1-9]|1[0-2]", "[0-7]"]);

/** In the order of the fields, under the names that croner has for them. */
const FIELDS = {
  second: "second",
  minute: "minute",
  hour: "hour",
  day: "day of month",
  month: "month",
  dayOfWeek: "day of week",
  year: "year",
};

/**
 * Why OpenClaw would not take this as the `expr` of a schedule: five to seven fields, a nickname such as `@daily`,
 * or a date, as croner reads them; undefined where it would. Never throws, and quotes nothing of the text but numbers.
 *
 * One that never fires is a problem too, but not where it names a year or a date: it would turn wrong by itself,
 * as time passes.
 */
export function findExpressionProblem(expression: string): string | undefined {
  if (expression.length > MAX_LENGTH) return `expected at most ${MAX_LENGTH} characters`;
  if (PLAIN.test(expression)) return undefined;
  const fields = splitFields(expression);
  const mayFireForever = !isDate(expression) && (fields.length === 5 || fields.length === 6);
  try {
    // The search for the next time is otherwise one through a thousand years, which overflows Node's stack.
    const dated = [...(fields.length === 5 ? ["0"] : []), ...fields, EACH_KIND_OF_YEAR].join(" ");
    const cron = new Cron(mayFireForever ? dated : expression, { ...OPTIONS });
    return mayFireForever && cron.nextRun(BEFORE_THEM) === null ? "never fires" : undefined;
  } catch (error) {
    return messageForProblem(error instanceof Error ? error.message : "", fields.length);
  }
}

function plainPattern(numbers: readonly string[]): RegExp {
  const fields = numbers.map((number) => `(?:\\*(?:/(?!0)(?:${number}))?|(?:${number})(?:,(?:${number}))*)`);
  return new RegExp(`^${fields.join(" ")}$`);
}

/** As croner takes an expression apart. */
export function splitFields(expression: string): string[] {
  return expression.match(/\S+/g) ?? [];
}

/** Whether croner reads this as a date: `2027-01-31T09:00`. */
export function isDate(expression: string): boolean {
  return expression.indexOf(":") > 0;
}

/** croner's message without its prefixes, nor what it quotes; in our words where its own would mislead. */
function messageForProblem(message: string, count: number): string {
  const names = Object.keys(FIELDS) as (keyof typeof FIELDS)[];
  const nameOf = (field = "") => FIELDS[field as keyof typeof FIELDS] ?? FIELDS.day;
  const [, illegal] = /configuration entry (\d) .*illegal characters/s.exec(message) ?? [];
  if (illegal !== undefined) return `illegal characters in ${nameOf(names[Number(illegal)])}`;
  const [, empty] = /configuration entry (\w+) .*is empty/s.exec(message) ?? [];
  if (empty !== undefined) return `an entry of ${nameOf(empty)} is empty`;
  const [, field, value] = /Invalid value for (\w+): (\S+)/.exec(message) ?? [];
  // It counts months and days from 0.
  const first = /^(?:month|day|nearestWeekdays)$/.test(field ?? "") ? 1 : 0;
  if (field !== undefined) return `invalid value for ${nameOf(field)}: ${Number(value) + first}`;
  if (message.includes("invalid configuration format")) return `expected 5 to 7 fields but received ${count}`;
  if (message.includes("@reboot")) return "@reboot is not supported";
  if (!message.startsWith("CronPattern: ")) return "is neither a cron expression nor a date";
  const own = message.replace(/^CronPattern: (?:Syntax error, )?/, "").replace(/:? ?\(?'.*'\)?/s, "");
  const short = own.replace(/\. Value: .*|\.$/s, "").replace("dayOfWeek", FIELDS.dayOfWeek);
  return short.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}
