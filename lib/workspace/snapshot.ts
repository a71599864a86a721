import { computeDigest } from "../digest.ts";
import { ManagerError, toResult } from "../errors.ts";
import type { Folder } from "../files/folder.ts";
import type { ObstacleError } from "../files/regular-file.ts";
import { readSkills, readWorkspaces } from "../gateway/agent-calls.ts";
import type { Gateway } from "../gateway/connection.ts";
import { readResolvedConfig } from "../gateway/resolved-config.ts";
import type { Environment } from "../setting-sources.ts";
import type { Settings } from "../settings.ts";
import { type Agents, findStateDir, mergeTold, resolveAgents } from "./agents.ts";
import { type Entries, type Manifest, manifestPathOf, readManifest } from "./manifest.ts";
import { type Memory, NO_MEMORY } from "./memory.ts";
import { observeFiles } from "./observe.ts";
import { type WorkspacePlan, planWorkspace } from "./plan.ts";
import type { Desired } from "./read.ts";
import { findUnusedSkills } from "./skills.ts";
import { type Target, findBases, findTargets, openWorkspace } from "./targets.ts";

export interface WorkspaceDependencies {
  settings: Pick<Settings, "workspaceDir" | "workspaceMode" | "pvcConfig" | "stagingDir" | "prune">;
  env: Environment;
  /** What former passes have found out. Absent: everything is read and asked. */
  memory?: Memory;
}

/** The gateway's calls; undefined without one. */
export type Calls = Pick<Gateway, "call"> | undefined;

/** What Git declares, for which workspaces, and what was written there before. */
export interface Survey {
  desired: Desired;
  /** Undefined where none was ever written. */
  manifest: Manifest | undefined;
  agents: Agents | undefined;
  /** Identifies the config that the agents are of. */
  configDigest: string;
  targets: readonly Target[];
  /** What is wrong in the volume: it stays so until Git changes. */
  sourceProblems: readonly string[];
  /** What is wrong with agents and their workspaces: it may pass, as a config may come later. */
  agentProblems: readonly string[];
  /** Where the gateway's workspaces are not those that the config says. */
  differences: readonly string[];
  obstacles: readonly ObstacleError[];
}

/** @throws {ManagerError} `file` if the volume or the config cannot be read. */
export async function survey(dependencies: WorkspaceDependencies, calls: Calls): Promise<Survey> {
  const { settings, memory = NO_MEMORY } = dependencies;
  const obstacles: ObstacleError[] = [];
  const desired = await memory.readDesired(settings.workspaceDir);
  const manifest = await readManifest(manifestPathOf(settings.stagingDir), (one) => void obstacles.push(one));
  const nobody = { targets: [], agents: undefined, configDigest: "", differences: [], agentProblems: [] };
  const base = { ...nobody, desired, manifest, obstacles };
  if (desired.kind !== "read") {
    return { ...base, sourceProblems: desired.kind === "rejected" ? [desired.problem] : [] };
  }
  const isNothing = desired.byAgent.size === 0 && (manifest?.size ?? 0) === 0;
  if (isNothing) return { ...base, sourceProblems: desired.problems };
  const found = await findAgents(dependencies, calls);
  if ("problem" in found) return { ...base, sourceProblems: desired.problems, agentProblems: [found.problem] };
  const { targets, problems } = findTargets(desired, found.agents);
  const withOld = [...targets, ...findOldTargets(targets, found.agents, manifest)];
  return { ...base, ...found, targets: withOld, sourceProblems: desired.problems, agentProblems: problems };
}

/** Workspaces for which Git declares nothing any more. */
function findOldTargets(targets: readonly Target[], { agents }: Agents, manifest: Manifest | undefined): Target[] {
  const workspaces = new Set(agents.map(({ workspace }) => workspace));
  return [...(manifest?.keys() ?? [])]
    .filter((workspace) => workspaces.has(workspace) && !targets.some((one) => one.workspace === workspace))
    .map((workspace) => ({ workspace, agentIds: [], files: [] }));
}

type Found = Pick<Survey, "configDigest"> & { agents: Agents; differences: string[] };

async function findAgents(
  { settings: { pvcConfig }, env, memory = NO_MEMORY }: WorkspaceDependencies,
  calls: Calls,
): Promise<Found | { problem: string }> {
  const config = await readResolvedConfig(pvcConfig, env);
  if (config.kind === "missing") return { problem: `there is no ${pvcConfig} to tell where workspaces are` };
  if (config.kind === "broken")
    return { problem: `${pvcConfig} does not tell where workspaces are: ${config.problem}` };
  const agents = resolveAgents(config.config, { stateDir: findStateDir(pvcConfig, env), env });
  if (!agents) return { problem: `${pvcConfig}: its agents make no sense` };
  const configDigest = computeDigest("sha256", JSON.stringify(config.config));
  const told = calls && (await toResult(memory.answers.get(calls, "agents", configDigest, readWorkspaces)));
  // A gateway that has gone away meanwhile does not matter.
  return { configDigest, ...mergeTold(agents, told instanceof ManagerError || !told ? new Map() : told) };
}

export async function readAgents(dependencies: WorkspaceDependencies, calls: Calls): Promise<Agents> {
  const found = await findAgents(dependencies, calls);
  if ("problem" in found) throw new ManagerError("file", found.problem, { hint: "config-manager doctor" });
  return found.agents;
}

/** A workspace that is open, or why it is not. */
export type Opened = { root: Folder | undefined; problem?: undefined } | { root?: undefined; problem: string };

export async function openTarget(
  { settings, env }: WorkspaceDependencies,
  workspace: string,
  mayCreate: boolean,
): Promise<Opened> {
  const bases = findBases(settings.pvcConfig, findStateDir(settings.pvcConfig, env));
  const opened = await openWorkspace(workspace, bases, mayCreate);
  return typeof opened === "string" ? { problem: opened } : { root: opened };
}

/** Whether what Git has dropped may go: it was read and is valid as a whole. */
function mayRemove({ settings }: WorkspaceDependencies, found: Survey): boolean {
  const { desired, sourceProblems, agentProblems } = found;
  return settings.prune === "owned" && desired.kind === "read" && sourceProblems.length + agentProblems.length === 0;
}

export async function planTarget(
  dependencies: WorkspaceDependencies,
  found: Survey,
  target: Target,
  root: Folder | undefined,
  heals: boolean,
): Promise<WorkspacePlan> {
  const entries: Entries = found.manifest?.get(target.workspace) ?? new Map();
  const paths = new Set([...target.files.map(({ path }) => path), ...entries.keys()]);
  return planWorkspace({
    desired: target.files,
    observed: await observeFiles(root, paths, dependencies.memory?.marks),
    entries,
    mode: dependencies.settings.workspaceMode,
    mayRemove: mayRemove(dependencies, found),
    heals,
  });
}

/** What the gateway says of the skills that Git declares; empty without a gateway. */
export async function findSkillProblems(
  { memory = NO_MEMORY }: WorkspaceDependencies,
  calls: Calls,
  { desired, configDigest, targets }: Survey,
): Promise<string[]> {
  if (!calls || desired.kind !== "read") return [];
  const problems: string[] = [];
  for (const { workspace, agentIds, files } of targets) {
    const [agentId] = agentIds;
    if (agentId === undefined || !files.some(({ path }) => path.endsWith("/SKILL.md"))) continue;
    const ask = (gateway: Pick<Gateway, "call">) => readSkills(gateway, agentId);
    const about = `${configDigest} ${desired.checksum}`;
    const loaded = await toResult(memory.answers.get(calls, `skills of ${agentId}`, about, ask));
    if (loaded && !(loaded instanceof ManagerError)) problems.push(...findUnusedSkills(workspace, files, loaded));
  }
  return problems;
}

/** All of it, for a report. Changes nothing. */
export interface WorkspaceSnapshot extends Survey {
  plans: readonly { target: Target; plan: WorkspacePlan | undefined; problem: string | undefined }[];
  skillProblems: readonly string[];
}

/** @throws {ManagerError} as {@link survey} does. */
export async function takeWorkspaceSnapshot(
  dependencies: WorkspaceDependencies,
  calls: Calls,
  heals: boolean,
): Promise<WorkspaceSnapshot> {
  const found = await survey(dependencies, calls);
  const plans: WorkspaceSnapshot["plans"][number][] = [];
  for (const target of found.targets) {
    const opened = await openTarget(dependencies, target.workspace, false);
    await using root = opened.root;
    const { problem } = opened;
    const plan = problem === undefined ? await planTarget(dependencies, found, target, root, heals) : undefined;
    plans.push({ target, plan, problem: problem && describeTargetProblem(target, problem) });
  }
  return { ...found, plans, skillProblems: await findSkillProblems(dependencies, calls, found) };
}

export function describeTargetProblem({ agentIds }: Target, problem: string): string {
  return agentIds.length > 0 ? `agent ${agentIds.join(", ")}: ${problem}` : problem;
}
