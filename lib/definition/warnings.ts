import type { Definition } from "./definition.ts";
import type { FieldProblem } from "./field-problem.ts";
import { findOnClocks, hasOffset, parseMoment, readMoment } from "./moment.ts";
import { findAbbreviation } from "./time-zone.ts";

/**
 * What may not mean what its author thinks. It prevents nothing.
 *
 * @param nowMs finds moments that have passed, too
 */
export function findWarnings(definition: Definition, nowMs?: number): FieldProblem[] {
  return [...findMomentWarnings(definition, nowMs), ...findZoneWarnings(definition), ...findPathWarnings(definition)];
}

function findMomentWarnings({ schedule, tz: outer }: Definition, nowMs: number | undefined): FieldProblem[] {
  if (typeof schedule === "string" || schedule.kind !== "at") return [];
  const { at, tz = outer } = schedule;
  const warnings: FieldProblem[] = [];
  const moment = readMoment(at, tz);
  if (tz === undefined && !hasOffset(at)) {
    const time = at.includes("T") ? at : `${at}T00:00`;
    const problem = `is read as UTC, for want of an offset and of a tz; write ${time}Z for that, or else an offset (${time}+09:00), or tz (Asia/Tokyo) beside it`;
    warnings.push({ field: "schedule.at", problem });
  }
  if (tz !== undefined && hasOffset(at) && findOnClocks(parseMoment(dropOffset(at)) ?? 0, tz) !== moment) {
    const field = schedule.tz === undefined ? "tz" : "schedule.tz";
    const problem = "has no effect, since schedule.at has an offset of its own, which is not that of the zone";
    warnings.push({ field, problem });
  }
  if (moment !== undefined && nowMs !== undefined && moment <= nowMs) {
    const problem = `has passed (${new Date(moment).toISOString()}); a job that is not there yet is not added`;
    warnings.push({ field: "schedule.at", problem });
  }
  return warnings;
}

function dropOffset(at: string): string {
  return at.replace(/(?:Z|[+-]\d\d:?\d\d)$/, "");
}

function findZoneWarnings({ schedule, tz }: Definition): FieldProblem[] {
  const inner = typeof schedule === "object" && "tz" in schedule ? schedule.tz : undefined;
  return Object.entries({ tz, "schedule.tz": inner }).flatMap(([field, zone]) => {
    const known = zone === undefined ? undefined : findAbbreviation(zone);
    if (!known) return [];
    const example = known.meant === undefined ? "" : `, such as ${known.meant}`;
    return [{ field, problem: `means ${known.zone} here; write that, or the zone that you mean${example}` }];
  });
}

/** A command list that starts a login shell. A shell line with a PATH is run in another shell. */
function findPathWarnings({ command, env, payload }: Definition): FieldProblem[] {
  const isInside = payload?.kind === "command";
  const argv = isInside ? payload.argv : command;
  const variables = isInside ? payload.env : env;
  if (!Array.isArray(argv) || variables?.PATH === undefined || !isLoginShell(argv)) return [];
  const problem = "is reset by the login shell that is started; leave out its option -l";
  return [{ field: isInside ? "payload.env.PATH" : "env.PATH", problem }];
}

function isLoginShell([program = "", option = ""]: readonly string[]): boolean {
  if (!/(?:^|\/)(?:sh|ash|bash|dash|ksh|zsh)$/.test(program)) return false;
  return option === "--login" || /^-[a-z]{0,8}l[a-z]{0,8}$/.test(option);
}
