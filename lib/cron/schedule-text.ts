import type { JsonObject } from "../json.ts";

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** Describes a live job's schedule: a cron expression with its zone, an interval, a moment, or else only the kind. */
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

/** Formats an interval in the largest unit that needs no fraction: `90m`, not `1h30m`. */
function describeInterval(ms: number): string {
  const [unit, size] = UNITS.find(([, unitMs]) => ms % unitMs === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}

/** Formats an age as kubectl does, rounded down to the largest unit: `3m`. */
export function describeAge(ms: number): string {
  const [unit, size] = UNITS.find(([, unitMs]) => ms >= unitMs) ?? ["s", 1_000];
  return `${Math.floor(ms / size)}${unit}`;
}
