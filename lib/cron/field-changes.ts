import { isDeepStrictEqual } from "node:util";
import { formatKey } from "../text/changed-paths.ts";
import type { JobSpec, LiveJob } from "../gateway/job.ts";
import { hideVariables, readShellLine, unwrapRetry, usualSession } from "./job-spec.ts";
import type { FieldChange } from "../reconcile/report.ts";
import { type Json, type JsonObject, isJsonObject, readPath } from "../json.ts";
import { unmarkDescription } from "./ownership.ts";
import type { CronAction, JobChange } from "./plan.ts";
import { MASK } from "../text/redaction.ts";
import { isSecretPlace, maskText } from "../text/secrets.ts";

/** What an action puts into a job, takes out of it and changes in it. Pure. */
export function listFieldChanges(action: CronAction, live: LiveJob | undefined, owner: string): FieldChange[] {
  switch (action.kind) {
    case "add":
      return Object.entries(withoutDefaults(action.spec, owner))
        .flatMap(([field, value]) => compare(field, undefined, value))
        .filter(({ field }) => !TOLD_BY_OTHERS.has(field));
    case "update":
    case "adopt":
      return live ? listUpdates(action, live as unknown as JsonObject, owner) : [];
    case "remove":
      return [];
  }
}

/** What a new job's other fields say as well: an `expr` is that of a cron schedule. */
const TOLD_BY_OTHERS = new Set(["schedule.kind", "payload.kind"]);

/** The name stands above, and what every job has says little of this one. */
function withoutDefaults(job: JobSpec, owner: string): JsonObject {
  const { name: _, description, delivery, wakeMode, sessionTarget, ...spec } = job;
  const said = unmarkDescription(description, owner);
  return {
    ...(said === undefined ? {} : { description: said }),
    ...spec,
    ...(sessionTarget === usualSession(spec.payload.kind) ? {} : { sessionTarget }),
    ...(wakeMode === "now" ? {} : { wakeMode }),
    ...(delivery.mode === "none" && Object.keys(delivery).length === 1 ? {} : { delivery }),
  };
}

function listUpdates({ fields, patch, replacement }: JobChange, live: JsonObject, owner: string): FieldChange[] {
  const target = { ...patch, ...replacement?.spec } as JsonObject;
  return fields.flatMap((field) => {
    const [before, after] = [readPath(live, field), readPath(target, field)];
    if (field !== "description") return compare(field, before, after);
    // That it is ours is said by the action.
    return compare(field, unmark(before, owner), unmark(after, owner));
  });
}

function unmark(description: Json | undefined, owner: string): Json | undefined {
  return typeof description === "string" ? unmarkDescription(description, owner) : undefined;
}

/** A line for each part that differs; a list counts as one. */
function compare(field: string, before: Json | undefined, after: Json | undefined, isSecret = false): FieldChange[] {
  const [old, now] = [before ?? undefined, after ?? undefined];
  if (isDeepStrictEqual(old, now)) return [];
  const isParted = [old, now].every(
    (side) => side === undefined || (isJsonObject(side) && Object.keys(side).length > 0),
  );
  if (isParted) {
    const parts = [old, now].map((side) => (isJsonObject(side) ? side : {}));
    const keys = [...new Set(parts.flatMap((side) => Object.keys(side)))];
    return keys.flatMap((key) =>
      compare(
        `${field}.${formatKey(key)}`,
        parts[0]?.[key],
        parts[1]?.[key],
        isSecret || isSecretPlace(key) || isSecretPlace(lastOf(field)),
      ),
    );
  }
  const word = (side: Json | undefined) =>
    side === undefined ? undefined : isSecret ? MASK : formatValue(field, side);
  const [wasWord, isWord] = [word(old), word(now)];
  if (wasWord === isWord) return [{ field, before: undefined, after: `${MASK} (another value, not shown)` }];
  return [{ field, before: wasWord, after: isWord }];
}

function lastOf(field: string): string {
  return field.slice(field.lastIndexOf(".") + 1);
}

function formatValue(field: string, value: Json): string {
  if (field === "payload.argv" && Array.isArray(value)) return formatCommand(value.map(String));
  if (isSecretPlace(lastOf(field))) return MASK;
  if (field === "payload.message" && typeof value === "string") {
    return maskText(JSON.stringify(hideVariables(value, MASK)));
  }
  return maskText(JSON.stringify(maskParts(value)));
}

/** A shell line as it was written, else the list of arguments. */
function formatCommand(words: readonly string[]): string {
  const { argv, retry } = unwrapRetry(words);
  const command = maskText(JSON.stringify(readShellLine(argv) ?? argv));
  return retry > 0 ? `${command} (retry ${retry})` : command;
}

function maskParts(value: Json): Json {
  if (Array.isArray(value)) return value.map(maskParts);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, isSecretPlace(key) ? MASK : maskParts(part)]),
  );
}
