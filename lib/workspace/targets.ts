import { dirname, isAbsolute, relative, resolve } from "node:path";
import { systemCode } from "../errors.ts";
import { Folder, FolderError } from "../files/folder.ts";
import { type Mount, readMounts } from "../files/mounts.ts";
import { type Agents, normalizeId } from "./agents.ts";
import { DEFAULT_AGENT, type Desired, type DesiredFile } from "./read.ts";

/** One workspace, and what Git declares for it. */
export interface Target {
  workspace: string;
  /** The agents whose workspace it is, and that have files here. */
  agentIds: readonly string[];
  files: readonly DesiredFile[];
}

export interface Targets {
  targets: readonly Target[];
  /** Files whose workspace is not known, and files that two agents declare differently. */
  problems: readonly string[];
}

/** Finds the workspace of each declared file. Pure. */
export function findTargets(desired: Extract<Desired, { kind: "read" }>, { agents, defaultId }: Agents): Targets {
  const problems: string[] = [];
  const byWorkspace = new Map<string, { agentIds: Set<string>; files: Map<string, DesiredFile>; apart: Set<string> }>();
  for (const [folder, files] of desired.byAgent) {
    const id = folder === DEFAULT_AGENT ? defaultId : normalizeId(folder);
    const agent = agents.find((one) => one.id === id);
    const known = agents.map((one) => one.id).join(", ");
    if (!agent && folder === DEFAULT_AGENT) {
      problems.push(
        `${files[0]?.path}: which agent's? The config has ${known} and no default; put it under agents/ID/`,
      );
    } else if (!agent) problems.push(`agents/${folder}: no such agent; the config has ${known}`);
    else if (agent.workspace === undefined) problems.push(`agent ${agent.id}: ${agent.problem}`);
    else {
      const fresh = { agentIds: new Set<string>(), files: new Map<string, DesiredFile>(), apart: new Set<string>() };
      const found = byWorkspace.get(agent.workspace) ?? fresh;
      byWorkspace.set(agent.workspace, found);
      found.agentIds.add(agent.id);
      for (const file of files) {
        const other = found.files.get(file.path);
        if (other && other.mark !== file.mark) found.apart.add(file.path);
        found.files.set(file.path, file);
      }
    }
  }
  const targets = [...byWorkspace].map(([workspace, { agentIds, files, apart }]) => {
    const ids = [...agentIds];
    for (const path of apart) {
      problems.push(`${path}: declared differently for agents with one workspace, ${workspace}; none is written`);
    }
    return { workspace, agentIds: ids, files: [...files.values()].filter(({ path }) => !apart.has(path)) };
  });
  return { targets, problems };
}

/** The kernel's own: no workspace is there. */
const SYSTEM = /^\/(?:proc|sys|dev)(?:\/|$)/;

/**
 * Opens a workspace, through no link below the volume that it lies on.
 *
 * @param bases directories that are volumes whatever the mounts say: those of the live config and of OpenClaw's state
 * @param mayCreate whether it is made if it is missing
 * @returns undefined if it is missing; else a line that says why it cannot be used
 */
export async function openWorkspace(
  workspace: string,
  bases: readonly string[],
  mayCreate: boolean,
  mounts?: readonly Mount[],
): Promise<Folder | string | undefined> {
  const points = (mounts ?? (await readMounts())).map(({ point }) => point);
  const volumes = [
    ...bases.map((base) => resolve(base)),
    ...points.filter((point) => point !== "/" && !SYSTEM.test(point)),
  ];
  const base = volumes
    .filter((volume) => isWithin(workspace, volume))
    .toSorted((one, other) => other.length - one.length)[0];
  if (base === undefined) return `${workspace} is on no volume that is mounted in this container`;
  if (bases.some((one) => resolve(one) === workspace)) return `${workspace} holds OpenClaw's own files`;
  try {
    await using root = await Folder.open(base);
    return await root.descend(relative(base, workspace).split("/").filter(Boolean), mayCreate);
  } catch (error) {
    if (error instanceof FolderError) return error.message;
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (code === "ENOENT" && !mayCreate) return undefined;
    return `cannot open ${workspace}: ${code}`;
  }
}

function isWithin(path: string, directory: string): boolean {
  const inner = relative(directory, path);
  return inner === "" || (inner !== ".." && !inner.startsWith("../") && !isAbsolute(inner));
}

/** The directories that hold OpenClaw's own files, on its volume. */
export function findBases(pvcConfig: string, stateDir: string): string[] {
  return [...new Set([stateDir, dirname(resolve(pvcConfig))])];
}
