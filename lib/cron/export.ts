import { parseDefinition } from "../definition/definition.ts";
import { deliveryOfNone } from "./difference.ts";
import type { Features } from "../gateway/features.ts";
import type { LiveJob } from "../gateway/job.ts";
import { readShellLine, unwrapRetry } from "./command.ts";
import { usualSession } from "./job-spec.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { type ReadableJob, explainNeeded, omitInert } from "./inert-fields.ts";
import { groupByClaim, unmarkDescription } from "./ownership.ts";
import { type CronPlan, planCron } from "./plan.ts";

type NamedDefinition = JsonObject & { name: string };

export interface ExportedJobs {
  /** The content of the definition file: our jobs, then the unclaimed ones, oldest first. */
  definitions: NamedDefinition[];
  /** Jobs that are not exported because one of ours, or an older one, has the same name. */
  namesakes: { name: string; id: string }[];
  /** Jobs that are exported without these fields: dotted paths, in OpenClaw's names. They have no effect. */
  trimmed: { name: string; fields: string[] }[];
  /** Jobs that no definition can express, each with the reason. */
  skipped: { name: string; id: string; reason: string }[];
}

export interface ExportOptions {
  owner: string;
  features: Features;
  nowMs: number;
}

/**
 * Exports the live jobs as definitions that a sync leaves unchanged, except that it adopts unclaimed jobs. Omits the
 * jobs of other managers and the gateway's own. Pure.
 */
export function exportJobs(live: readonly LiveJob[], options: ExportOptions): ExportedJobs {
  const exported: ExportedJobs = { definitions: [], namesakes: [], trimmed: [], skipped: [] };
  const { ours, unclaimed } = groupByClaim(live, options.owner);
  for (const name of new Set([...ours.keys(), ...unclaimed.keys()])) {
    // A sync uses the first one as the job of that name.
    const [job, ...others] = [...(ours.get(name) ?? []), ...(unclaimed.get(name) ?? [])];
    if (!job) continue;
    exported.namesakes.push(...others.map(({ id }) => ({ name, id })));
    const { kept, omitted, needed } = omitInert(job);
    const definition = toDefinition(name, kept, options.owner);
    const reason = needed.length > 0 ? explainNeeded(needed) : findObstacle(definition, live, options);
    if (reason !== undefined) exported.skipped.push({ name, id: job.id, reason });
    else {
      exported.definitions.push(definition);
      if (omitted.length > 0) exported.trimmed.push({ name, fields: omitted });
    }
  }
  return exported;
}

/** Returns why a sync would change the job if Git declared it so; undefined if it would not. */
function findObstacle(definition: JsonObject, live: readonly LiveJob[], options: ExportOptions): string | undefined {
  const parsed = parseDefinition(definition);
  if (parsed.kind === "invalid") {
    return parsed.problems.map(({ field, problem }) => `${field}: ${problem}`).join(", ");
  }
  const plan = planCron([parsed.definition], live, { ...options, prune: "none", allowMassRemoval: false });
  return findChange(plan, live);
}

function findChange(plan: CronPlan, live: readonly LiveJob[]): string | undefined {
  const {
    actions: [action],
    unsupported: [unsupported],
  } = plan;
  if (unsupported) return `${unsupported.missing.map(({ what }) => what).join(", ")} could not be given to it now`;
  if (!action || action.kind === "remove") return undefined;
  if (action.kind === "add") return "it would be made again";
  const job = live.find(({ id }) => id === action.id);
  const fields = action.fields.filter((field) => {
    // 2026.2.9 runs a job of an old store without a session, and takes no update of it that gives it none.
    if (field === "sessionTarget") return job?.sessionTarget !== undefined;
    // An adoption always adds the mark to the description.
    return action.kind !== "adopt" || field !== "description";
  });
  return fields.length > 0 ? `${fields.join(", ")} would change` : undefined;
}

function toDefinition(name: string, job: ReadableJob, owner: string): NamedDefinition {
  const { sessionTarget = "isolated", wakeMode = "next-heartbeat", deleteAfterRun } = job;
  const description = unmarkDescription(job.description, owner);
  const isOnce = job.schedule.kind === "at";
  const declared = omitEmpty({
    description,
    displayName: job.displayName,
    enabled: job.enabled ? undefined : false,
    ...toSchedule(job.schedule),
    ...toPayload(job.payload),
    agent: job.agentId,
    session: sessionTarget === usualSession(job.payload.kind) ? undefined : sessionTarget,
    sessionKey: job.sessionKey,
    wake: wakeMode === "now" ? undefined : wakeMode,
    // `true` is the gateway's default for one-shot jobs only.
    deleteAfterRun: deleteAfterRun === isOnce ? undefined : deleteAfterRun,
    delivery: toDelivery(job.delivery ?? deliveryOfNone(sessionTarget)),
    failureAlert: job.failureAlert,
    pacing: job.pacing,
    trigger: job.trigger,
  });
  return { name, ...declared };
}

/** Expressions such as `0 * * * *`. By default, gateways spread them over five minutes (since 2026.2.26). */
const TOP_OF_HOUR = /^(0\s+)?0\s+\S*\*/;
const DEFAULT_STAGGER_MS = 300_000;

function toSchedule(schedule: JsonObject): JsonObject {
  const { kind, expr, tz, staggerMs } = schedule;
  if (kind !== "cron") return { schedule };
  const isDefault =
    staggerMs === undefined || (staggerMs === DEFAULT_STAGGER_MS && typeof expr === "string" && TOP_OF_HOUR.test(expr));
  const { staggerMs: _, ...plain } = schedule;
  const own = isDefault ? plain : schedule;
  const flat = omitEmpty({ schedule: expr, tz });
  const isFlat = isDefault && parseDefinition({ name: "x", command: "x", ...flat }).kind === "valid";
  return isFlat ? flat : { schedule: own };
}

function toPayload(payload: JsonObject): JsonObject {
  const { kind, toolsAllow, timeoutSeconds, ...rest } = payload;
  // `["*"]` is the gateway's default (since 2026.8).
  const tools = Array.isArray(toolsAllow) && toolsAllow.length === 1 && toolsAllow[0] === "*" ? undefined : toolsAllow;
  const shared = { timeout: timeoutSeconds, tools };
  switch (kind) {
    case "command": {
      const { argv, env, ...options } = rest;
      const isEmpty = isJsonObject(env) && Object.keys(env).length === 0;
      return { ...toCommand(argv, env), ...omitEmpty({ ...options, env: isEmpty ? undefined : env, ...shared }) };
    }
    case "agentTurn":
      return omitEmpty({ ...rest, ...shared });
    case "systemEvent":
      return omitEmpty({ systemEvent: rest.text, ...shared });
    default:
      return { payload: omitEmpty({ kind, ...rest, timeoutSeconds, toolsAllow: tools }) };
  }
}

function toCommand(argv: Json | undefined, env: Json | undefined): JsonObject {
  const words = Array.isArray(argv) ? argv.map(String) : [];
  const unwrapped = unwrapRetry(words);
  const command = readShellLine(unwrapped.argv, env) ?? [...unwrapped.argv];
  return omitEmpty({ command, retry: unwrapped.retry || undefined });
}

function toDelivery(delivery: Json | undefined): Json | undefined {
  const isNone = !isJsonObject(delivery) || (delivery.mode === "none" && Object.keys(delivery).length === 1);
  return isNone ? undefined : delivery;
}

/** Drops the fields that are undefined or null: a definition cannot have them. */
function omitEmpty(fields: Record<string, Json | undefined>): JsonObject {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as JsonObject;
}

/** Lists what the export omits, with the reason, and which jobs may contain secrets; one line each. */
export function describeCaveats({ definitions, namesakes, trimmed, skipped }: ExportedJobs): string[] {
  const withEnv = definitions.filter(({ env, payload }) => env || (isJsonObject(payload) && payload.env));
  return [
    ...withEnv.map(({ name }) => `written down with its env: ${name}; take secrets out before it goes into Git`),
    ...trimmed.map(({ name, fields }) => `exported without what has no effect: ${name}: ${fields.join(", ")}`),
    ...namesakes.map(({ name, id }) => `not exported: ${name}, ${id}: another job has the same name`),
    ...skipped.map(({ name, id, reason }) => `not exported: ${name}, ${id}: ${reason}`),
  ];
}
