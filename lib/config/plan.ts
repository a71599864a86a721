import { findChangedPaths } from "../text/changed-paths.ts";
import { findDuplicateKeys } from "../text/duplicate-keys.ts";
import type { ConfigFile } from "./config-file.ts";
import { findModeProblems, isSameMeaning, withoutMeta } from "./document.ts";
import type { ConfigState } from "./observe.ts";

export interface ConfigPolicy {
  /** The release of the gateway that answers; undefined where none does. */
  release: string | undefined;
  /** Whether an edit of the live file may be overwritten now. */
  selfHeal: boolean;
  /** Whether the last good config may replace a broken live file. At a Pod's start nobody is editing it. */
  isPodStart: boolean;
}

export type ConfigPlan =
  /** The ConfigMap is not mounted, or has no openclaw.json. `lastGood` replaces a live file that is lost. */
  | { kind: "missing"; lastGood: ConfigFile | undefined }
  /** The live file is what Git says, and a gateway has found it valid. */
  | { kind: "none"; file: ConfigFile }
  /** The live file is what Git says, and no gateway has validated it yet. */
  | { kind: "validate"; file: ConfigFile }
  /** Something else has changed the live file; Git has not changed. A file that no longer parses has no paths. */
  | { kind: "drift"; file: ConfigFile; paths: string[] }
  /** It would break the gateway. The live file stays until the ConfigMap changes; `lastGood` replaces one that is lost. */
  | { kind: "reject"; file: ConfigFile; problems: string[]; lastGood: ConfigFile | undefined }
  | ConfigUpdate;

export interface ConfigUpdate {
  kind: "update";
  file: ConfigFile;
  /** The dotted paths that change. */
  paths: string[];
  warnings: string[];
  /** Git has not changed: this puts back what something else has edited. */
  isHealing: boolean;
}

/**
 * Decides what to do with the ConfigMap's openclaw.json. Pure.
 *
 * An edit of the live file stays while Git stays as it is. A config that a gateway has refused is not tried again
 * before Git or the gateway's release has changed. Everything else goes in, if it will not break the gateway.
 */
export function planConfig(state: ConfigState, { release, selfHeal, isPodStart }: ConfigPolicy): ConfigPlan {
  const { desired, observed, lastApplied, rejection } = state;
  const isInPlace = desired?.equals(observed) === true;
  if (isInPlace && desired.equals(state.lastGood)) return { kind: "none", file: desired };

  const live = observed?.parsed;
  const isLost = !live || (isPodStart && live.kind === "broken");
  if (!desired) return { kind: "missing", lastGood: isLost ? state.lastGood : undefined };

  // What is in place is in Git as well, so nobody's work is lost with it.
  const lastGood = isLost || isInPlace ? state.lastGood : undefined;
  const reject = (problems: string[]): ConfigPlan => ({ kind: "reject", file: desired, problems, lastGood });
  const candidate = desired.parsed;
  if (candidate.kind === "broken") return reject([candidate.problem]);
  const isKnown = rejection?.checksum === desired.md5 && (release === undefined || release === rejection.release);
  // A config that is in place already can be validated again, but not by a gateway that still has to start with it.
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

/** A merge gone wrong leaves half a file; OpenClaw itself refuses to write one of less than half the size. */
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
