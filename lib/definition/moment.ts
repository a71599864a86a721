import { findZone } from "./time-zone.ts";

/** `2027-01-31`, `2027-01-31T09:00`, `2027-01-31T09:00:00.000+09:00`. */
const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

const DAY_MS = 86_400_000;

/**
 * The time of an ISO 8601 text in milliseconds since 1970. Without an offset it is UTC, as in OpenClaw. Undefined for
 * other notations, and for dates that do not exist, such as the 30th of February.
 */
export function parseMoment(text: string): number | undefined {
  const match = MOMENT.exec(text);
  if (!match) return undefined;
  const [, year, month, day, offset] = match;
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(day) > lastDay) return undefined;
  const hasTime = text.includes("T");
  const moment = Date.parse(hasTime && offset === undefined ? `${text}Z` : text);
  return Number.isNaN(moment) ? undefined : moment;
}

/** Whether the text of a moment says how far it is from UTC. */
export function hasOffset(text: string): boolean {
  return MOMENT.exec(text)?.[4] !== undefined;
}

/**
 * The same for a text that may be the time on the clocks of a zone. An offset of its own wins. As `openclaw cron add
 * --at --tz` does it: the earlier moment, if the clocks show the time twice, and undefined if they never show it.
 */
export function readMoment(text: string, zone: string | undefined): number | undefined {
  const moment = parseMoment(text);
  return moment === undefined || zone === undefined || hasOffset(text) ? moment : findOnClocks(moment, zone);
}

/** When the clocks of a zone show the time that UTC's show at this moment. */
export function findOnClocks(shown: number, zone: string): number | undefined {
  const timeZone = findZone(zone);
  if (timeZone === undefined) return undefined;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  // A zone is at most a day from UTC, so its offset is one of those around that moment.
  const candidates = [-DAY_MS, 0, DAY_MS].map((shift) => 2 * shown + shift - readClocks(shown + shift, format));
  const moments = candidates.filter((moment) => readClocks(moment, format) === shown);
  return moments.length > 0 ? Math.min(...moments) : undefined;
}

/** What clocks show at a moment, as the moment at which UTC's show it. */
function readClocks(moment: number, format: Intl.DateTimeFormat): number {
  const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const read = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const fraction = ((moment % 1_000) + 1_000) % 1_000;
  return Date.UTC(read("year"), read("month") - 1, read("day"), read("hour"), read("minute"), read("second"), fraction);
}
