import { ManagerError, describeError } from "../errors.ts";
import { type MountedDirectory, inspectFilePlace } from "../files/places.ts";
import type { CronStore } from "../gateway/store.ts";
import { findFrozen } from "../reconcile/check-places.ts";
import type { Checks, DiffReport, Report, State, StatusReport } from "../reconcile/report.ts";
import { checkConfigApplied, checkConfigSource, checkLiveConfigPlace, checkObstacles } from "./checks.ts";
import { EXPORT_COMMAND, LET_IN_COMMAND, describeHold } from "./messages.ts";
import type { ConfigPlaces } from "./observe.ts";
import type { PathChange } from "./reload.ts";
import type { Target } from "./target.ts";
import { type ConfigSnapshot, findConfigProblems, findObstacles, targetOf } from "./snapshot.ts";

/** How the gateway is reached; undefined if it is not. */
type TransportKind = CronStore["transport"] | undefined;

/** Reports on the config for `status`, `diff` and `doctor`. An error as the snapshot says why there is none. */
export function reportConfig(
  snapshot: ConfigSnapshot | ManagerError,
  places: ConfigPlaces,
  transport: TransportKind,
  mount: MountedDirectory,
): Report {
  const problems = findConfigProblems(snapshot, places);
  const state = toState(snapshot, transport);
  return {
    status: () => toStatus(snapshot, places, state, [...problems, ...findFrozen(mount)]),
    diff: () => toDiff(snapshot, places, problems),
    check: () => check(snapshot, places, { state, problems, mount }),
  };
}

function toState(snapshot: ConfigSnapshot | ManagerError, transport: TransportKind): State {
  if (snapshot instanceof ManagerError) return "unknown";
  const { plan, verdict } = snapshot;
  switch (plan.kind) {
    case "missing":
      return "unknown";
    case "reject":
      return "rejected";
    case "drift":
      return "drifted";
    case "update":
      return "pending";
    case "none":
    case "validate":
      if (verdict?.kind === "invalid") return "rejected";
      if (verdict?.kind === "valid") return verdict.isApplied === false ? "pending" : "in-sync";
      // The CLI cannot validate a config, so there is nothing to wait for.
      return plan.kind === "none" || transport === "cli" ? "in-sync" : "pending";
  }
}

function toStatus(
  snapshot: ConfigSnapshot | ManagerError,
  { pvcConfig }: ConfigPlaces,
  state: State,
  problems: string[],
): StatusReport {
  const checksum = snapshot instanceof ManagerError ? null : (snapshot.state.observed?.md5 ?? null);
  const file = checksum === null ? "no file" : `md5 ${checksum.slice(0, 12)}`;
  const merged = toMerged(snapshot);
  const count = merged.notInGit?.length ?? 0;
  const apart = count > 0 ? `, ${count} ${count === 1 ? "path" : "paths"} not in Git` : "";
  const inTheWay = findObstacles(snapshot).map(describeError);
  return {
    json: { state, checksum, problems: [...problems, ...inTheWay], ...merged, ...toHeld(snapshot) },
    detail: `${pvcConfig}  ${file}${apart}`,
    notes: noteHold(snapshot),
    isUnused: !(snapshot instanceof ManagerError) && snapshot.isUnused,
  };
}

/** How the live files compare with Git's, where that is known. */
function toMerged(snapshot: ConfigSnapshot | ManagerError): { mode?: Target["mode"]; notInGit?: string[] } {
  const target = snapshot instanceof ManagerError ? undefined : targetOf(snapshot);
  if (!target) return {};
  const { mode, notInGit } = target;
  return notInGit.length > 0 ? { mode, notInGit } : { mode };
}

/** What the sidecar holds, as JSON. */
function toHeld(snapshot: ConfigSnapshot | ManagerError): { held?: { paths: readonly string[]; until: string } } {
  const held = snapshot instanceof ManagerError ? undefined : snapshot.held;
  return held ? { held: { paths: held.paths, until: new Date(held.untilMs).toISOString() } } : {};
}

/** The same for people. */
function noteHold(snapshot: ConfigSnapshot | ManagerError): string[] {
  const held = snapshot instanceof ManagerError ? undefined : snapshot.held;
  return held ? [`${describeHold(held.untilMs)}; ${LET_IN_COMMAND} lets it in now`] : [];
}

function toDiff(snapshot: ConfigSnapshot | ManagerError, { pvcConfig }: ConfigPlaces, problems: string[]): DiffReport {
  const isRead = !(snapshot instanceof ManagerError);
  const plan = isRead ? snapshot.plan : undefined;
  const paths = isRead ? snapshot.changes : [];
  const isUpdate = plan?.kind === "update";
  const isReject = plan?.kind === "reject";
  const isDrift = plan?.kind === "drift";
  const merged = toMerged(snapshot);
  const { notInGit = [] } = merged;
  const isShown = paths.length > 0 || problems.length > 0 || notInGit.length > 0;
  const migrated = isRead ? (targetOf(snapshot)?.migrated ?? []) : [];
  return {
    json: {
      action: isUpdate ? "update" : isReject ? "reject" : "none",
      paths,
      problems,
      ...merged,
      ...toHeld(snapshot),
    },
    changes: isUpdate ? 1 : 0,
    isBroken: !isRead || isReject || snapshot.verdict?.kind === "invalid",
    heading: isShown ? `Config: ${pvcConfig}` : isUpdate ? `Config: ${pvcConfig} is new` : undefined,
    notes: [
      ...noteHold(snapshot),
      ...(isDrift ? ["a sync leaves it until the ConfigMap changes; --self-heal puts it back"] : []),
      ...(migrated.length > 0 ? [`OpenClaw has migrated keys that Git still has; in Git: ${EXPORT_COMMAND}`] : []),
    ],
    entries: [...(isDrift ? [] : paths.map(toEntry)), ...notInGit.map(toApartEntry)],
    counts: {
      planned: [...(isUpdate ? ["config to update"] : []), ...(isReject ? ["config rejected"] : [])],
      unchanged: [],
    },
  };
}

function toEntry({ path, reload }: PathChange): DiffReport["entries"][number] {
  const remark = { meaning: reload === "restart" ? "warning" : "faint", text: ` (${reload})` } as const;
  return { mark: "~", meaning: "change", text: path, remark, changes: [] };
}

/** A sync leaves these paths alone. */
function toApartEntry(path: string): DiffReport["entries"][number] {
  return { mark: "=", meaning: "faint", text: path, remark: { meaning: "faint", text: " (not in Git)" }, changes: [] };
}

async function check(
  snapshot: ConfigSnapshot | ManagerError,
  places: ConfigPlaces,
  { state, problems, mount }: { state: State; problems: string[]; mount: MountedDirectory },
): Promise<Checks> {
  const live = await inspectFilePlace(places.pvcConfig);
  return {
    source: checkConfigSource(snapshot, places, mount),
    place: [checkLiveConfigPlace(snapshot, places.pvcConfig, live), ...checkObstacles(snapshot)],
    ownership: [],
    applied: [checkConfigApplied(snapshot, places, state, problems)],
  };
}
