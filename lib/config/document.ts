import { isDeepStrictEqual } from "node:util";
import { describeError } from "../errors.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { parseJson5 } from "../text/json5.ts";

export type ParsedConfig = { kind: "parsed"; value: JsonObject } | { kind: "broken"; problem: string };

/** Deeper than any real config, and shallow enough that a comparison is fast and does not overflow the stack. */
const MAX_DEPTH = 200;

/** Parses a config as OpenClaw does: JSON5, an object at the top. The problem quotes at most one character of it. */
export function parseConfig(bytes: Uint8Array): ParsedConfig {
  let value: Json;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (text.trim() === "") return { kind: "broken", problem: "the file is empty" };
    value = parseJson5(text);
  } catch (error) {
    const problem = error instanceof SyntaxError ? describeError(error).replace(/^JSON5: /, "") : "not UTF-8 text";
    return { kind: "broken", problem };
  }
  if (!isJsonObject(value)) return { kind: "broken", problem: "expected an object at the top" };
  if (isDeeperThan(value, MAX_DEPTH)) return { kind: "broken", problem: "nested too deeply" };
  return { kind: "parsed", value };
}

function isDeeperThan(value: Json, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(inner, depth - 1));
}

/**
 * Finds a `gateway.mode` that the candidate lacks and the live config has: OpenClaw would refuse to start. A candidate
 * with an `$include` may get it from the included file, so it passes.
 */
export function findModeProblems(candidate: JsonObject, live: JsonObject): string[] {
  if (!hasMode(live.gateway) || "$include" in candidate || hasMode(candidate.gateway)) return [];
  if (isJsonObject(candidate.gateway) && "$include" in candidate.gateway) return [];
  return ["gateway.mode is missing; the live file has it, and OpenClaw does not start without"];
}

function hasMode(gateway: Json | undefined): boolean {
  return isJsonObject(gateway) && typeof gateway.mode === "string" && gateway.mode !== "";
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

/** Returns whether two configs have the same values, whatever their formatting and `meta`. */
export function isSameMeaning(one: JsonObject, other: JsonObject): boolean {
  return isDeepStrictEqual(withoutMeta(one), withoutMeta(other));
}
