import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { computeChecksum, readChecksum } from "../files/checksum.ts";
import { findChangedPaths } from "../text/changed-paths.ts";
import { findModeProblems, isSameMeaning, parseConfig, withoutMeta } from "./document.ts";
import { type ConfigRecord, readConfigRecord } from "./record.ts";
import { findDuplicateKeys } from "../text/duplicate-keys.ts";
import { ManagerError, describeError, systemCode } from "../errors.ts";
import { readVolume } from "../files/volume.ts";

const CONFIG_FILE = "openclaw.json";

/** What is wanted, what is there, and what is known of both. */
export interface ConfigState extends ConfigRecord {
  /** The ConfigMap's bytes; undefined when it has none. */
  desired: Uint8Array | undefined;
  /** The live file's bytes; undefined when there is no regular file. */
  observed: Uint8Array | undefined;
  /** Checksum of what was last applied; undefined in a new container. */
  lastApplied: string | undefined;
}

export interface ConfigPolicy {
  /** The release of the gateway that answers; undefined where none does. */
  release: string | undefined;
  /** Whether an edit of the live file may be overwritten now. */
  selfHeal: boolean;
  /** Whether a live file that is broken may be overwritten by the last good one. Nobody can be at work on it then. */
  isPodStart: boolean;
}

export type ConfigPlan =
  /** The ConfigMap is not mounted, or has no openclaw.json: there is nothing to follow. */
  | { kind: "missing"; lastGood: Uint8Array | undefined }
  | { kind: "none"; checksum: string; bytes: Uint8Array }
  /** What is wanted is there, but no gateway has said yet that it is valid. */
  | { kind: "validate"; checksum: string; bytes: Uint8Array }
  /** Something else has changed the live file since; Git has not changed. The paths may be empty: a broken file has none. */
  | { kind: "drift"; checksum: string; paths: string[] }
  /** It would break the gateway. The live file stays until the ConfigMap changes; `lastGood` is for one that is lost. */
  | { kind: "reject"; checksum: string; problems: string[]; lastGood: Uint8Array | undefined }
  | ConfigUpdate;

export interface ConfigUpdate {
  kind: "update";
  checksum: string;
  bytes: Uint8Array;
  paths: string[];
  warnings: string[];
  /** Git has not changed: this puts back what something else has edited. */
  isHealing: boolean;
}

/** @throws {ManagerError} `file` when something is there and cannot be read. */
export async function observeConfig(places: {
  configDir: string;
  pvcConfig: string;
  checksumDir: string;
}): Promise<ConfigState> {
  const [source, observed, lastApplied, record] = await Promise.all([
    readVolume(places.configDir, (name) => name === CONFIG_FILE),
    readLiveFile(places.pvcConfig),
    readChecksum(places.checksumDir, "config"),
    readConfigRecord(places.pvcConfig),
  ]);
  return { desired: source?.[0]?.bytes, observed, lastApplied, ...record };
}

/**
 * Decides what to do with the ConfigMap's openclaw.json. Pure.
 *
 * An edit of the live file is not fought while Git stays as it is. What a gateway has refused is not tried
 * again before Git or the gateway's release has changed. Everything else goes in, if it will not break the
 * gateway.
 */
export function planConfig(state: ConfigState, { release, selfHeal, isPodStart }: ConfigPolicy): ConfigPlan {
  const { desired, observed, lastApplied, rejection } = state;
  const checksum = computeChecksum(desired);
  const isInPlace = desired !== undefined && observed !== undefined && checksum === computeChecksum(observed);
  const isValidated = checksum === computeChecksum(state.lastGood);
  if (isInPlace && isValidated) return { kind: "none", checksum, bytes: desired };

  const live = observed ? parseConfig(observed) : undefined;
  const isLost = !live || (isPodStart && live.kind === "broken");
  if (!desired) return { kind: "missing", lastGood: isLost ? state.lastGood : undefined };

  // What is in place is in Git as well: nobody's work is lost with it.
  const lastGood = isLost || isInPlace ? state.lastGood : undefined;
  const reject = (problems: string[]): ConfigPlan => ({ kind: "reject", checksum, problems, lastGood });
  const candidate = parseConfig(desired);
  if (candidate.kind === "broken") return reject([candidate.problem]);
  const isKnown = rejection?.checksum === checksum && (release === undefined || release === rejection.release);
  // In place already, it can be judged again; but not by a gateway that still has to start with it.
  const isHeldBack = isInPlace ? release === undefined && lastGood : (observed ?? lastGood);
  if (rejection && isKnown && isHeldBack) return reject(rejection.problems);
  if (isInPlace) return { kind: "validate", checksum, bytes: desired };

  const hasDrifted = observed !== undefined && checksum === lastApplied;
  if (hasDrifted && live?.kind === "parsed" && isSameMeaning(live.value, candidate.value)) {
    return { kind: "none", checksum, bytes: desired };
  }
  const before = live?.kind === "parsed" ? live.value : {};
  const problems = findModeProblems(candidate.value, before);
  if (problems.length > 0) return reject(problems);
  const paths = findChangedPaths(withoutMeta(before), withoutMeta(candidate.value));
  if (hasDrifted && !selfHeal) return { kind: "drift", checksum, paths: live?.kind === "parsed" ? paths : [] };
  const warnings = hasDrifted ? [] : [...warnOfShrinking(observed, desired), ...warnOfDuplicates(desired)];
  return { kind: "update", checksum, bytes: desired, paths, warnings, isHealing: hasDrifted };
}

/** Half a file is what a merge gone wrong leaves; OpenClaw itself refuses such writes of its own. */
function warnOfShrinking(observed: Uint8Array | undefined, desired: Uint8Array): string[] {
  if (!observed || desired.length * 2 >= observed.length) return [];
  return [`WARNING: Config is less than half its former size: ${observed.length} bytes before, ${desired.length} now`];
}

function warnOfDuplicates(desired: Uint8Array): string[] {
  const paths = findDuplicateKeys(new TextDecoder().decode(desired));
  return paths.map((path) => `WARNING: Config has a key twice, and only the last one counts: ${path}`);
}

/** Whether the live file is one that OpenClaw could read. */
export function isUsable(live: Uint8Array | undefined): boolean {
  return live !== undefined && parseConfig(live).kind === "parsed";
}

/** A WARNING for each problem. `isLive`: it is in place already, for want of another. */
export function describeRejection(pvcConfig: string, problems: readonly string[], isLive = false): string[] {
  const outcome = isLive ? "no earlier one is known to put back" : `${pvcConfig} stays as it is`;
  return problems.map((problem) => `WARNING: Config rejected, ${outcome}: ${problem}`);
}

/** How many paths a single line names. */
const MAX_PATHS_IN_LINE = 10;

/** One WARNING, without values. */
export function describeDrift(pvcConfig: string, paths: readonly string[], selfHeal: boolean): string {
  const named = paths.slice(0, MAX_PATHS_IN_LINE).join(", ") || "it is no longer JSON5";
  const more = paths.length > MAX_PATHS_IN_LINE ? ` and ${paths.length - MAX_PATHS_IN_LINE} more` : "";
  const advice = selfHeal
    ? "--self-heal puts it back, at most once a minute"
    : "it stays so until the ConfigMap changes; --self-heal would put it back";
  return `WARNING: Config drift: ${pvcConfig} was changed by something else: ${named}${more} (${advice})`;
}

/** Undefined where there is no regular file.
 *
 * @throws {ManagerError} `file` when one is there and cannot be read. */
export async function readLiveFile(path: string): Promise<Uint8Array | undefined> {
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
