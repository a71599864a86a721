import { findDuplicateKeys } from "../text/duplicate-keys.ts";
import { findModeProblems, findTokenProblems } from "./document.ts";
import type { Generation } from "./generation.ts";
import type { ConfigState } from "./observe.ts";
import type { Rejection } from "./record.ts";
import type { KnownRejection } from "./rejections.ts";
import { type Target, type TargetPolicy, chooseTarget, differences, mergeInto } from "./target.ts";

export interface ConfigPolicy extends TargetPolicy {
  /** The gateway that answers; undefined if none does. */
  gateway: GatewayIdentity | undefined;
  /** The live files that this gateway has found valid; undefined if it was not asked. */
  validated?: Generation | undefined;
  /** Whether this container has the gateway's token. */
  hasToken?: boolean;
}

/** Tells one gateway process from another. */
export interface GatewayIdentity {
  release: string;
  /** When its process started, in milliseconds since 1970; undefined if it does not tell. */
  processStartedMs: number | undefined;
}

export type ConfigPlan =
  /** The ConfigMap is not mounted or has no openclaw.json. `lastGood` is to be restored if the live file is lost. */
  | { kind: "missing"; lastGood: Generation | undefined }
  /** The live files are what they should be, and a gateway runs with them. */
  | { kind: "none"; desired: Generation; target: Target }
  /**
   * The live files are what they should be, and no gateway has validated them yet. `isFallback`: Git's own were refused,
   * and these have all of Git's that the gateway takes.
   */
  | { kind: "validate"; desired: Generation; target: Target; isFallback?: true }
  /** Something else has changed what Git declares; Git has not changed. */
  | { kind: "drift"; desired: Generation; target: Target; paths: string[] }
  /**
   * The config would break the gateway. The live files stay until Git changes; `lastGood` restores lost ones. `source`:
   * who says so, if it is not our own check.
   */
  | {
      kind: "reject";
      desired: Generation;
      problems: string[];
      lastGood: Generation | undefined;
      source: KnownRejection["source"] | undefined;
    }
  | ConfigUpdate;

export interface ConfigUpdate {
  kind: "update";
  desired: Generation;
  target: Target;
  /** The dotted paths that change. */
  paths: string[];
  warnings: string[];
  /** Whether the update reverts drift; Git has not changed. */
  isHealing: boolean;
  /**
   * What to deliver if the gateway refuses the target: Git's changes since the last record, on the live files. It knows
   * of keys that OpenClaw has migrated. Undefined if there is no such record, or if it would be the same.
   */
  fallback: Target | undefined;
}

/** How far two readings of the start of the same process may be apart, in milliseconds. */
const START_TOLERANCE_MS = 5_000;

/**
 * Plans what to do with the ConfigMap's config. Pure.
 *
 * Drift stays until Git changes the same path. A generation that a gateway has rejected is not tried again until one of
 * its files changes or another gateway process runs. Any other difference is an update, unless it would break the
 * gateway.
 */
export function planConfig(state: ConfigState, policy: ConfigPolicy): ConfigPlan {
  const { desired, observed, rejection } = state;
  const isLost = !observed || (policy.isPodStart && observed.resolved.kind === "broken");
  if (!desired) return { kind: "missing", lastGood: isLost ? findGood(state) : undefined };

  const target = chooseTarget(state, desired, policy);
  const isInPlace = target.live.equals(observed);
  // The record counts only while there is no gateway to ask.
  const isValidated = target.live.equals(policy.gateway ? policy.validated : state.lastGood);
  const isGit = desired.equals(observed);
  if (isGit && isInPlace && isValidated) return { kind: "none", desired, target }; // nothing has been parsed so far
  // Live files that equal the target can be replaced without losing anybody's edit.
  const lastGood = isLost || isInPlace ? findGood(state) : undefined;
  const reject = (problems: readonly string[], source?: KnownRejection["source"]): ConfigPlan => {
    return { kind: "reject", desired, problems: [...problems], lastGood, source };
  };
  if (desired.problems.length > 0) return reject(desired.problems);
  const isGitApplied = desired.md5 === state.lastApplied;
  const hasDrifted = isGitApplied && (target.drift.length > 0 || observed?.resolved.kind === "broken");
  if (hasDrifted && !policy.selfHeal) return { kind: "drift", desired, target, paths: target.drift };
  const isDelivered = isGit || (isGitApplied && !hasDrifted);
  const problems = isDelivered ? [] : findStartProblems(desired, target.live, observed, policy);
  if (problems.length > 0) return reject(problems);
  if (isInPlace && isValidated) return { kind: "none", desired, target };

  // A running gateway validates a rejected config that is in place again. If none answers, the next one to start would
  // start with that config, so it is held back.
  const isHeldBack = isInPlace ? policy.gateway === undefined && lastGood : (observed ?? lastGood);
  if (rejection && isHeldBack && isKnown(rejection, desired, policy.gateway)) {
    const merged = policy.gateway && findFallback(state, desired, policy, target);
    // Nothing is to be written: Git asks for no more than what the gateway has made of it.
    if (merged?.live.equals(observed)) return { kind: "validate", desired, target: merged, isFallback: true };
    return reject(rejection.problems, rejection.source);
  }
  if (isInPlace) return { kind: "validate", desired, target };

  const paths = differences(observed, target.live).map(({ path }) => path);
  // Only the formatting or OpenClaw's own stamp differs.
  if (policy.mode === "replace" && isGitApplied && observed && paths.length === 0)
    return { kind: "none", desired, target };
  const warnings = hasDrifted ? [] : [...warnOfShrinking(state, desired), ...warnOfDuplicates(desired)];
  return {
    kind: "update",
    desired,
    target,
    paths,
    warnings,
    isHealing: hasDrifted,
    fallback: findFallback(state, desired, policy, target),
  };
}

/**
 * Finds what a gateway would not start with. Git has to say `gateway.mode` itself, whatever a merge would keep: at the
 * next start of the Pod, nothing is merged.
 */
function findStartProblems(
  desired: Generation,
  target: Generation,
  observed: Generation | undefined,
  { gateway, hasToken = false }: ConfigPolicy,
): string[] {
  if (desired.isPartial) return [];
  const live = observed?.value ?? {};
  const problems = findModeProblems(desired.value, live);
  if (problems.length > 0 || !gateway) return problems;
  return findTokenProblems(target.value, live, hasToken);
}

/** The last good files, if OpenClaw can read them: something else may have written the record. */
function findGood({ lastGood }: ConfigState): Generation | undefined {
  return lastGood?.resolved.kind === "parsed" ? lastGood : undefined;
}

/** "Tried again": once per gateway process. Without a gateway to ask, a known rejection holds. */
function isKnown(rejection: Rejection, desired: Generation, gateway: GatewayIdentity | undefined): boolean {
  if (rejection.checksum !== desired.verdictKey) return false;
  if (!gateway) return true;
  const { startedMs, release } = rejection;
  if (startedMs === undefined || gateway.processStartedMs === undefined) return release === gateway.release;
  return Math.abs(startedMs - gateway.processStartedMs) < START_TOLERANCE_MS && release === gateway.release;
}

/**
 * Merges Git's changes into the files that last worked, or into the live ones. The records may not be ours, so they are
 * used only where a gateway refuses Git's keys, and validated by it.
 */
function findFallback(
  state: ConfigState,
  desired: Generation,
  policy: ConfigPolicy,
  target: Target,
): Target | undefined {
  const { applied, lastApplied, lastGood, observed } = state;
  if (policy.mode === "replace" || policy.isPodStart) return undefined;
  const [base, found] = target.isRestored ? [state.lastGoodBase ?? lastGood, lastGood] : [applied, observed];
  const isUseful = target.isRestored || applied?.md5 !== lastApplied;
  if (!isUseful || !base || found?.resolved.kind !== "parsed") return undefined;
  const merged = mergeInto(found, base, desired);
  return merged.live.isTooLarge || merged.live.equals(target.live) ? undefined : merged;
}

/** A botched merge may lose half a file. OpenClaw itself refuses to write a config of less than half the size. */
function warnOfShrinking({ applied, observed }: ConfigState, desired: Generation): string[] {
  const before = (applied ?? observed)?.root.bytes.length ?? 0;
  const now = desired.root.bytes.length;
  if (now * 2 >= before || desired.hasIncludes) return [];
  return [`WARNING: Config is less than half its former size: ${before} bytes before, ${now} now`];
}

function warnOfDuplicates({ root, includes }: Generation): string[] {
  return [root, ...includes.values()].flatMap(({ bytes }) =>
    findDuplicateKeys(new TextDecoder().decode(bytes)).map(
      (path) => `WARNING: Config has a key twice, and only the last one counts: ${path}`,
    ),
  );
}
