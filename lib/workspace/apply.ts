import { rename, unlink } from "node:fs/promises";
import { ManagerError, systemCode } from "../errors.ts";
import type { Folder } from "../files/folder.ts";
import { writeError, writeTemporary } from "../files/temporary.ts";
import type { WorkspacePlan } from "./plan.ts";
import type { DesiredFile } from "./read.ts";
import { exchangeSkill, modeOf, removeEmptyFolders } from "./skill-exchange.ts";
import { type IsOurs, type OnKept, type Stage, createStage, putLink, salvage } from "./stage.ts";

/** How often to look for what is there, while something else replaces it. */
const KEEP_ATTEMPTS = 10;

/** What was done, or not, in one workspace. Paths are relative to it. */
export interface Applied {
  written: readonly DesiredFile[];
  removed: readonly string[];
  /** Skills that were put in place as a whole. */
  skills: readonly string[];
  failures: readonly { path: string; action: "write" | "remove"; reason: string }[];
}

/** Files that change together: those of one skill, or one file. */
interface Unit {
  /** `skills/NAME`; undefined for a single file. */
  skill: string | undefined;
  /** For messages: the skill's folder, or the file. */
  path: string;
  writes: DesiredFile[];
  removals: string[];
}

/**
 * Does what a plan says. What an agent writes at the same moment is kept: in its place, or beside as `NAME.from-agent`.
 *
 * @param isOurs knows what this plan replaces and removes as ours, too
 */
export async function applyPlan(
  root: Folder,
  plan: Pick<WorkspacePlan, "writes" | "removals">,
  isOurs: IsOurs,
  onKept: OnKept,
): Promise<Applied> {
  const units = toUnits(plan);
  const applied = { written: [] as DesiredFile[], removed: [] as string[], skills: [] as string[] };
  const failures: Applied["failures"][number][] = [];
  const fail = ({ path, writes }: Unit, error: unknown) => {
    const action = writes.length > 0 ? ("write" as const) : ("remove" as const);
    failures.push({ path, action, reason: explain(root, path, error) });
  };
  if (units.length === 0) return { ...applied, failures };
  let stage: Stage | undefined;
  try {
    stage = await createStage(root);
    for (const unit of units) {
      try {
        await (unit.skill === undefined
          ? exchangeFile(root, stage, unit)
          : exchangeSkill(root, stage, unit, unit.skill));
        await salvage(root, stage.old, isOurs, onKept);
        applied.written.push(...unit.writes);
        applied.removed.push(...unit.removals);
        if (unit.skill !== undefined) applied.skills.push(unit.skill);
      } catch (error) {
        fail(unit, error);
      }
    }
  } catch (error) {
    for (const unit of units) fail(unit, error);
  } finally {
    await dispose(stage);
  }
  return { ...applied, failures };
}

/** What cannot be cleared away now, the next pass clears away. */
async function dispose(stage: Stage | undefined): Promise<void> {
  try {
    await stage?.[Symbol.asyncDispose]();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}

function toUnits({ writes, removals }: Pick<WorkspacePlan, "writes" | "removals">): Unit[] {
  const units = new Map<string, Unit>();
  const find = (path: string): Unit => {
    const skill = skillOf(path);
    const key = skill ?? path;
    const unit = units.get(key) ?? { skill, path: key, writes: [], removals: [] };
    units.set(key, unit);
    return unit;
  };
  for (const file of writes) find(file.path).writes.push(file);
  for (const path of removals) find(path).removals.push(path);
  return [...units.values()].toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

/** The folder of the skill that a file belongs to, `skills/NAME`; undefined if it belongs to none. */
export function skillOf(path: string): string | undefined {
  const [first, name, ...rest] = path.split("/");
  return first === "skills" && name !== undefined && rest.length > 0 ? `skills/${name}` : undefined;
}

async function exchangeFile(root: Folder, stage: Stage, { writes: [file], removals: [gone] }: Unit): Promise<void> {
  const names = (file?.path ?? gone ?? "").split("/");
  const name = names.pop() ?? "";
  await using home = await root.descend(names, file !== undefined);
  if (!home) return;
  await using old = await stage.old.descend(names, true);
  if (!old) return;
  if (!file) {
    await moveAside(home, old, name);
    await removeEmptyFolders(root, names);
    return;
  }
  const fresh = stage.fresh.at(crypto.randomUUID());
  await writeTemporary(fresh, file.bytes, { mode: modeOf(file) }, fresh);
  await keepSecondName(home, old, name);
  await rename(fresh, home.at(name));
  await home.sync();
}

/** What is replaced has a second name first: what is written into it up to the rename, and later, is not lost. */
async function keepSecondName(home: Folder, old: Folder, name: string): Promise<void> {
  for (let attempt = 0; attempt < KEEP_ATTEMPTS; attempt++) {
    if (!(await home.stat(name))) return;
    await unlink(old.at(name)).catch(() => undefined);
    await putLink(home.at(name), old.at(name));
    const [now, kept] = [await home.stat(name), await old.stat(name)];
    if (now?.ino === kept?.ino || kept?.nlink === 1) return; // the same file still, or a volume without second names
  }
  throw new ManagerError("file", "something else replaces it all the time");
}

async function moveAside(home: Folder, old: Folder, name: string): Promise<void> {
  await rename(home.at(name), old.at(name)).catch((error: unknown) => {
    if (systemCode(error) !== "ENOENT") throw error;
  });
  await home.sync();
}

/** The reason alone: what could not be written stands before it. */
function explain(root: Folder, path: string, error: unknown): string {
  if (error instanceof ManagerError) return error.hint ? `${error.message} (${error.hint})` : error.message;
  const code = systemCode(error);
  if (code === undefined) throw error;
  const { hint } = writeError(`${root.path}/${path}`, error);
  return hint === undefined ? code : `${code} (${hint})`;
}
