import { ManagerError } from "../errors.ts";
import { type JobSpec, isDeliveryImplied } from "./job.ts";
import { type Json, type JsonObject, readOwn } from "../json.ts";

type Fields = Readonly<Record<string, Json | undefined>>;

/** Turns one field into arguments; undefined when the CLI has no flag for this value. */
type Flag = (value: Json) => readonly string[] | undefined;

/** As `--flag=value`, since a value may begin with a dash. */
const text = (flag: string) => (value: Json) =>
  typeof value === "string" || typeof value === "number" ? [`${flag}=${value}`] : undefined;
const json = (flag: string) => (value: Json) => [`${flag}=${JSON.stringify(value)}`];
/** The CLI splits at commas, so an item with a comma cannot be expressed. */
const list = (flag: string) => (value: Json) => {
  if (!Array.isArray(value)) return undefined;
  const items = value.filter((item) => typeof item === "string");
  return items.some((item) => item.includes(",")) ? undefined : [`${flag}=${items.join(",")}`];
};
const milliseconds = (flag: string) => (value: Json) =>
  typeof value === "number" ? [`${flag}=${value}ms`] : undefined;
const either = (yes: string, no: string) => (value: Json) => [value ? yes : no];
const orClear = (flag: Flag, clear: string) => (value: Json) => (value === null ? [clear] : flag(value));

const JOB_FLAGS: Record<string, Flag> = {
  name: text("--name"),
  description: text("--description"),
  displayName: orClear(text("--display-name"), "--clear-display-name"),
  agentId: orClear(text("--agent"), "--clear-agent"),
  sessionKey: text("--session-key"),
  sessionTarget: text("--session"),
  wakeMode: text("--wake"),
  deleteAfterRun: either("--delete-after-run", "--keep-after-run"),
};

const SCHEDULE_FLAGS: Record<string, Flag> = {
  expr: text("--cron"),
  tz: text("--tz"),
  staggerMs: (value) => (value === 0 ? ["--exact"] : milliseconds("--stagger")(value)),
  everyMs: milliseconds("--every"),
  at: text("--at"),
};

const PAYLOAD_FLAGS: Record<string, Flag> = {
  text: text("--system-event"),
  message: text("--message"),
  model: text("--model"),
  thinking: text("--thinking"),
  fallbacks: list("--fallbacks"),
  lightContext: (value) => (value === true ? ["--light-context"] : undefined),
  toolsAllow: orClear(list("--tools"), "--clear-tools"),
  argv: json("--command-argv"),
  cwd: text("--command-cwd"),
  env: (value) => Object.entries(value ?? {}).map(([name, content]) => `--command-env=${name}=${String(content)}`),
  input: text("--command-input"),
  timeoutSeconds: text("--timeout-seconds"),
  noOutputTimeoutSeconds: text("--no-output-timeout-seconds"),
  outputMaxBytes: text("--output-max-bytes"),
};

const DELIVERY_FLAGS: Record<string, Flag> = {
  channel: text("--channel"),
  to: text("--to"),
  accountId: text("--account"),
  threadId: text("--thread-id"),
  bestEffort: (value) => (value === true ? ["--best-effort-deliver"] : undefined),
};

/**
 * Returns the arguments after `openclaw cron add` that create this job.
 *
 * @throws {ManagerError} `rejected` with the name of a field that the CLI cannot set.
 */
export function toAddArguments(spec: JobSpec, declarationKey?: string): string[] {
  const { schedule, payload, delivery, enabled, ...job } = spec;
  return [
    ...toFlags("", job, JOB_FLAGS),
    ...(enabled === false ? ["--disabled"] : []),
    ...(declarationKey === undefined ? [] : [`--declaration-key=${declarationKey}`]),
    ...toObjectFlags({ schedule, payload }),
    ...(isDeliveryImplied(spec) ? [] : toDeliveryFlags(delivery)),
    "--json",
  ];
}

/**
 * Returns the arguments after `openclaw cron edit` that apply this patch.
 *
 * @throws {ManagerError} `rejected` with the name of a field that the CLI cannot set.
 */
export function toEditArguments(id: string, patch: JsonObject): string[] {
  const { schedule, payload, delivery, enabled, ...job } = patch;
  return [
    id,
    ...toFlags("", job, JOB_FLAGS),
    ...(enabled === undefined ? [] : [enabled ? "--enable" : "--disable"]),
    ...toObjectFlags({ schedule, payload }),
    ...(delivery === undefined ? [] : toDeliveryFlags(delivery as JsonObject)),
  ];
}

function toObjectFlags({ schedule, payload }: Fields): string[] {
  return [
    ...toFlags("schedule.", withoutKind(schedule), SCHEDULE_FLAGS),
    ...toFlags("payload.", withoutKind(payload), PAYLOAD_FLAGS),
  ];
}

function toDeliveryFlags({ mode, ...route }: JsonObject): string[] {
  if (mode === "none") return ["--no-deliver"];
  if (mode !== "webhook") return ["--announce", ...toFlags("delivery.", route, DELIVERY_FLAGS)];
  return toFlags("delivery.", route, { to: text("--webhook") });
}

function withoutKind(value: Json | undefined): Fields {
  const { kind: _, ...fields } = (value ?? {}) as JsonObject;
  return fields;
}

function toFlags(prefix: string, fields: Fields, table: Record<string, Flag>): string[] {
  return Object.entries(fields).flatMap(([field, value]) => {
    const flags = value === undefined ? [] : readOwn(table, field)?.(value);
    if (flags) return flags;
    throw new ManagerError("rejected", `the openclaw CLI cannot set ${prefix}${field}`, {
      hint: "give this container the gateway's OPENCLAW_GATEWAY_TOKEN; over the gateway it can be set",
    });
  });
}
