import { constants } from "node:fs";
import { copyFile, link, mkdir, rename, rm, rmdir, unlink } from "node:fs/promises";
import { ManagerError, systemCode } from "../errors.ts";
import { Folder } from "../files/folder.ts";
import { isRefusedByVolume } from "../files/attributes.ts";
import { observeFile } from "./observe.ts";
import { contentOf, nameCopy } from "./read.ts";

/** As `isTemporary` has it; nobody's workspace has such a folder. */
const STAGE_NAME = /^\.workspace\.config-manager-.{1,64}\.tmp$/;

/** How many entries of an agent one skill may have beside Git's. */
export const MAX_ENTRIES = 20_000;

/** An agent's text is kept at most so often beside one file. */
const MAX_COPIES = 999;

/** Says whether we wrote this content to this path, so that nobody loses it. */
export type IsOurs = (path: string, mark: string) => boolean;

/** Is told of each copy of an agent's text: the path of the file, and the one of the copy. */
export type OnKept = (path: string, copy: string) => void;

/**
 * A hidden folder in the workspace, and so on its file system: `new` holds what goes in, `old` what is taken out. Both
 * mirror the paths of the workspace.
 */
export interface Stage extends AsyncDisposable {
  readonly fresh: Folder;
  readonly old: Folder;
}

/** @throws the system's error if the volume refuses. */
export async function createStage(root: Folder): Promise<Stage> {
  const name = `.workspace.config-manager-${crypto.randomUUID()}.tmp`;
  await mkdir(root.at(name), { mode: 0o700 });
  await using folder = await root.descend([name]);
  const [fresh, old] = [await folder?.descend(["new"], true), await folder?.descend(["old"], true)];
  if (!fresh || !old) throw new ManagerError("file", `${root.path}/${name} is gone`);
  return {
    fresh,
    old,
    async [Symbol.asyncDispose]() {
      await fresh[Symbol.asyncDispose]();
      await old[Symbol.asyncDispose]();
      await removeStage(root, name);
    },
  };
}

/** What is left in `old` stays: the next pass looks at it. */
async function removeStage(root: Folder, name: string): Promise<void> {
  await using folder = await root.descend([name]);
  if (!folder) return;
  await rm(folder.at("new"), { recursive: true, force: true });
  await removeEmpty(folder, "old");
  await rmdir(root.at(name)).catch(() => undefined);
}

async function removeEmpty(parent: Folder, name: string): Promise<void> {
  await using folder = await parent.descend([name]).catch(() => undefined);
  if (!folder) return;
  for (const entry of await folder.list()) await removeEmpty(folder, entry);
  await rmdir(parent.at(name)).catch(() => undefined);
}

/**
 * Completes or takes back what a killed pass has left: a skill that was taken out and has no successor comes back, and
 * of all else that was taken out the agent's own is kept.
 *
 * @returns whether there was something
 */
export async function repairWorkspace(root: Folder, isOurs: IsOurs, onKept: OnKept): Promise<boolean> {
  const names = (await root.list()).filter((name) => STAGE_NAME.test(name));
  for (const name of names) {
    await using stage = await root.descend([name]).catch(() => undefined);
    if (!stage) continue; // no folder, so it is not ours
    await using old = await stage.descend(["old"]).catch(() => undefined);
    if (old) {
      await restoreSkills(root, old);
      await salvage(root, old, isOurs, onKept);
    }
    await removeStage(root, name);
  }
  return names.length > 0;
}

async function restoreSkills(root: Folder, old: Folder): Promise<void> {
  await using kept = await old.descend(["skills"]).catch(() => undefined);
  if (!kept) return;
  await using skills = await root.descend(["skills"], true);
  for (const name of await kept.list()) {
    if (!skills || !(await kept.stat(name))?.isDirectory() || (await skills.stat(name))) continue;
    await rename(kept.at(name), skills.at(name));
  }
}

/** Looks at everything in `old`: what is not ours, and nowhere in the workspace, goes back or beside. */
export async function salvage(root: Folder, old: Folder, isOurs: IsOurs, onKept: OnKept): Promise<void> {
  let left = MAX_ENTRIES;
  const visit = async (folder: Folder, names: readonly string[]): Promise<void> => {
    for (const name of await folder.list()) {
      if ((left -= 1) < 0) return;
      const path = [...names, name];
      const stats = await folder.stat(name);
      if (stats?.isDirectory()) {
        {
          await using inner = await folder.descend([name]).catch(() => undefined);
          if (inner) await visit(inner, path);
        }
        await rmdir(folder.at(name)).catch(() => undefined); // something has come since: the next pass looks at it
      } else if (stats) {
        await salvageEntry(root, folder, path, isOurs, onKept);
        await unlink(folder.at(name));
      }
    }
  };
  await visit(old, []);
}

async function salvageEntry(
  root: Folder,
  folder: Folder,
  names: readonly string[],
  isOurs: IsOurs,
  onKept: OnKept,
): Promise<void> {
  const name = names.at(-1) ?? "";
  const path = names.join("/");
  const taken = await observeFile(folder, name);
  if (taken.kind === "file" && isOurs(path, taken.mark)) return;
  await using home = await root.descend(names.slice(0, -1), true);
  if (!home) return;
  const [old, now] = [await folder.stat(name), await home.stat(name)];
  if (old && now && old.ino === now.ino && old.dev === now.dev) return;
  for (let count = 0; count <= MAX_COPIES; count++) {
    const copy = count === 0 ? name : nameCopy(name, count);
    const there = await observeFile(home, copy);
    if (there.kind === "file" && taken.kind === "file" && contentOf(there.mark) === contentOf(taken.mark)) return;
    if (there.kind !== "absent" || !(await putLink(folder.at(name), home.at(copy)))) continue;
    if (count > 0) onKept(path, [...names.slice(0, -1), copy].join("/"));
    return;
  }
  throw new ManagerError("file", `${path} has too many copies of what the agent wrote`, { hint: "remove some" });
}

/**
 * Makes a second name for what is at a path, through no link; a copy where the volume has no such names.
 *
 * @returns false if something is there
 */
export async function putLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (!isRefusedByVolume(error) && systemCode(error) !== "EMLINK") throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
    return true;
  }
}
