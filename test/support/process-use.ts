import { readFile, readdir, readlink } from "node:fs/promises";

/** What a process holds. */
export interface ProcessUse {
  /** The resident set, and the part of it that is no file, in MiB. */
  residentMiB: number;
  anonymousMiB: number;
  /** What each open descriptor is, sorted: `socket`, `anon_inode:inotify`, a path. */
  descriptors: string[];
  /** How many directories and files it watches. */
  watches: number;
}

/** Reads what a running process holds, from `/proc`. */
export async function readProcessUse(pid: number): Promise<ProcessUse> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const toMiB = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
  const numbers = await readdir(`/proc/${pid}/fd`);
  // One may be closed meanwhile.
  const links = await Promise.all(
    numbers.map((number) => readlink(`/proc/${pid}/fd/${number}`).catch(() => undefined)),
  );
  const infos = await Promise.all(
    numbers.map((number) => readFile(`/proc/${pid}/fdinfo/${number}`, "utf8").catch(() => "")),
  );
  return {
    residentMiB: toMiB("VmRSS"),
    anonymousMiB: toMiB("RssAnon"),
    descriptors: links.flatMap((link) => (link === undefined ? [] : [link.replace(/:\[\d+\]$/, "")])).toSorted(),
    watches: infos.join("").match(/^inotify wd:/gm)?.length ?? 0,
  };
}
