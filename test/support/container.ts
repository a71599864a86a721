import { existsSync } from "node:fs";
import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type MemoryGroup, type MemoryUse, findMemoryGroup, readMemoryUse } from "./control-group.ts";
import { type Ended, type Running, run, start } from "./process.ts";
import { until } from "./until.ts";

/** The name of the Pod that the tests run: the host name of its containers. */
export const POD_NAME = "openclaw";

/** A mount, as in the Open Container Initiative's runtime specification. */
export interface Mount {
  destination: string;
  type?: string;
  source: string;
  options: string[];
}

/** The description of a container, in terms that runc and a Pod share. */
export interface ContainerSpec {
  /** Unique on this machine; also the name of the control group. */
  id: string;
  root: string;
  isRootReadOnly: boolean;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  user: { uid: number; gid: number; groups: readonly number[] };
  mounts: readonly Mount[];
  /** The network namespace to join. */
  network: string;
  /** The process namespace to join; without it, the container gets its own. */
  processes?: string;
  limits: { memoryBytes: number | undefined; cpus: number | undefined };
}

export interface LogLine {
  atMs: number;
  text: string;
}

export type ExecResult = Omit<Ended, "signal">;

/** A running container. */
export interface Container {
  readonly log: readonly LogLine[];
  /** The ID of its first process on this machine. */
  pid(): Promise<number>;
  /** Runs a program in the container, as `kubectl exec` does. */
  exec(command: readonly string[]): Promise<ExecResult>;
  kill(signal: "TERM" | "KILL"): Promise<void>;
  /** Reads the statistics of its memory control group. */
  memory(): Promise<MemoryUse>;
  /** Makes the kernel kill it for lack of memory. */
  starve(): Promise<void>;
  /** Its exit code; 137 if it was killed. */
  readonly exited: Promise<number>;
}

const KERNEL_MOUNTS: Mount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: [] },
  { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755"] },
  { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["nosuid", "noexec", "newinstance"] },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777"] },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  // Its own group, as containerd shows it.
  { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "ro"] },
];

/**
 * Starts a container with runc: no capabilities, its own namespaces except for the network, and its limits.
 *
 * @param directory for runc's own state and the descriptions of the containers.
 */
export async function startContainer(directory: string, spec: ContainerSpec): Promise<Container> {
  const bundle = join(directory, spec.id);
  await mkdir(bundle, { recursive: true });
  await writeFile(join(bundle, "config.json"), JSON.stringify(toRuntimeConfig(spec)));
  const withState = ["--root", join(directory, "runc")];
  const runc = (args: readonly string[]) => run("runc", [...withState, ...args], { env: process.env });
  const log: LogLine[] = [];
  const running = start("runc", [...withState, "run", "--bundle", bundle, spec.id], {
    env: process.env,
    onLine: (text) => log.push({ atMs: Date.now(), text }),
  });
  const exited = running.exited.then(({ exitCode }) => exitCode ?? 137);

  const container: Container = {
    log,
    exited,
    pid: () =>
      until(
        `container ${spec.id} to run`,
        async () => {
          if (running.hasEnded) throw new Error(`container ${spec.id} has ended: ${describeLog(log)}`);
          const state = await runc(["state", spec.id]);
          if (state.exitCode !== 0) return undefined;
          const { status, pid } = JSON.parse(state.stdout) as { status: string; pid: number };
          return status === "running" ? pid : undefined;
        },
        { explain: () => describeLog(log) },
      ),
    exec: (command) => runc(["exec", spec.id, ...command]),
    async kill(signal) {
      await runc(["kill", spec.id, signal]); // it may have ended just now
    },
    memory: async () => readMemoryUse(await findMemoryGroup(await container.pid())),
    async starve() {
      const pid = await container.pid();
      await writeFile(`/proc/${pid}/oom_score_adj`, "1000"); // killed before the process that takes the memory
      const group = await findMemoryGroup(pid);
      const hog = startHog(group);
      await Promise.race([exited, hog.exited]);
      hog.kill("SIGKILL");
      await hog.exited;
      // The kernel may have killed both, and the container's end may not have been reported yet.
      await until(`container ${spec.id} to have been killed for want of memory`, () => running.hasEnded);
      await rmdir(group.directory).catch(() => undefined); // runc cannot: the hog was in it
    },
  };
  return container;
}

/** Takes all the memory of the group, when told to. */
function startHog({ directory }: MemoryGroup): Running {
  const source = "const kept = []; for (;;) kept.push(Buffer.alloc(2 ** 28, 1));";
  const script = `echo $$ > ${directory}/cgroup.procs && exec "$0" -e "$1"`;
  return start("sh", ["-c", script, process.execPath, source]);
}

export function describeLog(log: readonly LogLine[]): string {
  return log.map(({ text }) => text).join("\n");
}

function toRuntimeConfig(spec: ContainerSpec): object {
  const { memoryBytes, cpus } = spec.limits;
  return {
    ociVersion: "1.0.2",
    hostname: POD_NAME,
    process: {
      args: spec.args,
      env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
      cwd: spec.cwd,
      user: { uid: spec.user.uid, gid: spec.user.gid, additionalGids: spec.user.groups },
      capabilities: { bounding: [], effective: [], permitted: [] },
      noNewPrivileges: true,
    },
    root: { path: spec.root, readonly: spec.isRootReadOnly },
    mounts: [...KERNEL_MOUNTS, ...spec.mounts],
    linux: {
      cgroupsPath: `/${spec.id}`,
      namespaces: [
        { type: "mount" },
        { type: "ipc" },
        { type: "uts" },
        { type: "pid", ...(spec.processes && { path: spec.processes }) },
        { type: "network", path: spec.network },
        ...(existsSync("/sys/fs/cgroup/cgroup.controllers") ? [{ type: "cgroup" }] : []), // version 2
      ],
      resources: {
        devices: [{ allow: false, access: "rwm" }],
        ...(memoryBytes && { memory: { limit: memoryBytes, swap: memoryBytes } }),
        ...(cpus && { cpu: { quota: Math.round(cpus * 100_000), period: 100_000 } }),
      },
      maskedPaths: ["/proc/kcore", "/proc/keys", "/sys/firmware"],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  };
}
