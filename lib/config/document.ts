import { type JsonObject, isJsonObject } from "../json.ts";
import { type ParsedDocument, parseDocument } from "../text/document.ts";

export type ParsedConfig = { kind: "parsed"; value: JsonObject } | { kind: "broken"; problem: string };

/** Parses a config: a document with an object at the top. */
export function parseConfig(bytes: Uint8Array): ParsedConfig {
  return toConfig(parseDocument(bytes));
}

export function toConfig(document: ParsedDocument): ParsedConfig {
  if (document.kind === "broken") return document;
  const { value } = document;
  return isJsonObject(value) ? { kind: "parsed", value } : { kind: "broken", problem: "expected an object at the top" };
}

const MODE_PROBLEMS = {
  missing: "gateway.mode is missing; the live file has it, and OpenClaw does not start without",
  other: "gateway.mode is not the live file's; OpenClaw does not start as a gateway with another one",
} as const;

/** Finds a `gateway.mode` with which OpenClaw would refuse to start. See {@link findModeFault}. */
export function findModeProblems(candidate: JsonObject, live: JsonObject): string[] {
  const fault = findModeFault(candidate, live);
  return fault === undefined ? [] : [MODE_PROBLEMS[fault]];
}

/**
 * Finds what is wrong with the candidate's `gateway.mode`, where the live config has one: none, or another one. A
 * running gateway takes `remote`, and its next start is blocked. A candidate with an `$include` may get the mode from
 * the included file, and a variable may hold any, so both pass; so does `local`, with which every gateway starts.
 */
export function findModeFault(candidate: JsonObject, live: JsonObject): keyof typeof MODE_PROBLEMS | undefined {
  const [mode, liveMode] = [readMode(candidate), readMode(live)];
  if (liveMode === undefined) return undefined;
  if (mode === undefined) return mayInclude(candidate) ? undefined : "missing";
  const isVariable = mode.includes("${") || liveMode.includes("${");
  return mode === liveMode || mode === "local" || isVariable ? undefined : "other";
}

/**
 * Finds a `gateway.auth.token` that the live config has and the candidate takes out, where the gateway may get it from
 * nowhere else: 2026.2.9 ends, 2026.8.2 makes up a token that nobody knows, 2026.9.6 cannot apply the config.
 *
 * @param hasToken whether this container has the gateway's token: the gateway's own then most likely has it too
 */
export function findTokenProblems(candidate: JsonObject, live: JsonObject, hasToken: boolean): string[] {
  const [auth, liveAuth] = [readAuth(candidate), readAuth(live)];
  const needsToken = auth.mode === undefined || auth.mode === "token";
  const isTakenOut = !auth.token && !auth.password && Boolean(liveAuth.token);
  if (hasToken || !needsToken || !isTakenOut || mayInclude(candidate)) return [];
  return ["gateway.auth.token is taken out, and OPENCLAW_GATEWAY_TOKEN is not set in this container"];
}

function readAuth({ gateway }: JsonObject): JsonObject {
  return isJsonObject(gateway) && isJsonObject(gateway.auth) ? gateway.auth : {};
}

function mayInclude(config: JsonObject): boolean {
  return "$include" in config || (isJsonObject(config.gateway) && "$include" in config.gateway);
}

/** Returns `gateway.mode`; undefined if it is no text, or empty. */
function readMode({ gateway }: JsonObject): string | undefined {
  return isJsonObject(gateway) && typeof gateway.mode === "string" && gateway.mode !== "" ? gateway.mode : undefined;
}

/** Returns `gateway.reload.mode` if it is a string. */
export function readReloadMode(config: JsonObject): string | undefined {
  const reload = isJsonObject(config.gateway) ? config.gateway.reload : undefined;
  return isJsonObject(reload) && typeof reload.mode === "string" ? reload.mode : undefined;
}

/** Returns the config without `meta`, which OpenClaw stamps into its own file. */
export function withoutMeta(config: JsonObject): JsonObject {
  const { meta: _, ...rest } = config;
  return rest;
}
