import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run, start } from "./process.ts";
import { until } from "./until.ts";
import { type Volume, createVolume } from "./volume.ts";
import { REPOSITORY } from "./repository.ts";

export const BINARY = resolve(REPOSITORY, "dist/config-manager");

/** Both ConfigMaps and the places that config-manager writes to, as a Pod mounts them. */
export interface Mounts {
  readonly root: string;
  readonly config: Volume;
  readonly cron: Volume;
  readonly staging: string;
  readonly checksums: string;
  /** Publishes cron-jobs.json with these jobs. */
  publishJobs(jobs: unknown): Promise<void>;
  environment(more: Record<string, string>): Record<string, string>;
  dispose(): Promise<void>;
}

export async function createMounts(): Promise<Mounts> {
  const root = await mkdtemp(join(tmpdir(), "config-manager-"));
  const config = await createVolume(join(root, "config.d"));
  const cron = await createVolume(join(root, "cron.d"));
  const staging = join(root, "cron-config");
  const checksums = join(root, "checksums");
  return {
    root,
    config,
    cron,
    staging,
    checksums,
    publishJobs: (jobs) => cron.publish({ "cron-jobs.json": JSON.stringify(jobs, undefined, 2) }),
    environment: (more) => ({
      HOME: root,
      PATH: "/usr/local/bin:/usr/bin:/bin",
      TZ: "UTC",
      CONFIG_DIR: config.path,
      CRON_DIR: cron.path,
      PVC_CONFIG: join(root, "openclaw.json"),
      STAGING_DIR: staging,
      CHECKSUM_DIR: checksums,
      ...more,
    }),
    dispose: () => rm(root, { recursive: true, force: true }),
  };
}

export interface Result {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** The messages of a log, without time and name. */
  messages: string[];
}

/** Runs a command of the binary to its end. */
export async function runBinary(
  args: readonly string[],
  env: Record<string, string>,
  [program = BINARY, ...first]: readonly string[] = [BINARY],
): Promise<Result> {
  const { exitCode, stdout, stderr } = await run(program, [...first, ...args], { env });
  return { exitCode, stdout, stderr, messages: readMessages(stdout) };
}

/** A running sidecar. */
export interface Sidecar {
  readonly pid: number;
  messages(): string[];
  /** Waits for a message, as text or pattern, among those after the first `from`. */
  waitFor(message: string | RegExp, from?: number): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Waits for its end; null if it was killed. */
  exited: Promise<number | null>;
  /** Kills it. */
  dispose(): Promise<void>;
}

export function startSidecar(
  env: Record<string, string>,
  args: readonly string[] = ["run"],
  [program = BINARY, ...first]: readonly string[] = [BINARY],
): Sidecar {
  const running = start(program, [...first, ...args], { env });
  const exited = running.exited.then(({ exitCode }) => exitCode);
  const messages = () => readMessages(running.output());
  return {
    pid: running.pid,
    messages,
    waitFor: (message, from = 0) =>
      until(
        `the log line ${message}`,
        () =>
          messages()
            .slice(from)
            .find((line) => (typeof message === "string" ? line === message : message.test(line))),
        { explain: running.output },
      ),
    signal: running.kill,
    exited,
    async dispose() {
      running.kill("SIGKILL");
      await exited;
    },
  };
}

/** Keeps a line that is no log line unchanged, so that a stray one is noticed. */
function readMessages(output: string): string[] {
  const lines = output.split("\n").filter(Boolean);
  return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[config-manager\] /, ""));
}

/** Returns a file's content; undefined if there is none. */
export async function readMaybe(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}
