import { readFile, readdir } from "node:fs/promises";
import process from "node:process";
import { until } from "../test/support/until.ts";

/** What a command took, from its start to its end. */
export interface Cost {
  wallMs: number;
  /** Of it and of all that it has waited for. */
  cpuMs: number;
}

/**
 * Started by the runtime's own spawn, as the programs below are, and not by zx's `$`: only that tells what a process has
 * spent on the processor, and nothing of ours is done in the interval that is measured.
 *
 * @throws where it does not end with 0.
 */
export async function runCommand(command: readonly string[], env: Record<string, string>): Promise<Cost> {
  const beganMs = performance.now();
  const child = startCommand(command, env);
  const exitCode = await child.exited;
  const wallMs = performance.now() - beganMs;
  mustBeDone(command, exitCode);
  return { wallMs, cpuMs: Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000 };
}

/**
 * The most memory that a command and all below it hold at once, in MiB, as far as looking shows. What the kernel
 * counts for a child that has ended is at least what the benchmark itself held when it started it.
 *
 * @throws where it does not end with 0.
 */
export async function measurePeak(command: readonly string[], env: Record<string, string>): Promise<number> {
  const child = startCommand(command, env);
  const tree = watchTree(child.pid);
  const exitCode = await child.exited;
  const peak = tree.stop();
  mustBeDone(command, exitCode);
  return peak;
}

function startCommand(command: readonly string[], env: Record<string, string>) {
  return Bun.spawn([...command], { env, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
}

function mustBeDone(command: readonly string[], exitCode: number): void {
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}`);
}

/**
 * Measures them in turns, so that what else the machine does falls on all of them. The first two turns warm up, and do
 * not count.
 */
export async function takeTurns<T>(
  turns: number,
  contestants: Record<string, () => Promise<T>>,
): Promise<Record<string, T[]>> {
  const taken: Record<string, T[]> = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let turn = -2; turn < turns; turn++) {
    for (const [name, run] of Object.entries(contestants)) {
      const sample = await run();
      if (turn >= 0) taken[name]?.push(sample);
    }
  }
  return taken;
}

/** A program that goes on, whose lines are stamped as they come. */
export interface Watched {
  readonly pid: number;
  /** When a line that matches was printed, on the clock of `performance.now()`; of those after `sinceMs`. */
  lineAfter: (sinceMs: number, pattern: RegExp) => Promise<number>;
  signal(name: NodeJS.Signals): void;
  /** Types into its standard input. */
  type(text: string): void;
  /** Ends it, by the end of its input where it has one, and says what it took. */
  stop(): Promise<Cost>;
}

export function watch(command: readonly string[], env: Record<string, string>, hasInput = false): Watched {
  const lines: { atMs: number; text: string }[] = [];
  const beganMs = performance.now();
  const child = Bun.spawn([...command], {
    env,
    stdin: hasInput ? "pipe" : "ignore",
    stdout: "pipe",
    stderr: "inherit",
    detached: true, // a group of its own: what it has started ends with it
  });
  const read = (async () => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      const atMs = performance.now();
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const text of parts) lines.push({ atMs, text });
    }
  })();
  return {
    pid: child.pid,
    async lineAfter(sinceMs, pattern) {
      const found = () => lines.find(({ atMs, text }) => atMs >= sinceMs && pattern.test(text));
      const explain = () => lines.map(({ text }) => text).join("\n");
      return (await until(`a line ${pattern}`, found, { limitMs: 600_000, explain })).atMs;
    },
    signal: (name) => child.kill(name),
    type(text) {
      const input = child.stdin as unknown as { write(text: string): void; flush(): void };
      input.write(text);
      input.flush();
    },
    async stop() {
      if (hasInput) (child.stdin as unknown as { end(): void }).end();
      else killGroup(child.pid);
      await child.exited;
      await read;
      const cpuMs = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000;
      return { wallMs: performance.now() - beganMs, cpuMs };
    },
  };
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it has ended by itself
  }
}

/** A line of `/proc/PID/status`, in MiB. */
export async function readMemory(pid: number, field: "VmHWM" | "VmRSS"): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
}

/** What its threads have spent on the processor, in milliseconds, to the nanosecond. */
export async function readCpuMs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const spent = await Promise.all(
    threads.map(async (thread) => {
      const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8").catch(() => "0");
      return Number(text.split(" ")[0]);
    }),
  );
  return spent.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** What it and all that it has waited for have spent on the processor, in milliseconds, to the hundredth of a second. */
export async function readTreeCpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}

/** The most that a process and all below it have held at once, in MiB, as far as looking every few milliseconds shows. */
export function watchTree(pid: number): { stop(): number } {
  let peak = 0;
  const timer = setInterval(() => {
    void sumTree(pid).then((sum) => (peak = Math.max(peak, sum)));
  }, 5);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

async function sumTree(pid: number): Promise<number> {
  const own = await readMemory(pid, "VmRSS").catch(() => 0);
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const below = await Promise.all(children.split(" ").filter(Boolean).map(Number).map(sumTree));
  return (own || 0) + below.reduce((sum, one) => sum + one, 0);
}

/** Where build.sh has put the programs that are built as config-manager is. */
export function programPath(name: "calls" | "client" | "empty" | "modules" | "plan"): string {
  const directory = process.env.BENCH_PROGRAMS;
  if (directory === undefined) throw new Error("to be started by ./build.sh bench");
  return `${directory}/${name}`;
}
