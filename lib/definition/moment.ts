/** `2027-01-31`, `2027-01-31T09:00`, `2027-01-31T09:00:00.000+09:00`. */
const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

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
