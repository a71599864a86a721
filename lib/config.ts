import { constants } from "node:fs";
import { open } from "node:fs/promises";
import JSON5 from "json5";
import { computeChecksum, readChecksum } from "./checksum.ts";
import { findChangedPaths } from "./changed-paths.ts";
import { ManagerError, describeError, systemCode } from "./errors.ts";
import { type Json, type JsonObject, isJsonObject } from "./json.ts";
import { readVolume } from "./volume.ts";

const CONFIG_FILE = "openclaw.json";

/** What is wanted, what is there, and what was last done about it. */
export interface ConfigState {
  /** The ConfigMap's bytes; undefined when it has none. */
  desired: Uint8Array | undefined;
  /** The live file's bytes; undefined when there is no regular file. */
  observed: Uint8Array | undefined;
  /** Checksum of what was last applied; undefined in a new container. */
  lastApplied: string | undefined;
}

export type ConfigPlan =
  /** The ConfigMap is not mounted, or has no openclaw.json: there is nothing to follow. */
  | { kind: "missing" }
  | { kind: "none"; checksum: string }
  /** It would break the gateway. The live file stays until the ConfigMap changes. */
  | { kind: "reject"; checksum: string; problems: string[] }
  | { kind: "update"; checksum: string; bytes: Uint8Array; paths: string[] };

/** @throws {ManagerError} `file` when something is there and cannot be read. */
export async function observeConfig(places: {
  configDir: string;
  pvcConfig: string;
  checksumDir: string;
}): Promise<ConfigState> {
  const [source, observed, lastApplied] = await Promise.all([
    readVolume(places.configDir, (name) => name === CONFIG_FILE),
    readLiveFile(places.pvcConfig),
    readChecksum(places.checksumDir, "config"),
  ]);
  return { desired: source?.[0]?.bytes, observed, lastApplied };
}

/**
 * Decides what to do with the ConfigMap's openclaw.json. Pure.
 *
 * Nothing when it is what was last applied, so that a live edit is not fought; everything else goes in,
 * if it will not break the gateway.
 */
export function planConfig({ desired, observed, lastApplied }: ConfigState): ConfigPlan {
  if (!desired) return { kind: "missing" };
  const checksum = computeChecksum(desired);
  if (observed && (checksum === lastApplied || checksum === computeChecksum(observed))) {
    return { kind: "none", checksum };
  }
  const candidate = parseConfig(desired);
  if (candidate.kind === "broken") return { kind: "reject", checksum, problems: [candidate.problem] };
  const live = observed ? parseConfig(observed) : undefined;
  const before = live?.kind === "parsed" ? live.value : {};
  const problems = checkMode(candidate.value, before);
  if (problems.length > 0) return { kind: "reject", checksum, problems };
  try {
    return { kind: "update", checksum, bytes: desired, paths: findChangedPaths(before, candidate.value) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { kind: "reject", checksum, problems: ["nested too deeply"] }; // the stack's end
  }
}

/** A WARNING for each problem. */
export function describeRejection(pvcConfig: string, problems: readonly string[]): string[] {
  return problems.map((problem) => `WARNING: Config rejected, ${pvcConfig} stays as it is: ${problem}`);
}

type ParsedConfig = { kind: "parsed"; value: JsonObject } | { kind: "broken"; problem: string };

/** As OpenClaw reads it: JSON5, an object at the top. The problem quotes nothing of the file but a character. */
function parseConfig(bytes: Uint8Array): ParsedConfig {
  let value: Json;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (text.trim() === "") return { kind: "broken", problem: "the file is empty" };
    value = JSON5.parse<Json>(text);
  } catch (error) {
    const problem = error instanceof SyntaxError ? describeError(error).replace(/^JSON5: /, "") : "not UTF-8 text";
    return { kind: "broken", problem };
  }
  if (isJsonObject(value)) return { kind: "parsed", value };
  return { kind: "broken", problem: "expected an object at the top" };
}

/** OpenClaw refuses to start without `gateway.mode`, once it has one. An `$include` may bring it in. */
function checkMode(candidate: JsonObject, live: JsonObject): string[] {
  if (!hasMode(live.gateway) || "$include" in candidate || hasMode(candidate.gateway)) return [];
  if (isJsonObject(candidate.gateway) && "$include" in candidate.gateway) return [];
  return ["gateway.mode is missing; the live file has it, and OpenClaw does not start without"];
}

function hasMode(gateway: Json | undefined): boolean {
  return isJsonObject(gateway) && typeof gateway.mode === "string" && gateway.mode !== "";
}

async function readLiveFile(path: string): Promise<Uint8Array | undefined> {
  try {
    // A symbolic link is not followed: it is not the live file, and writing will say so.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (["ENOENT", "ELOOP", "EISDIR", "ENOTDIR"].includes(code)) return undefined;
    throw new ManagerError("file", `cannot read ${path}: ${code || describeError(error)}`, { cause: error });
  }
}
