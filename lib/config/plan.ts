import { findChangedPaths } from "../text/changed-paths.ts";
import { findDuplicateKeys } from "../text/duplicate-keys.ts";
import type { ConfigFile } from "./config-file.ts";
import { findModeProblems, isSameMeaning, withoutMeta } from "./document.ts";
import type { ConfigState } from "./observe.ts";

export interface ConfigPolicy {
  /** The release of the gateway; undefined if none answers. */
  release: string | undefined;
  /** Whether drift may be overwritten now. */
  selfHeal: boolean;
  /** Whether the last good config may replace a live file that does not parse. Nobody edits it while a Pod starts. */
  isPodStart: boolean;
}

export type ConfigPlan =
  /** The ConfigMap is not mounted or has no openclaw.json. `lastGood` is to be restored if the live file is lost. */
  | { kind: "missing"; lastGood: ConfigFile | undefined }
  /** Observed equals desired, and a gateway has found it valid. */
  | { kind: "none"; file: ConfigFile }
  /** Observed equals desired, and no gateway has validated it yet. */
  | { kind: "validate"; file: ConfigFile }
  /** Something else has changed the live file; Git has not changed. `paths` is empty if that file does not parse. */
  | { kind: "drift"; file: ConfigFile; paths: string[] }
  /** The config would break the gateway. The live file stays until Git changes; `lastGood` restores a lost one. */
  | { kind: "reject"; file: ConfigFile; problems: string[]; lastGood: ConfigFile | undefined }
  | ConfigUpdate;

export interface ConfigUpdate {
  kind: "update";
  file: ConfigFile;
  /** The dotted paths that change. */
  paths: string[];
  warnings: string[];
  /** Whether the update reverts drift; Git has not changed. */
  isHealing: boolean;
}

/**
 * Plans what to do with the ConfigMap's openclaw.json. Pure.
 *
 * Drift stays until Git changes. A config that a gateway has rejected is not tried again until Git or the gateway's
 * release changes. Any other difference is an update, unless it would break the gateway.
 */
export function planConfig(state: ConfigState, { release, selfHeal, isPodStart }: ConfigPolicy): ConfigPlan {
  const { desired, observed, lastApplied, rejection } = state;
  const isInPlace = desired?.equals(observed) === true;
  if (isInPlace && desired.equals(state.lastGood)) return { kind: "none", file: desired };

  const live = observed?.parsed;
  const isLost = !live || (isPodStart && live.kind === "broken");
  if (!desired) return { kind: "missing", lastGood: isLost ? state.lastGood : undefined };

  // A live file that equals Git's can be replaced without losing anybody's edit.
  const lastGood = isLost || isInPlace ? state.lastGood : undefined;
  const reject = (problems: string[]): ConfigPlan => ({ kind: "reject", file: desired, problems, lastGood });
  const candidate = desired.parsed;
  if (candidate.kind === "broken") return reject([candidate.problem]);
  const isKnown = rejection?.checksum === desired.md5 && (release === undefined || release === rejection.release);
  // A running gateway validates a rejected config that is in place again. If none answers, the next one to start would
  // start with that config, so it is held back.
  const isHeldBack = isInPlace ? release === undefined && lastGood : (observed ?? lastGood);
  if (rejection && isKnown && isHeldBack) return reject(rejection.problems);
  if (isInPlace) return { kind: "validate", file: desired };

  const hasDrifted = observed !== undefined && desired.md5 === lastApplied;
  if (hasDrifted && live?.kind === "parsed" && isSameMeaning(live.value, candidate.value)) {
    return { kind: "none", file: desired };
  }
  const before = live?.kind === "parsed" ? live.value : {};
  const problems = findModeProblems(candidate.value, before);
  if (problems.length > 0) return reject(problems);
  const paths = findChangedPaths(withoutMeta(before), withoutMeta(candidate.value));
  if (hasDrifted && !selfHeal) return { kind: "drift", file: desired, paths: live?.kind === "parsed" ? paths : [] };
  const warnings = hasDrifted ? [] : [...warnOfShrinking(observed, desired), ...warnOfDuplicates(desired)];
  return { kind: "update", file: desired, paths, warnings, isHealing: hasDrifted };
}

/** A botched merge may lose half a file. OpenClaw itself refuses to write a config of less than half the size. */
function warnOfShrinking(observed: ConfigFile | undefined, { bytes }: ConfigFile): string[] {
  if (!observed || bytes.length * 2 >= observed.bytes.length) return [];
  return [
    `WARNING: Config is less than half its former size: ${observed.bytes.length} bytes before, ${bytes.length} now`,
  ];
}

function warnOfDuplicates({ bytes }: ConfigFile): string[] {
  const paths = findDuplicateKeys(new TextDecoder().decode(bytes));
  return paths.map((path) => `WARNING: Config has a key twice, and only the last one counts: ${path}`);
}
