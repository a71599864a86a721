import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isRoot } from "./small-volume.ts";
import { until } from "./until.ts";

const ROOT = "/sys/fs/cgroup";

/** How long the quota of processor time lasts, in microseconds: as the kubelet has it. */
const PERIOD_US = 100_000;

export interface MemoryUse {
  /** What is charged to it, without the pages that the kernel takes back first: the kubelet's working set. */
  workingSetBytes: number;
  limitBytes: number;
  peakBytes: number;
  /** How many of its processes the kernel has killed for lack of memory. */
  oomKills: number;
}

/** A memory control group, of version 1 or 2. */
export interface MemoryGroup {
  readonly directory: string;
  readonly files: { limit: string; used: string; inactive: RegExp; peak: string; events: string };
}

const VERSION_1 = {
  limit: "memory.limit_in_bytes",
  used: "memory.usage_in_bytes",
  inactive: /^total_inactive_file (\d+)$/m,
  peak: "memory.max_usage_in_bytes",
  events: "memory.oom_control",
};
const VERSION_2 = {
  limit: "memory.max",
  used: "memory.current",
  inactive: /^inactive_file (\d+)$/m,
  peak: "memory.peak",
  events: "memory.events",
};

/** Finds the memory control group of a process, in version 1 or 2, whichever this machine has. */
export async function findMemoryGroup(pid: number): Promise<MemoryGroup> {
  const groups = await readFile(`/proc/${pid}/cgroup`, "utf8");
  const [, first] = /^\d+:memory:(.*)$/m.exec(groups) ?? [];
  if (first !== undefined) return { directory: `${ROOT}/memory${first}`, files: VERSION_1 };
  const [, unified = ""] = /^0::(.*)$/m.exec(groups) ?? [];
  return { directory: `${ROOT}${unified}`, files: VERSION_2 };
}

export async function readMemoryUse({ directory, files }: MemoryGroup): Promise<MemoryUse> {
  const read = (name: string) => readFile(join(directory, name), "utf8");
  const [, kills] = /^oom_kill (\d+)$/m.exec(await read(files.events)) ?? [];
  const [, inactive] = files.inactive.exec(await read("memory.stat")) ?? [];
  return {
    workingSetBytes: Number(await read(files.used)) - Number(inactive),
    limitBytes: Number(await read(files.limit)),
    peakBytes: Number(await read(files.peak).catch(() => "")), // before Linux 5.19, version 2 does not tell
    oomKills: Number(kills),
  };
}

/** A control group without swap that a test fills itself. Disposal waits until its processes have ended. */
export interface ControlGroup extends AsyncDisposable {
  /** Starts the program that follows it in the group, as the user 1000. */
  readonly enter: readonly [string, ...string[]];
  /** The same as this user. */
  readonly enterAsSelf: readonly [string, ...string[]];
  memory(): Promise<MemoryUse>;
  /** Makes the peak the current use, where the kernel allows it. */
  resetPeak(): Promise<void>;
}

let groups = 0;

/** @throws {Error} where control groups cannot be made, as in most containers */
export async function createControlGroup(limits: { memoryBytes: number; cpus: number }): Promise<ControlGroup> {
  groups += 1;
  const name = `config-manager-${process.pid}-${groups}`;
  const isFirst = (await readdir(ROOT)).includes("memory");
  const memory: MemoryGroup = isFirst
    ? { directory: join(ROOT, "memory", name), files: VERSION_1 }
    : { directory: join(ROOT, name), files: VERSION_2 };
  const directories = isFirst ? [memory.directory, join(ROOT, "cpu", name)] : [memory.directory];
  const remove = async () => {
    for (const directory of directories) {
      await until(`the processes of ${directory} to end`, () => rmdir(directory).then(() => true, isBusy));
    }
  };
  const quota = Math.round(limits.cpus * PERIOD_US);
  const settings: [string, string][] = isFirst
    ? [
        [join(memory.directory, "memory.limit_in_bytes"), `${limits.memoryBytes}`],
        [join(memory.directory, "memory.swappiness"), "0"],
        [join(ROOT, "cpu", name, "cpu.cfs_period_us"), `${PERIOD_US}`],
        [join(ROOT, "cpu", name, "cpu.cfs_quota_us"), `${quota}`],
      ]
    : [
        [join(memory.directory, "memory.max"), `${limits.memoryBytes}`],
        [join(memory.directory, "memory.swap.max"), "0"],
        [join(memory.directory, "cpu.max"), `${quota} ${PERIOD_US}`],
      ];
  try {
    if (!isFirst) await writeFile(join(ROOT, "cgroup.subtree_control"), "+memory +cpu");
    for (const directory of directories) await mkdir(directory);
    for (const [path, value] of settings) await writeFile(path, value);
  } catch (error) {
    await remove();
    throw error;
  }
  const joins = directories.map((directory) => `echo $$ >${directory}/cgroup.procs`).join(" && ");
  const enter = (prefix: string) => ["/bin/sh", "-c", `${joins} && exec ${prefix}"$0" "$@"`] as const;
  return {
    enter: enter("setpriv --reuid=1000 --regid=1000 --clear-groups -- "),
    enterAsSelf: enter(""),
    memory: () => readMemoryUse(memory),
    async resetPeak() {
      await writeFile(join(memory.directory, memory.files.peak), "0").catch(() => undefined);
    },
    [Symbol.asyncDispose]: remove,
  };
}

/** Whether a group that could not be removed still has processes; one that was never made is gone. */
function isBusy(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code !== "EBUSY";
}

/** Why this machine allows no control groups; undefined if it does. */
export async function whyNoControlGroups(): Promise<string | undefined> {
  if (!isRoot) return "not root";
  if (!Bun.which("setpriv")) return "there is no setpriv";
  try {
    await using _ = await createControlGroup({ memoryBytes: 2 ** 24, cpus: 0.1 });
    return undefined;
  } catch (error) {
    return String(error);
  }
}
