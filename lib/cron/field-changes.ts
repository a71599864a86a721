import { isDeepStrictEqual } from "node:util";
import { formatKey } from "../text/changed-paths.ts";
import type { JobSpec, LiveJob } from "../gateway/job.ts";
import { hideVariables, readShellLine, unwrapRetry } from "./command.ts";
import { usualSession } from "./job-spec.ts";
import type { FieldChange } from "../reconcile/report.ts";
import { type Json, type JsonObject, isJsonObject, readOwn, readPath } from "../json.ts";
import { unmarkDescription } from "./ownership.ts";
import type { CronAction, JobChange } from "./plan.ts";
import { MASK } from "../text/masking.ts";
import { isSecretField, maskArguments, maskText } from "../text/secrets.ts";

/** Lists the fields that an action adds, removes or changes in a job, without secrets. Pure. */
export function listFieldChanges(action: CronAction, live: LiveJob | undefined, owner: string): FieldChange[] {
  switch (action.kind) {
    case "add":
      return Object.entries(withoutDefaults(action.spec, owner))
        .flatMap(([field, value]) => compare(field, undefined, value))
        .filter(({ field }) => !IMPLIED_FIELDS.has(field));
    case "update":
    case "adopt":
      return live ? listUpdates(action, live as unknown as JsonObject, owner) : [];
    case "remove":
      return [];
  }
}

/** The other fields of a new job imply these: only a cron schedule has an `expr`. */
const IMPLIED_FIELDS = new Set(["schedule.kind", "payload.kind"]);

/** Drops the defaults that every job has, and the name, which the heading shows. */
function withoutDefaults(job: JobSpec, owner: string): JsonObject {
  const { name: _, description, delivery, wakeMode, sessionTarget, ...spec } = job;
  const unmarked = unmarkDescription(description, owner);
  return {
    ...(unmarked === undefined ? {} : { description: unmarked }),
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
    // The action already shows that the job is or becomes ours.
    return compare(field, unmark(before, owner), unmark(after, owner));
  });
}

function unmark(description: Json | undefined, owner: string): Json | undefined {
  return typeof description === "string" ? unmarkDescription(description, owner) : undefined;
}

/** Compares field by field; a list counts as one value. */
function compare(field: string, before: Json | undefined, after: Json | undefined, isSecret = false): FieldChange[] {
  const [old, now] = [before ?? undefined, after ?? undefined];
  if (isDeepStrictEqual(old, now)) return [];
  const areObjects = [old, now].every(
    (side) => side === undefined || (isJsonObject(side) && Object.keys(side).length > 0),
  );
  if (areObjects) {
    const [oldParts, newParts] = [isJsonObject(old) ? old : {}, isJsonObject(now) ? now : {}];
    const keys = [...new Set([...Object.keys(oldParts), ...Object.keys(newParts)])];
    return keys.flatMap((key) =>
      compare(
        `${field}.${formatKey(key)}`,
        readOwn(oldParts, key),
        readOwn(newParts, key),
        isSecret || isSecretField(key) || isSecretField(lastOf(field)),
      ),
    );
  }
  const format = (side: Json | undefined) =>
    side === undefined ? undefined : isSecret ? MASK : formatValue(field, side);
  const [oldText, newText] = [format(old), format(now)];
  if (oldText === newText) return [{ field, before: undefined, after: `${MASK} (another value, not shown)` }];
  return [{ field, before: oldText, after: newText }];
}

function lastOf(field: string): string {
  return field.slice(field.lastIndexOf(".") + 1);
}

/** Masks before it quotes: a quote within quotes has a backslash, and no pattern of a command line would match. */
function formatValue(field: string, value: Json): string {
  if (field === "payload.argv" && Array.isArray(value)) return formatCommand(value.map(String));
  if (isSecretField(lastOf(field))) return MASK;
  const isMessage = field === "payload.message" && typeof value === "string";
  return JSON.stringify(maskParts(isMessage ? hideVariables(value, MASK) : value));
}

/** Formats the shell line as it was declared, or else the argument list. */
function formatCommand(words: readonly string[]): string {
  const { argv, retry } = unwrapRetry(words);
  const line = readShellLine(argv, undefined);
  const command = JSON.stringify(line === undefined ? maskArguments(argv) : maskText(line));
  return retry > 0 ? `${command} (retry ${retry})` : command;
}

function maskParts(value: Json): Json {
  if (typeof value === "string") return maskText(value);
  if (Array.isArray(value)) {
    const isList = value.every((item) => typeof item === "string");
    return isList ? maskArguments(value) : value.map(maskParts);
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, isSecretField(key) ? MASK : maskParts(part)]),
  );
}
