import { join } from "node:path";
import type { Folder } from "../files/folder.ts";
import type { Log } from "../log.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import { type Applied, applyPlan, skillOf } from "./apply.ts";
import type { Entries, Entry, Manifest } from "./manifest.ts";
import { type WorkspacePlan, isOurs } from "./plan.ts";
import { type Survey, type WorkspaceDependencies, describeTargetProblem, openTarget, planTarget } from "./snapshot.ts";
import { endRefresh, refreshSkills } from "./refresh.ts";
import { repairWorkspace } from "./stage.ts";
import type { Target } from "./targets.ts";

/** What one pass has found and done, over all workspaces. */
export interface Tally {
  declared: number;
  changes: number;
  failures: number;
  healed: number;
  /** The paths of files that something else has edited. */
  drifted: string[];
  /** Each begins with a path or an agent. */
  problems: string[];
}

export interface TargetContext {
  dependencies: WorkspaceDependencies;
  /** Whether what the agent edited is put back now. */
  heals: boolean;
  /** Writes the manifest, unless it is the same. */
  store: (manifest: Manifest) => Promise<void>;
  /** Whether a gateway may run, and watch its workspaces. */
  isRunning: boolean;
  log: Log;
  warnings: Warnings;
}

/**
 * Makes one workspace equal to what Git declares for it, as far as it can.
 *
 * @returns the manifest with what is known of this workspace now
 */
export async function reconcileTarget(
  context: TargetContext,
  found: Survey,
  target: Target,
  tally: Tally,
): Promise<Manifest> {
  const manifest = found.manifest ?? new Map<string, Entries>();
  tally.declared += target.files.length;
  const { root, problem } = await openTarget(context.dependencies, target.workspace, target.files.length > 0);
  if (!root) {
    if (problem === undefined) return withEntries(manifest, target, new Map());
    tally.problems.push(describeTargetProblem(target, problem));
    return manifest;
  }
  try {
    return await reconcileRoot(context, root, { ...found, manifest }, target, tally);
  } finally {
    await root[Symbol.asyncDispose]();
  }
}

/** Has the gateway look at the skills of these workspaces again. */
export async function refreshTargets(dependencies: WorkspaceDependencies, targets: readonly Target[]): Promise<void> {
  for (const { workspace } of targets) {
    await using root = (await openTarget(dependencies, workspace, false)).root;
    if (root) await refreshSkills(root);
  }
}

async function reconcileRoot(
  context: TargetContext,
  root: Folder,
  found: Survey & { manifest: Manifest },
  target: Target,
  tally: Tally,
): Promise<Manifest> {
  const { dependencies, log, heals, isRunning } = context;
  const entries = found.manifest.get(target.workspace) ?? new Map<string, Entry>();
  const tellKept = (path: string, copy: string) =>
    log(`WARNING: Workspace file edited by the agent, its text is kept: ${join(root.path, path)}: ${copy}`);
  await endRefresh(root);
  await repairWorkspace(root, (path, mark) => isOurs(entries.get(path), mark), tellKept);
  const plan = await planTarget(dependencies, found, target, root, heals);
  for (const path of plan.left) {
    log(`WARNING: Workspace file is no longer in the ConfigMap, but edited, and stays: ${join(root.path, path)}`);
  }
  tally.drifted.push(...plan.drifted.map((path) => join(root.path, path)));
  tally.problems.push(...plan.problems.map((line) => join(root.path, line)));
  const noted = withEntries(found.manifest, target, plan.before);
  if (plan.writes.length + plan.removals.length === 0) return noted;
  tally.healed += plan.writes.filter(({ path, mark }) => entries.get(path)?.written === mark).length;
  await context.store(noted);
  const applied = await applyPlan(root, plan, (path, mark) => isOurs(plan.before.get(path), mark), tellKept);
  logApplied(context, root.path, plan, applied);
  if (isRunning && applied.skills.length > 0) await refreshSkills(root);
  tally.changes += applied.written.length + applied.removed.length;
  tally.failures += applied.failures.length;
  return withEntries(noted, target, concludeEntries(plan.before, applied));
}

function logApplied(
  { log, warnings }: TargetContext,
  workspace: string,
  plan: WorkspacePlan,
  { written, removed, skills, failures }: Applied,
): void {
  for (const { path } of written) if (!skillOf(path)) log(`Workspace file written: ${join(workspace, path)}`);
  const gone = new Set<string | undefined>(skills.filter((skill) => isGone(plan, skill)));
  for (const skill of skills) if (!gone.has(skill)) log(`Skill written: ${join(workspace, skill)}`);
  for (const path of [...removed.filter((one) => !skillOf(one)), ...gone]) {
    if (path !== undefined) log(`Workspace file removed (no longer in ConfigMap): ${join(workspace, path)}`);
  }
  warnings.warnOnce(
    `workspace failures ${workspace}`,
    failures.map(
      ({ path, action, reason }) => `WARNING: Failed to ${action} workspace file: ${join(workspace, path)}: ${reason}`,
    ),
  );
}

/** Whether Git declares nothing of a skill any more. */
function isGone({ before, removals }: WorkspacePlan, skill: string): boolean {
  return [...before.keys()].every((path) => skillOf(path) !== skill || removals.includes(path));
}

function withEntries(manifest: Manifest, { workspace }: Target, entries: Entries): Manifest {
  return new Map([...manifest, [workspace, entries]]);
}

function concludeEntries(before: Entries, { written, removed }: Applied): Entries {
  const entries = new Map(before);
  for (const { path, mark } of written) entries.set(path, { written: mark });
  for (const path of removed) entries.delete(path);
  return entries;
}
