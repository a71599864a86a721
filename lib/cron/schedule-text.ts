import type { JsonObject } from "../json.ts";

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** A live job's schedule in a few words: the cron expression as it is, with its time zone. Commands in it are not shown. */
export function describeSchedule(schedule: JsonObject): string {
  const { kind, expr, tz, everyMs, at } = schedule;
  switch (kind) {
    case "cron":
      return [expr, tz].filter((part) => typeof part === "string").join(" ");
    case "every":
      return typeof everyMs === "number" ? `every ${describeInterval(everyMs)}` : "every ?";
    case "at":
      return `at ${typeof at === "string" ? at.replace(/:00(?:\.000)?Z$/, "Z") : "?"}`;
    default:
      return typeof kind === "string" ? kind : "?";
  }
}

/** `90m`, not `1h30m`: in the largest unit that needs no fraction. */
function describeInterval(ms: number): string {
  const [unit, size] = UNITS.find(([, unitMs]) => ms % unitMs === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}

/** `3m`, as kubectl shows an age: in the largest unit of which there is one. */
export function describeAge(ms: number): string {
  const [unit, size] = UNITS.find(([, unitMs]) => ms >= unitMs) ?? ["s", 1_000];
  return `${Math.floor(ms / size)}${unit}`;
}
