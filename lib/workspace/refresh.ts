import { mkdir, rmdir } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { systemCode } from "../errors.ts";
import type { Folder } from "../files/folder.ts";

/** An empty folder beside the skills, of a name that nobody else uses. */
const MARK = "config-manager-refresh";

/** Longer than OpenClaw's watcher gathers changes, in milliseconds: 250 on 2026.9.6. */
const SHOWN_MS = 400;

/**
 * Has a running gateway look at the skills again, by an empty folder that comes and goes. 2026.9.6 keeps what it has read
 * until its watcher tells of a change, and misses a folder that takes the place of another: measured, 18 of 40 such
 * changes, and none of 40 with this.
 */
export async function refreshSkills(root: Folder): Promise<void> {
  await using skills = await root.descend(["skills"]).catch(() => undefined);
  if (!skills) return;
  try {
    await mkdir(skills.at(MARK));
    await delay(SHOWN_MS);
  } catch (error) {
    if (systemCode(error) === undefined) throw error; // a volume that is full has failed before, and said so
  } finally {
    await rmdir(skills.at(MARK)).catch(() => undefined);
  }
}

/** Removes what a killed pass has left of it. */
export async function endRefresh(root: Folder): Promise<void> {
  await using skills = await root.descend(["skills"]).catch(() => undefined);
  if (skills) await rmdir(skills.at(MARK)).catch(() => undefined);
}
