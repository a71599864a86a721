import { constants } from "node:fs";
import { readOpened } from "../files/regular-file.ts";

/** Where a container sees its own control group. */
const ROOT = "/sys/fs/cgroup";

/** In version 2 of control groups, and in version 1. */
const LIMITS = ["memory.max", "memory/memory.limit_in_bytes"];
const EVENTS = ["memory.events", "memory/memory.oom_control"];

/** Longer than each of these files. */
const MAX_BYTES = 4_096;

/** Reads how much memory this container may use, in bytes; undefined without a limit, or where it is not told. */
export async function readMemoryLimit(root = ROOT): Promise<number | undefined> {
  const bytes = Number.parseInt(await readFirst(root, LIMITS), 10); // `max` without a limit, in version 1 a huge number
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Reads how many processes of this container the kernel has killed for want of memory; undefined if it is not told. */
export async function readOomKills(root = ROOT): Promise<number | undefined> {
  const [, count] = /^oom_kill (\d{1,15})$/m.exec(await readFirst(root, EVENTS)) ?? [];
  return count === undefined ? undefined : Number(count);
}

/** Reads the first file that is there. The kernel says that these have 0 bytes, so their size cannot be gone by. */
async function readFirst(root: string, names: readonly string[]): Promise<string> {
  for (const name of names) {
    const bytes = await readOpened(`${root}/${name}`, constants.O_NOFOLLOW, () => MAX_BYTES).catch(() => undefined);
    if (bytes) return bytes.toString("latin1");
  }
  return "";
}
