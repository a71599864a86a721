// The one place in tests, tools and the benchmark that starts processes: by zx's `$`, without a shell.

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import process from "node:process";
import { $ } from "zx/core";

/** How a process ended, with all its output. */
export interface Ended {
  /** Null if a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ProcessOptions {
  /** All its variables: it inherits none. `process.env` is for tools that need this machine's settings. */
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  /** Its standard input. Without it, there is nothing to read. */
  input?: string;
  /** Kills it after this many milliseconds, in case it hangs. */
  limitMs?: number;
}

interface StartOptions extends ProcessOptions {
  /** Allows {@link Running.type} to write to its standard input. */
  isTyped?: boolean;
  /** Starts a process group of its own, which {@link Running.killGroup} ends. */
  isGroup?: boolean;
  /** An open file for both outputs; they are not collected then. */
  outputFile?: number;
  /** Receives each complete line of both outputs. */
  onLine?: (line: string) => void;
}

export interface Running {
  readonly pid: number;
  readonly hasEnded: boolean;
  /** Both outputs so far, in order of arrival. */
  output(this: void): string;
  stdout(this: void): string;
  type(text: string): void;
  endInput(): void;
  /** Does nothing if the process has ended. */
  kill(this: void, signal: NodeJS.Signals): void;
  killGroup(signal: NodeJS.Signals): void;
  /**
   * Resolves once it has ended, in whatever way, and all of its output has arrived.
   *
   * @throws if it could not be started.
   */
  readonly exited: Promise<Ended>;
}

/** The groups that run. */
const groups = new Set<Running>();

/** Ends all groups at once: the run is broken off. */
export function killGroups(): void {
  for (const group of groups) group.killGroup("SIGKILL");
}

/** Starts a program with these arguments, as they are: no shell reads them. */
export function start(command: string, args: readonly string[], options: StartOptions = {}): Running {
  const { env = {}, cwd, input, limitMs, isTyped = false, isGroup = false, outputFile, onLine } = options;
  const program = command.includes("/") ? command : Bun.which(command, { PATH: env.PATH ?? process.env.PATH ?? "" });
  if (program === null) throw new Error(`there is no ${command} on PATH`);
  const received = { stdout: "", stderr: "", both: "" };
  let child: ChildProcess | undefined;
  let hasEnded = false;

  const spawnProgram = (_command: string, _args: readonly string[], zxOptions: SpawnOptions) => {
    child = spawn(program, args, { ...zxOptions, env, shell: false });
    for (const name of ["stdout", "stderr"] as const) {
      let rest = "";
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        received[name] += text;
        received.both += text;
        if (!onLine) return;
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) onLine(line);
      });
    }
    return child;
  };

  const finished = $({
    nothrow: true,
    quiet: true,
    detached: isGroup,
    stdio: [isTyped || input !== undefined ? "pipe" : "ignore", outputFile ?? "pipe", outputFile ?? "pipe"],
    ...(cwd !== undefined && { cwd }),
    // Switches off what zx adds for a shell, and its timeout: that kills by `ps`, which is not installed everywhere.
    quote: (argument: string) => argument,
    prefix: "",
    postfix: "",
    spawn: spawnProgram as typeof spawn,
  })`${command}`;
  child?.stdin?.on("error", () => undefined); // a program may end without reading its input
  if (input !== undefined) child?.stdin?.end(input);
  const limit = limitMs === undefined ? undefined : setTimeout(() => child?.kill("SIGKILL"), limitMs);

  const running: Running = {
    get pid() {
      return child?.pid ?? 0;
    },
    get hasEnded() {
      return hasEnded;
    },
    output: () => received.both,
    stdout: () => received.stdout,
    type: (text) => void child?.stdin?.write(text),
    endInput: () => void child?.stdin?.end(),
    kill: (signal) => void child?.kill(signal),
    killGroup(signal) {
      if (isGroup && child?.pid !== undefined && !hasEnded) process.kill(-child.pid, signal);
    },
    exited: finished.then(({ exitCode, signal, cause }) => {
      hasEnded = true;
      groups.delete(running);
      clearTimeout(limit);
      if (cause) throw new Error(`cannot start ${command}`, { cause });
      return { exitCode, signal, stdout: received.stdout, stderr: received.stderr };
    }),
  };
  if (isGroup) groups.add(running);
  return running;
}

/** Runs a program to its end, in whatever way it ends. */
export function run(command: string, args: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
  return start(command, args, options).exited;
}

/**
 * Runs a program that must succeed. By default it gets this process's own variables.
 *
 * @returns its standard output.
 * @throws with both outputs if it does not end with 0.
 */
export async function mustRun(command: string, args: readonly string[], options: ProcessOptions = {}): Promise<string> {
  const { exitCode, signal, stdout, stderr } = await run(command, args, { env: process.env, ...options });
  if (exitCode === 0) return stdout;
  throw new Error(`${command} ${args[0] ?? ""} ended with ${exitCode ?? signal}:\n${stdout}${stderr}`);
}
