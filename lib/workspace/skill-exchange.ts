import { rename, rmdir } from "node:fs/promises";
import { ManagerError } from "../errors.ts";
import type { Folder } from "../files/folder.ts";
import { writeTemporary } from "../files/temporary.ts";
import type { DesiredFile } from "./read.ts";
import { MAX_ENTRIES, type Stage, putLink } from "./stage.ts";

/** What Git changes in one skill. */
interface SkillChange {
  writes: readonly DesiredFile[];
  /** Paths, relative to the workspace. */
  removals: readonly string[];
}

/** Puts a skill's folder in place as one: the new files, and all that the agent has in it. */
export async function exchangeSkill(root: Folder, stage: Stage, unit: SkillChange, skill: string): Promise<void> {
  const name = skill.slice("skills/".length);
  await using skills = await root.descend(["skills"], unit.writes.length > 0);
  if (!skills) return;
  const count = await buildSkill(skills, stage, name, unit, skill);
  await using fresh = await stage.fresh.descend(["skills"], true);
  await using old = await stage.old.descend(["skills"], true);
  if (!fresh || !old) return;
  const isThere = (await skills.stat(name)) !== undefined;
  if (isThere) await rename(skills.at(name), old.at(name));
  try {
    if (count > 0) await rename(fresh.at(name), skills.at(name));
  } catch (error) {
    if (isThere) await rename(old.at(name), skills.at(name)).catch(() => undefined);
    throw error;
  }
  await skills.sync();
  if (count === 0) await removeEmptyFolders(root, ["skills"]);
}

/** @returns how many entries it has */
async function buildSkill(
  skills: Folder,
  stage: Stage,
  name: string,
  unit: SkillChange,
  skill: string,
): Promise<number> {
  await using fresh = await stage.fresh.descend(["skills", name], true);
  if (!fresh) return 0;
  const replaced = new Set([...unit.writes.map(({ path }) => path), ...unit.removals]);
  await using present = await skills.descend([name]);
  let count = present ? await linkFolder(present, fresh, skill, replaced) : 0;
  for (const file of unit.writes) {
    const names = file.path.slice(skill.length + 1).split("/");
    const last = names.pop() ?? "";
    await using folder = await fresh.descend(names, true);
    if (!folder) continue;
    await writeTemporary(folder.at(last), file.bytes, { mode: modeOf(file) }, folder.at(last));
    await folder.sync();
    count += 1;
  }
  return count;
}

/** Gives everything in a folder a second name in another one, but what is replaced. */
async function linkFolder(from: Folder, to: Folder, path: string, replaced: ReadonlySet<string>): Promise<number> {
  let count = 0;
  const visit = async (source: Folder, target: Folder, prefix: string): Promise<boolean> => {
    let isEmpty = true;
    let hadOurs = false;
    for (const name of await source.list()) {
      const inner = `${prefix}/${name}`;
      if (count >= MAX_ENTRIES) throw new ManagerError("file", `it has more than ${MAX_ENTRIES} files of the agent's`);
      if (replaced.has(inner)) hadOurs = true;
      else if ((await source.stat(name))?.isDirectory()) {
        await using folder = await source.descend([name]);
        await using copy = await target.descend([name], true);
        if (!folder || !copy) continue;
        if (await visit(folder, copy, inner)) isEmpty = false;
        else await rmdir(target.at(name));
      } else {
        await putLink(source.at(name), target.at(name));
        count += 1;
        isEmpty = false;
      }
    }
    return !isEmpty || !hadOurs; // a folder of which only ours is left goes too
  };
  await visit(from, to, path);
  return count;
}

/** Removes folders in which nothing is left, from the innermost on. */
export async function removeEmptyFolders(root: Folder, names: readonly string[]): Promise<void> {
  for (let length = names.length; length > 0; length--) {
    await using parent = await root.descend(names.slice(0, length - 1));
    const isRemoved = await rmdir(parent?.at(names[length - 1] ?? "") ?? "").then(
      () => true,
      () => false,
    );
    if (!isRemoved) return;
  }
}

export function modeOf({ isExecutable }: DesiredFile): number {
  return isExecutable ? 0o755 : 0o644;
}
