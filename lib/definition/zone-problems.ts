import type { FieldProblem } from "./field-problem.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { parseMoment, readMoment } from "./moment.ts";
import { findZone, isTimeZone } from "./time-zone.ts";

/** Where `tz` goes beside OpenClaw's own schedule, and which moments the clocks of its zone never show. */
export function findZoneProblems({ schedule, tz: outer }: JsonObject): FieldProblem[] {
  if (!isJsonObject(schedule)) return [];
  const { kind, at, tz: inner } = schedule;
  const isOuter = outer !== undefined;
  switch (kind) {
    case "at":
      if (isOuter && inner !== undefined) return [TWICE];
      return isOuter ? findMomentProblems(at, outer, "tz") : findMomentProblems(at, inner, "schedule.tz");
    case "cron":
      if (isOuter)
        return [inner === undefined ? { field: "tz", problem: "goes into the object, as schedule.tz" } : TWICE];
      return [];
    case "every":
    case "on-exit":
    case "stream":
      return isOuter ? [{ field: "tz", problem: `means nothing for a schedule of kind ${kind}; leave it out` }] : [];
    default:
      return []; // there is no such kind, which is a problem of its own
  }
}

const TWICE: FieldProblem = { field: "tz", problem: "means the same as schedule.tz; keep one of the two" };

function findMomentProblems(at: Json | undefined, tz: Json | undefined, field: string): FieldProblem[] {
  if (typeof at !== "string" || typeof tz !== "string" || !isTimeZone(tz.trim())) return [];
  const zone = findZone(tz.trim());
  if (zone === undefined) {
    const problem = "is no time zone that a moment can be read in; expected one such as Asia/Tokyo or +09:00";
    return [{ field, problem }];
  }
  if (parseMoment(at.trim()) === undefined || readMoment(at.trim(), zone) !== undefined) return [];
  const problem = `does not exist in ${zone}: clocks are put forward then; write another time, or an offset`;
  return [{ field: "schedule.at", problem }];
}
