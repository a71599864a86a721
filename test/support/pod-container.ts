import { type Container, type LogLine, describeLog } from "./container.ts";
import { until } from "./until.ts";

/** How long a container may take to end after SIGTERM, in milliseconds. */
const GRACE_MS = 10_000;

/** A container of a Pod. It is restarted whenever it ends. */
export interface PodContainer extends Pick<Container, "exec" | "pid" | "memory" | "starve"> {
  /** How often it has been restarted. */
  readonly restarts: number;
  /** How each of its runs so far ended. */
  readonly exitCodes: readonly number[];
  /** The output of all its runs. */
  readonly log: readonly LogLine[];
  kill(): Promise<void>;
  /** Waits for a line of its log, among those after the first `from`. */
  waitFor(pattern: RegExp, from?: number): Promise<LogLine>;
  /** Stops it for good: SIGTERM, then SIGKILL if needed. */
  stop(): Promise<void>;
}

/** Starts a container, and restarts it at once whenever it ends. The kubelet waits after the first restart. */
export async function keepContainer(name: string, start: () => Promise<Container>): Promise<PodContainer> {
  let current = await start();
  let isStopping = false;
  let restarts = 0;
  const past: LogLine[] = [];
  const exitCodes: number[] = [];
  const readLog = () => [...past, ...current.log];

  async function follow(): Promise<void> {
    for (;;) {
      exitCodes.push(await current.exited);
      if (isStopping) return;
      const next = await start();
      past.push(...current.log);
      current = next;
      restarts += 1;
      if (isStopping) await current.kill("KILL"); // stopped while it was starting
    }
  }
  const followed = follow();

  return {
    get restarts() {
      return restarts;
    },
    exitCodes,
    get log() {
      return readLog();
    },
    exec: (command) => current.exec(command),
    pid: () => current.pid(),
    memory: () => current.memory(),
    starve: () => current.starve(),
    kill: () => current.kill("KILL"),
    waitFor: (pattern, from = 0) =>
      until(
        `the line ${pattern} of ${name}`,
        () =>
          readLog()
            .slice(from)
            .find(({ text }) => pattern.test(text)),
        { limitMs: 180_000, explain: () => describeLog(readLog()) },
      ),
    async stop() {
      isStopping = true;
      await current.kill("TERM");
      const hasEnded = await Promise.race([followed.then(() => true), Bun.sleep(GRACE_MS).then(() => false)]);
      if (!hasEnded) await current.kill("KILL");
      await followed;
    },
  };
}
