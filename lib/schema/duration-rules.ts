import type { Json, JsonObject } from "../json.ts";
import { type Place, type Problem, type Rule, findAll, findTexts, isSince, isTemplate } from "./rule.ts";

const HEARTBEATS = ["agents.defaults.heartbeat", "agents.list.*.heartbeat", "agents.entries.*.heartbeat"];

const RETENTIONS = ["session.maintenance.pruneAfter", "session.maintenance.resetArchiveRetention"];

/** Durations, times of day and sizes. */
export const DURATION_RULES: Rule[] = [
  {
    id: "duration",
    find: (config, release) =>
      findTexts(
        config,
        HEARTBEATS.map((heartbeat) => `${heartbeat}.every`),
      )
        .filter(({ value }) => value !== "" && !isDuration(value, release))
        .map(({ path }) => ({ path, message: durationMessage("s, m, h", "30m", release) })),
  },
  {
    id: "duration",
    since: "2026.2.26",
    find: (config, release) =>
      findTexts(config, ["cron.sessionRetention"])
        .filter(({ value }) => !isDuration(value, release))
        .map(({ path }) => ({ path, message: durationMessage("s, m, h, d", "24h", release) })),
  },
  {
    id: "duration",
    since: "2026.2.26",
    find: (config, release) =>
      findAmounts(config, RETENTIONS)
        .filter(({ value }) => !isDuration(textOf(value), release))
        .map(({ path }) => ({ path, message: durationMessage("s, m, h, d", "30d", release) })),
  },
  {
    id: "duration",
    since: "2026.8.2",
    find: (config) =>
      findAmounts(config, RETENTIONS)
        .filter(({ value }) => isZero(textOf(value)))
        .map(({ path }) => ({ path, message: "a duration of more than 0 is expected, as 30d" })),
  },
  {
    id: "time-of-day",
    find: (config, release) => findAll(config, HEARTBEATS).flatMap((place) => findBadTimes(place, release)),
  },
  {
    id: "size",
    since: "2026.2.26",
    find: (config) => findBadSizes(config, ["session.maintenance.maxDiskBytes", "session.maintenance.highWaterBytes"]),
  },
  {
    id: "size",
    since: "2026.2.26",
    before: "2026.5.20",
    find: (config) => findBadSizes(config, ["session.maintenance.rotateBytes"]),
  },
  {
    id: "size",
    since: "2026.3.13",
    find: (config) =>
      findBadSizes(config, [
        "agents.defaults.compaction.maxActiveTranscriptBytes",
        "agents.defaults.compaction.memoryFlush.forceFlushTranscriptBytes",
      ]),
  },
  {
    id: "size",
    since: "2026.2.26",
    before: "2026.8.2",
    find: (config) => findBadSizes(config, ["cron.runLog.maxBytes"]),
  },
];

/** Texts that no `${VAR}` can change, and numbers. */
function findAmounts(config: JsonObject, patterns: readonly string[]): Place[] {
  return findAll(config, patterns).filter(
    ({ value }) => typeof value === "number" || (typeof value === "string" && !isTemplate(value)),
  );
}

function textOf(value: Json): string {
  return typeof value === "number" ? String(value) : typeof value === "string" ? value : "";
}

/** Several units in one, as `1h30m`, from 2026.4.15. */
function isDuration(text: string, release: string): boolean {
  const trimmed = text.trim().toLowerCase();
  if (/^\d+(?:\.\d+)?(?:ms|s|m|h|d)?$/.test(trimmed)) return true;
  return isSince(release, "2026.4.15") && /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(trimmed);
}

function isZero(text: string): boolean {
  return isDuration(text, "2026.8.2") && !/[1-9]/.test(text);
}

function durationMessage(units: string, example: string, release: string): string {
  const several = isSince(release, "2026.4.15") ? ", or 1h30m" : "";
  return `a duration is expected: a number and one of ${units}, as ${example}${several}`;
}

/** Up to 2026.7.35 the hours count only beside an `every`. */
function findBadTimes({ path, value }: Place, release: string): Problem[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  if (!isSince(release, "2026.8.2") && (typeof value.every !== "string" || value.every === "")) return [];
  const problems: Problem[] = [];
  for (const { path: inner, value: time } of findTexts(value, ["activeHours.start", "activeHours.end"])) {
    const isStart = inner.at(-1) === "start";
    const pattern = isStart ? /^(?:[01]\d|2[0-3]):[0-5]\d$/ : /^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/;
    if (time === "" || pattern.test(time)) continue;
    const range = isStart ? "00:00 to 23:59" : "00:00 to 24:00";
    problems.push({ path: [...path, ...inner], message: `a time of day is expected: HH:MM, ${range}` });
  }
  return problems;
}

function findBadSizes(config: JsonObject, patterns: readonly string[]): Problem[] {
  return findAmounts(config, patterns)
    .filter(({ value }) => !/^\d+(?:\.\d+)?(?:b|[kmgt]b?)?$/.test(textOf(value).trim().toLowerCase()))
    .map(({ path }) => ({ path, message: "a size is expected: a number and one of b, kb, mb, gb, tb, as 500mb" }));
}
