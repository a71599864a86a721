import type { GatewayStart } from "../gateway/config-calls.ts";
import { type PathDifference, findDifferences } from "../text/changed-paths.ts";
import type { ConfigFile } from "./config-file.ts";
import { withoutMeta } from "./document.ts";
import type { Generation } from "./generation.ts";
import { healGeneration, mergeGenerations } from "./merge.ts";
import type { ConfigState } from "./observe.ts";

/** How Git's change is delivered, see `--config-mode`. */
export type ConfigMode = "auto" | "merge" | "replace";

export interface TargetPolicy {
  mode: ConfigMode;
  selfHeal: boolean;
  isPodStart: boolean;
  /** Undefined if no gateway answers. */
  start: GatewayStart | undefined;
  /** The live files as they were before that start; undefined if this process did not see them. */
  before: Generation | undefined;
}

/** What the live files should be. */
export interface Target {
  live: Generation;
  /** `merged`: something else has changed the live files, and this is kept. */
  mode: "verbatim" | "merged";
  /** The live files that count as in sync afterwards. Differs from `live` at the paths of `drift`. */
  accepted: Generation;
  /** Included files that were delivered before and are no longer included, as they were delivered. */
  dropped: ReadonlyMap<string, ConfigFile>;
  /** The paths that Git declares and something else has changed. They stay unless drift is healed or Git changes them. */
  drift: string[];
  /** The paths at which the live files differ from Git's and that are left alone. */
  notInGit: string[];
  /** Those of `notInGit` that Git has and the live files have not: OpenClaw has migrated them. */
  migrated: string[];
  /** The paths that the gateway has changed at its start, and that no record has yet. */
  changedAtStart: string[];
  /** Whether the gateway has put an older config of its own back at its start, in place of what was delivered. */
  isRestored: boolean;
}

/**
 * How far a write and its backup may be apart, in milliseconds. Measured on 2026.2.9 and 2026.9.6: less than one, but 331
 * in one of 24 starts on a busy machine, which stops a starting gateway between the two.
 */
const BACKUP_SLACK_MS = 1_000;

/**
 * Computes the target of the next delivery. Pure.
 *
 * Git's bytes, if nobody has touched the live files since they were delivered, at the start of a Pod, or in the mode
 * `replace`. Else a three-way merge: only what Git has changed is changed.
 */
export function chooseTarget(state: ConfigState, desired: Generation, policy: TargetPolicy): Target {
  const { observed } = state;
  const known = learn(state, desired, policy);
  const { base, accepted, changedAtStart } = known;
  const isByMode = policy.mode === "replace" || (policy.isPodStart && policy.mode === "auto");
  const isUntouched = observed?.equals(desired) || (base && observed?.equals(base)); // before parsing it
  if (isByMode || isUntouched || known.isRestored || observed?.resolved.kind !== "parsed")
    return toVerbatim(desired, known, state, policy);
  const healed = base && accepted ? healGeneration(accepted, base, observed) : observed;
  const isUnchanged = desired.equals(base);
  const kept = isUnchanged ? observed : mergeGenerations(base, desired, observed);
  const clean = isUnchanged ? healed : mergeGenerations(base, desired, healed);
  const live = policy.selfHeal ? clean : kept;
  if (live.isTooLarge) return toVerbatim(desired, known, state, policy); // nobody could read it again, nor mend it
  const apart = toApart(desired, clean);
  return {
    ...apart,
    live,
    mode: differences(desired, live).length === 0 ? "verbatim" : "merged",
    dropped: findDropped(known, state, live),
    accepted: !base || !accepted ? live : isUnchanged ? accepted : mergeGenerations(base, desired, accepted),
    drift: differences(kept, clean).map(({ path }) => path),
    changedAtStart,
    isRestored: false,
  };
}

/** The target that keeps what these files have, and changes what differs between `base` and `desired`. */
export function mergeInto(found: Generation, base: Generation, desired: Generation): Target {
  const live = mergeGenerations(base, desired, found);
  return {
    ...toApart(desired, live),
    live,
    mode: "merged",
    dropped: new Map(),
    accepted: live,
    drift: [],
    changedAtStart: [],
    isRestored: false,
  };
}

/** Lists where files that are left alone differ from Git's. */
function toApart(desired: Generation, live: Generation): Pick<Target, "notInGit" | "migrated"> {
  const apart = differences(desired, live);
  return {
    notInGit: apart.map(({ path }) => path),
    migrated: apart.filter(({ kind }) => kind === "removed").map(({ path }) => path),
  };
}

function toVerbatim(desired: Generation, known: Known, state: ConfigState, { mode }: TargetPolicy): Target {
  const { observed, lastApplied } = state;
  const isDrift = mode === "replace" && desired.md5 === lastApplied && observed?.resolved.kind === "parsed";
  return {
    live: desired,
    mode: "verbatim",
    accepted: desired,
    dropped: findDropped(known, state, desired),
    drift: isDrift ? differences(observed, desired).map(({ path }) => path) : [],
    notInGit: [],
    migrated: [],
    changedAtStart: mode === "replace" ? [] : known.changedAtStart,
    isRestored: known.isRestored,
  };
}

/** What the record on the volume names may be removed: only files that are still as they are in it are. */
function findDropped(
  { accepted }: Known,
  { applied, desired }: ConfigState,
  live: Generation,
): Map<string, ConfigFile> {
  const delivered = accepted ?? applied;
  const isDropped = (name: string) => !live.includes.has(name) && !desired?.includes.has(name);
  return new Map([...(delivered?.includes ?? [])].filter(([name]) => isDropped(name)));
}

interface Known {
  /** What Git said when it was last applied; undefined if that is unknown: every path that Git declares is a change. */
  base: Generation | undefined;
  /** The live files that count as in sync; undefined with an unknown base. */
  accepted: Generation | undefined;
  changedAtStart: string[];
  isRestored: boolean;
}

/** Decides which records count, and takes what the gateway changed at its start for its own. */
function learn(state: ConfigState, desired: Generation, policy: TargetPolicy): Known {
  const { applied, observed, clobbered } = state;
  const recorded = findBase(state, desired);
  const accepted = recorded && (recorded === observed ? observed : (state.accepted ?? recorded));
  const plain = { base: recorded, accepted, changedAtStart: [], isRestored: false };
  if (!isOfStart(state, policy) || observed?.resolved.kind !== "parsed") return plain;
  const before = policy.before ?? accepted ?? applied;
  if (before && !before.equals(observed) && before.root.equals(clobbered)) {
    return { base: undefined, accepted: undefined, changedAtStart: [], isRestored: true };
  }
  if (!isOfOpenClaw(state)) return plain;
  // No agent runs before the gateway is ready, so a record that equals Git's file can be believed.
  const base = recorded ?? (applied?.md5 === desired.md5 ? desired : undefined);
  if (!base || !before || before.equals(observed)) return { ...plain, base, accepted: accepted ?? base };
  return {
    ...plain,
    base,
    accepted: mergeGenerations(before, observed, accepted ?? before),
    changedAtStart: differences(before, observed).map(({ path }) => path),
  };
}

/** What Git said when it was last applied, as far as our own checksums say so. */
function findBase(
  { applied, observed, lastApplied, pending }: ConfigState,
  desired: Generation,
): Generation | undefined {
  // A delivery was interrupted, before or after its files went into place.
  if (pending !== undefined && pending !== lastApplied) return observed?.md5 === pending ? observed : undefined;
  return [applied, desired].find((each) => each !== undefined && each.md5 === lastApplied);
}

/** Whether the live file was last changed between the start of the gateway and its readiness. */
function isOfStart({ changedMs }: ConfigState, { start }: TargetPolicy): boolean {
  if (!start || changedMs === undefined) return false;
  return changedMs >= start.sinceMs && changedMs <= start.readyMs;
}

/**
 * Whether OpenClaw wrote the live file itself: it keeps a backup with each write, at the same moment. What a pass has
 * accepted since then was that write, so a later change is somebody else's.
 */
function isOfOpenClaw({ changedMs = 0, backupMs = 0, acceptedMs = 0 }: ConfigState): boolean {
  return Math.abs(changedMs - backupMs) <= BACKUP_SLACK_MS && acceptedMs <= backupMs;
}

/** Compares without `meta`, which every gateway stamps. Broken or missing files count as empty. */
export function differences(before: Generation | undefined, after: Generation | undefined): PathDifference[] {
  return findDifferences(withoutMeta(before?.value ?? {}), withoutMeta(after?.value ?? {}));
}
