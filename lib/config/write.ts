import { unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ManagerError, toResult } from "../errors.ts";
import type { AttributeLoss } from "../files/attributes.ts";
import { refuseOther } from "../files/directory.ts";
import { readRegularFile } from "../files/regular-file.ts";
import { replaceFile } from "../files/replace.ts";
import { replaceByCopy, writeSpare } from "../files/spare.ts";
import { ConfigFile } from "./config-file.ts";
import { type Generation, ROOT_NAME } from "./generation.ts";

/** The live files that a generation replaces, to be put back if the gateway rejects it. */
export interface Replaced {
  /** Undefined if there was no root file. */
  generation: Generation | undefined;
  /** The owners and modes that could not be kept. */
  losses: AttributeLoss[];
  /** Files that the old root did not include and the new one does, as they were. Undefined: there was no such file. */
  beside: ReadonlyMap<string, ConfigFile | undefined>;
  /** Copies of the replaced files on the volume, which may be full when they are to be put back. Paths by name. */
  spares: Spares;
}

type Spares = ReadonlyMap<string, string>;

export const NOTHING_REPLACED: Replaced = { generation: undefined, losses: [], beside: new Map(), spares: new Map() };

/**
 * Makes sure that the files that `next` replaces can be put back on a full volume. The copies go with the stale temporary
 * files.
 *
 * @param goodRoot the path of a copy of the root file that is there anyway
 * @throws {ManagerError} `file` if a copy cannot be written.
 */
export async function writeSpares(
  pvcConfig: string,
  next: Generation,
  previous: Generation,
  goodRoot: string | undefined,
): Promise<Spares> {
  const spares = new Map([[ROOT_NAME, goodRoot ?? (await writeSpare(pvcConfig, previous.root.bytes))]]);
  for (const [name, old] of previous.includes) {
    const file = next.includes.get(name);
    if (file && !file.equals(old)) spares.set(name, await writeSpare(await pathBeside(pvcConfig, name), old.bytes));
  }
  return spares;
}

/**
 * Writes the live files: included files first, the root last, so that no root ever includes a file that is not there.
 * The root is written even if it stays the same: releases before 2026.8.2 watch nothing else.
 *
 * @param previous the live files
 * @param copies of `next` on the volume, in case it is full
 * @throws {ManagerError} `file` if a file cannot be written.
 */
export async function writeGeneration(
  pvcConfig: string,
  next: Generation,
  previous: Generation | undefined,
  copies: Spares = new Map(),
): Promise<Replaced> {
  const beside = new Map<string, ConfigFile | undefined>();
  const losses: (AttributeLoss | undefined)[] = [];
  for (const [name, file] of next.includes) {
    const old = previous?.includes.get(name);
    if (!old) beside.set(name, await readBeside(pvcConfig, name));
    if (file.equals(old)) continue;
    losses.push(await replaceByCopy(await pathBeside(pvcConfig, name), file.bytes, copies.get(name)));
  }
  losses.push(await replaceByCopy(pvcConfig, next.root.bytes, copies.get(ROOT_NAME)));
  return { generation: previous, beside, losses: losses.filter((loss) => loss !== undefined), spares: new Map() };
}

/**
 * Puts the replaced files back, in the same order.
 *
 * @param restored the generation to put back
 * @param rejected the one that is in place
 * @throws {ManagerError} `file` if a file cannot be written.
 */
export async function restoreGeneration(
  pvcConfig: string,
  restored: Generation,
  rejected: Generation,
  { beside, spares }: Pick<Replaced, "beside" | "spares">,
): Promise<void> {
  await writeGeneration(pvcConfig, restored, rejected, spares);
  for (const [name, old] of beside) {
    if (restored.includes.has(name)) continue;
    if (old) await replaceFile(await pathBeside(pvcConfig, name), old.bytes);
    else await removeBeside(pvcConfig, name);
  }
}

/**
 * Removes files that are no longer included, unless something else has changed them since.
 *
 * @param dropped the files as they were delivered, by name
 * @returns the names of those that stay
 */
export async function removeDropped(pvcConfig: string, dropped: ReadonlyMap<string, ConfigFile>): Promise<string[]> {
  const kept: string[] = [];
  for (const [name, file] of dropped) {
    const live = await readBeside(pvcConfig, name);
    if (!live) continue;
    if (file.equals(live)) await removeBeside(pvcConfig, name);
    else kept.push(name);
  }
  return kept;
}

/** The directories of the live files. */
export function directoriesOf(pvcConfig: string, generation: Generation | undefined): string[] {
  const directory = dirname(pvcConfig);
  return [directory, ...[...(generation?.includes.keys() ?? [])].map((name) => dirname(join(directory, name)))];
}

async function readBeside(pvcConfig: string, name: string): Promise<ConfigFile | undefined> {
  const bytes = await readRegularFile(join(dirname(pvcConfig), name)).catch(() => undefined);
  return bytes && new ConfigFile(bytes);
}

/** Removes a file, but not through a link. */
async function removeBeside(pvcConfig: string, name: string): Promise<void> {
  const path = await toResult(pathBeside(pvcConfig, name));
  if (typeof path === "string") await unlink(path).catch(() => undefined);
}

/** @throws {ManagerError} `file` if something other than a directory is on the way. */
async function pathBeside(pvcConfig: string, name: string): Promise<string> {
  const steps = name.split("/");
  if (steps.includes("..")) throw new ManagerError("file", `${name} leads out of ${dirname(pvcConfig)}`);
  for (let count = 1; count < steps.length; count++) {
    await refuseOther(join(dirname(pvcConfig), ...steps.slice(0, count)));
  }
  return join(dirname(pvcConfig), name);
}
