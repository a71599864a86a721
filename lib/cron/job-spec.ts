import type { Definition } from "../definition/definition.ts";
import { readMoment } from "../definition/moment.ts";
import type { Features } from "../gateway/features.ts";
import type { JobSpec } from "../gateway/job.ts";
import type { Json } from "../json.ts";
import { toCommandPayload, toShellArgv } from "./command.ts";

type Payload = JobSpec["payload"];

/**
 * Translates a definition into the desired job of a gateway with these features.
 *
 * Defaults: a command or an agent turn runs in an isolated session and a system event in the main one, as soon as it is
 * due; nothing is delivered. If the gateway has no command payloads, a command becomes an agent turn that asks for the
 * command ({@link isCommandAsTurn}).
 */
export function toJobSpec(definition: Definition, features: Features): JobSpec {
  const payload = toPayload(definition, features);
  const session = definition.session ?? definition.sessionTarget;
  const sessionTarget = session ?? usualSession(payload.kind);
  const delivery = toDelivery(definition.delivery);
  return {
    ...pick(definition, ["name", "displayName", "sessionKey", "enabled", "deleteAfterRun"]),
    ...pick(definition, ["failureAlert", "pacing", "trigger"]),
    ...defined({
      description: definition.description?.trim() || undefined,
      agentId: declaredAgent(definition),
    }),
    wakeMode: definition.wake ?? definition.wakeMode ?? "now",
    name: definition.name,
    schedule: toSchedule(definition),
    sessionTarget,
    payload,
    // The main session drops the other fields of a delivery with mode `none`.
    delivery: sessionTarget === "main" && delivery.mode === "none" ? { mode: "none" } : delivery,
  };
}

/** Returns the agent that a definition names, in either spelling; undefined if it names none. */
export function declaredAgent({ agent, agentId }: Definition): string | undefined {
  return agent ?? agentId;
}

/** Returns the default session of a payload kind. */
export function usualSession(payloadKind: Json): string {
  return payloadKind === "systemEvent" ? "main" : "isolated";
}

/** Returns whether a declared command becomes an agent turn, which costs model tokens, on this gateway. */
export function isCommandAsTurn(definition: Definition, features: Features): boolean {
  if (features.commandPayload) return false;
  return toPayload(definition, { ...features, commandPayload: true }).kind === "command";
}

function toSchedule({ schedule, tz }: Definition): JobSpec["schedule"] {
  if (typeof schedule === "string") return { kind: "cron", expr: schedule, ...defined({ tz }) };
  // The gateway stores times in this form, without a zone; the same instant in another zone is no difference.
  if (schedule.kind === "at") {
    return { kind: "at", at: new Date(readMoment(schedule.at, schedule.tz ?? tz) ?? 0).toISOString() };
  }
  return { ...schedule };
}

function toDelivery(delivery: Definition["delivery"]): JobSpec["delivery"] {
  if (!delivery) return { mode: "none" };
  const { failureDestination: destination, threadId, ...rest } = delivery;
  return {
    ...withChannel(rest),
    ...defined({ threadId: typeof threadId === "string" ? threadId.trim() : threadId }),
    ...(destination ? { failureDestination: withChannel(destination) } : {}),
  };
}

/** Gateways store the channel of a delivery in lower case. They do not change the channel of an alert. */
function withChannel<T extends { channel?: string }>(route: T): T {
  return route.channel === undefined ? route : { ...route, channel: route.channel.toLowerCase() };
}

/** Sets the gateway's defaults (since 2026.8), so that a limit returns to its default if a definition drops it. */
function withLimits(script: Payload & { timeoutSeconds?: number; toolBudget?: number }): Payload {
  return { ...script, timeoutSeconds: script.timeoutSeconds ?? 300, toolBudget: script.toolBudget ?? 50 };
}

/** Trims the items of lists, as newer gateways do. */
function toPayload(definition: Definition, features: Features): Payload {
  const payload = toRawPayload(definition, features);
  const { fallbacks, toolsAllow } = payload;
  if (fallbacks === undefined && toolsAllow === undefined) return payload;
  return { ...payload, ...defined({ fallbacks: trimItems(fallbacks), toolsAllow: trimItems(toolsAllow) }) };
}

function trimItems(items: Json | undefined): Json | undefined {
  return Array.isArray(items) ? items.map((item) => (typeof item === "string" ? item.trim() : item)) : items;
}

function toRawPayload(definition: Definition, features: Features): Payload {
  const own = definition.payload;
  if (own?.kind === "command") return toCommandPayload(own, undefined, features);
  if (own?.kind === "script") return withLimits(own);
  if (own) return own;

  const timeoutSeconds = definition.timeout ?? definition.timeoutSeconds;
  const shared = defined({ timeoutSeconds, toolsAllow: definition.tools ?? definition.toolsAllow });
  if (definition.systemEvent !== undefined) {
    return { kind: "systemEvent", text: definition.systemEvent, ...shared };
  }
  if (definition.message !== undefined) {
    const options = pick(definition, ["model", "fallbacks", "thinking", "lightContext", "allowUnsafeExternalContent"]);
    return { kind: "agentTurn", message: definition.message, ...options, ...shared };
  }
  const command = definition.command ?? [];
  const argv = typeof command === "string" ? toShellArgv(command, definition.env) : command;
  const options = pick(definition, ["cwd", "env", "input", "noOutputTimeoutSeconds", "outputMaxBytes"]);
  return toCommandPayload({ kind: "command", argv, ...options, ...shared }, definition.retry, features);
}

function pick<T extends object, K extends keyof T>(source: T, keys: readonly K[]): { [P in K]?: NonNullable<T[P]> } {
  const picked: { [P in K]?: NonNullable<T[P]> } = {};
  for (const key of keys) {
    const value = source[key];
    if (value !== undefined) picked[key] = value as NonNullable<T[K]>;
  }
  return picked;
}

/** Drops undefined fields, so that jobs compare equal to what the gateway returns. */
function defined<T extends object>(fields: T): { [P in keyof T]?: NonNullable<T[P]> } {
  return pick(fields, Object.keys(fields) as (keyof T)[]);
}
