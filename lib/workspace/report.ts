import { join } from "node:path";
import { ManagerError, describeError } from "../errors.ts";
import { inspectMadeDirectory } from "../files/places.ts";
import type { MountedDirectory } from "../files/places.ts";
import { checkMount, checkPlace, findFrozen, suggestReadable } from "../reconcile/check-places.ts";
import { type Check, fail, pass, skip, warn } from "../reconcile/check.ts";
import type { Checks, DiffEntry, DiffReport, Report, State, StatusReport } from "../reconcile/report.ts";
import type { Settings } from "../settings.ts";
import type { WorkspaceSnapshot } from "./snapshot.ts";

type Places = Pick<Settings, "workspaceDir">;

const MOUNT = "workspace mount";
const FILES = "workspace files";

/** Paths, each with its workspace, and what is wrong. */
interface Summary {
  writes: string[];
  removals: string[];
  drifted: string[];
  left: string[];
  problems: string[];
  unchanged: number;
  declared: number;
}

/** Reports on workspace files for `status`, `diff` and `doctor`. An error as the snapshot says why there is none. */
export function reportWorkspaces(
  snapshot: WorkspaceSnapshot | ManagerError,
  places: Places,
  mount: MountedDirectory,
): Report {
  const summary = summarize(snapshot, places);
  const isUnused = isNobodys(snapshot);
  const state = toState(snapshot, summary);
  return {
    status: () => toStatus(snapshot, summary, { state, isUnused, mount }),
    diff: () => toDiff(snapshot, summary, isUnused),
    check: async () =>
      isUnused
        ? { source: [], place: [], ownership: [], applied: [] }
        : check(snapshot, places, { state, summary, mount }),
  };
}

function isNobodys(snapshot: WorkspaceSnapshot | ManagerError): boolean {
  if (snapshot instanceof ManagerError) return false;
  const { desired, manifest, sourceProblems } = snapshot;
  const hasNone = desired.kind === "missing" || (desired.kind === "read" && desired.byAgent.size === 0);
  return hasNone && (manifest?.size ?? 0) === 0 && sourceProblems.length === 0;
}

function summarize(snapshot: WorkspaceSnapshot | ManagerError, { workspaceDir }: Places): Summary {
  const summary: Summary = { writes: [], removals: [], drifted: [], left: [], problems: [], unchanged: 0, declared: 0 };
  if (snapshot instanceof ManagerError) return { ...summary, problems: [describeError(snapshot)] };
  const { desired, manifest, plans } = snapshot;
  const isGone = desired.kind === "missing" && manifest !== undefined;
  const problems = [
    ...(isGone ? [`${workspaceDir} is not there; nothing is changed`] : []),
    ...snapshot.sourceProblems,
    ...snapshot.agentProblems,
  ];
  for (const { target, plan, problem } of plans) {
    const inside = (path: string) => join(target.workspace, path);
    summary.declared += target.files.length;
    if (problem !== undefined) problems.push(problem);
    if (!plan) continue;
    summary.writes.push(...plan.writes.map(({ path }) => inside(path)));
    summary.removals.push(...plan.removals.map(inside));
    summary.drifted.push(...plan.drifted.map(inside));
    summary.left.push(...plan.left.map(inside));
    summary.unchanged += plan.unchanged;
    problems.push(...plan.problems.map(inside));
  }
  return { ...summary, problems: [...problems, ...snapshot.skillProblems] };
}

function toState(snapshot: WorkspaceSnapshot | ManagerError, { writes, removals, drifted, problems }: Summary): State {
  if (snapshot instanceof ManagerError) return "unknown";
  if (problems.length > 0) return snapshot.desired.kind === "missing" ? "unknown" : "rejected";
  if (writes.length + removals.length > 0) return "pending";
  return drifted.length > 0 ? "drifted" : "in-sync";
}

function toStatus(
  snapshot: WorkspaceSnapshot | ManagerError,
  { declared, drifted, problems }: Summary,
  { state, isUnused, mount }: { state: State; isUnused: boolean; mount: MountedDirectory },
): StatusReport {
  const targets = snapshot instanceof ManagerError ? [] : snapshot.targets;
  const agents = new Set(targets.flatMap(({ agentIds }) => agentIds)).size;
  const obstacles = snapshot instanceof ManagerError ? [] : snapshot.obstacles.map(describeError);
  const edited = drifted.map((path) => `${path}: edited by something else`);
  const frozen = isUnused ? [] : findFrozen(mount);
  return {
    json: { state, declared, agents, drifted, problems: [...problems, ...edited, ...frozen, ...obstacles] },
    isUnused,
    detail: `${count(declared, "file")} of ${count(agents, "agent")}`,
    notes: snapshot instanceof ManagerError ? [] : snapshot.differences,
  };
}

function toDiff(snapshot: WorkspaceSnapshot | ManagerError, summary: Summary, isUnused: boolean): DiffReport {
  const { writes, removals, drifted, left, problems, unchanged } = summary;
  const entries = [
    ...writes.map((path) => toEntry("~ write", "change", path)),
    ...removals.map((path) => toEntry("- remove", "bad", path)),
    ...drifted.map((path) => toEntry("!", "warning", path, " (edited by something else)")),
    ...left.map((path) => toEntry("=", "faint", path, " (no longer in Git, edited: it stays)")),
  ];
  const changes = writes.length + removals.length;
  const isKnown = !(snapshot instanceof ManagerError);
  return {
    json: { write: writes, remove: removals, drifted, left, unchanged, problems },
    changes,
    isBroken: !isKnown || problems.length > 0,
    heading: entries.length + problems.length > 0 ? "Workspace files:" : undefined,
    notes: drifted.length > 0 ? ["a sync leaves what was edited until Git changes it; --self-heal puts it back"] : [],
    entries,
    counts: {
      planned: isUnused ? [] : [`${count(writes.length, "workspace file")} to write, ${removals.length} to remove`],
      unchanged: isUnused ? [] : [`${count(unchanged, "workspace file")} unchanged`],
    },
  };
}

function toEntry(mark: string, meaning: DiffEntry["meaning"], text: string, remark?: string): DiffEntry {
  const end = remark === undefined ? {} : { remark: { meaning: "faint" as const, text: remark } };
  return { mark, meaning, text, ...end, changes: [] };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

async function check(
  snapshot: WorkspaceSnapshot | ManagerError,
  { workspaceDir }: Places,
  { state, summary, mount }: { state: State; summary: Summary; mount: MountedDirectory },
): Promise<Checks> {
  const source = [checkMount(MOUNT, workspaceDir, mount)];
  if (snapshot instanceof ManagerError) {
    const failed = fail(FILES, describeError(snapshot), suggestReadable(workspaceDir));
    return { source: [...source, failed], place: [], ownership: [], applied: [] };
  }
  const place: Check[] = [];
  for (const { target, problem } of snapshot.plans) {
    const name = `workspace of ${target.agentIds.join(", ") || target.workspace}`;
    if (problem !== undefined) {
      place.push(fail(name, problem, `mount the gateway's volume with ${target.workspace}, and no link on the way`));
      continue;
    }
    const found = await inspectMadeDirectory(target.workspace);
    const volume = `the gateway's volume with ${target.workspace}`;
    const made = checkPlace(name, target.workspace, found, volume);
    place.push(made);
  }
  return { source, place, ownership: [], applied: [checkFiles(state, summary)] };
}

function checkFiles(state: State, { declared, drifted, problems }: Summary): Check {
  switch (state) {
    case "in-sync":
      return pass(FILES, `${count(declared, "file")}, as the ConfigMap says`);
    case "pending":
      return warn(FILES, "not yet what the ConfigMap says", "config-manager sync --only workspace");
    case "drifted":
      return fail(
        FILES,
        `edited by something else: ${drifted.slice(0, 10).join(", ")}; put it into Git, or sync --self-heal`,
        "config-manager diff --self-heal",
      );
    case "unknown":
      return skip(FILES, MOUNT);
    case "rejected":
    case "failed":
      return fail(FILES, problems.slice(0, 10).join("; "), "config-manager diff");
  }
}
