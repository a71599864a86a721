import { type SpawnOptions, spawn } from "node:child_process";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import * as v from "valibot";
import { ManagerError, systemCode } from "../errors.ts";
import { MAX_TEXT, boundText } from "../text/bounded.ts";
import { maskText } from "../text/secrets.ts";
import { findJsonObjects } from "./cli-output.ts";
import { readOomKills } from "./memory.ts";
import { APPROVE_HINT } from "./refusal.ts";

const FailureSchema = v.object({ error: v.object({ message: v.string() }) });

/** The limit for one call, in milliseconds. With a CPU limit of 100m, a list takes 20 to 40 s. */
export const CALL_TIMEOUT_MS = 120_000;

/**
 * Keeps the CLI from writing what it compiles into /tmp, 8 to 34 MB: the kubelet evicts a Pod whose volume is too small
 * for that. One process instead of two: each takes memory, and a launcher hides how the other one ended. The environment
 * of this process wins: 2026.2.9 takes ten times as long without its cache.
 */
const DEFAULTS = { NODE_DISABLE_COMPILE_CACHE: "1", JITI_FS_CACHE: "false", OPENCLAW_NO_RESPAWN: "1" };

/** How a program ends that was killed by the kernel, and one of Node that has no memory left; and a shell around it. */
const KILLED: ReadonlySet<string | number | null> = new Set(["SIGKILL", 137]);
const ABORTED: ReadonlySet<string | number | null> = new Set(["SIGABRT", 134]);

const MEMORY_HINT =
  "give this container the gateway's OPENCLAW_GATEWAY_TOKEN: over the gateway 64 MB are plenty; or raise its memory limit";

/** The CLI itself does not run in this container: it is not there, or it is killed. Code `rejected`. */
export class NoCliError extends ManagerError {
  constructor(message: string, hint?: string) {
    super("rejected", message, hint === undefined ? {} : { hint });
  }
}

/** How a run of `openclaw` has ended. */
export interface Ended {
  exitCode: number | null;
  killedBy: string | null;
  stdout: string;
  stderr: string;
  /** Why it could not be started. */
  cause: unknown;
}

/**
 * Runs `openclaw` with these arguments, unchanged. zx's `$` runs it without a shell, so none is needed on PATH.
 *
 * @param env beside this process's own
 */
export async function spawnOpenclaw(
  args: readonly string[],
  signal: AbortSignal,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  // Loaded only when needed, for it takes some MB. All of zx takes more: YAML, fetch and globs.
  const { $ } = await import("zx/core");
  const run = $({
    env: { ...DEFAULTS, ...process.env, ...env },
    nothrow: true,
    quiet: true,
    stdio: ["ignore", "pipe", "pipe"],
    // Not zx's own timeout: it needs `ps`, which slim images do not have.
    signal,
    quote: (argument) => argument,
    prefix: "",
    postfix: "",
    // At once: a program that hangs may not listen to SIGTERM either.
    spawn: ((_command: string, _args: readonly string[], options: SpawnOptions) =>
      spawn("openclaw", args, { ...options, shell: false, killSignal: "SIGKILL" })) as typeof spawn,
  });
  const { exitCode, signal: killedBy, stdout, stderr, cause } = await run`openclaw`;
  return { exitCode, killedBy, stdout, stderr, cause };
}

/**
 * Runs `openclaw` with these arguments and returns its stdout.
 *
 * @throws {NoCliError} when there is no `openclaw` on PATH, or it is killed.
 * @throws {ManagerError} `unreachable` when it takes longer than 120 s or finds no gateway; `refused` when the gateway
 * refuses the CLI; `aborted` by the signal; else `rejected` with its reason.
 */
export async function runOpenclaw(
  args: readonly string[],
  signal: AbortSignal,
  countOomKills = () => readOomKills(),
): Promise<string> {
  const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const oomKills = await countOomKills();
  const { exitCode, killedBy, stdout, stderr, cause } = await spawnOpenclaw(args, AbortSignal.any([signal, timeout]));
  if (exitCode === 0) return stdout;
  // Name only the subcommand: the other arguments belong to the job and may hold secrets.
  const label = ["openclaw", ...args.slice(0, 2).filter((word) => /^[a-z]/.test(word))].join(" ");
  if (signal.aborted) throw new ManagerError("aborted", `${label}: stopped`);
  if (systemCode(cause) === "ENOENT") throw new NoCliError("there is no openclaw command on PATH");
  if (timeout.aborted) throw new ManagerError("unreachable", `${label}: no answer for ${CALL_TIMEOUT_MS / 1000} s`);
  const ending = killedBy ?? exitCode;
  // Where the kernel does not count, nobody else is likely to have killed it.
  const isStarved = KILLED.has(ending) && (oomKills === undefined || (await countOomKills()) !== oomKills);
  if (isStarved || ABORTED.has(ending)) throw new NoCliError(`${label}: killed for want of memory`, MEMORY_HINT);
  if (killedBy !== null || KILLED.has(ending)) throw new NoCliError(`${label}: killed by ${killedBy ?? "SIGKILL"}`);
  const reason = maskText(readReason(stdout, stderr) ?? `exit code ${exitCode}`); // it may quote an argument
  if (/pairing required|missing scope|requires credentials|unauthorized/i.test(reason)) {
    throw new ManagerError("refused", `${label}: ${reason}`, { hint: APPROVE_HINT });
  }
  const isDown = /gateway closed|ECONNREFUSED/.test(reason);
  throw new ManagerError(isDown ? "unreachable" : "rejected", isDown ? `${label}: ${reason}` : reason);
}

/**
 * Finds the reason of a failure: 2026.9.6 prints `{"ok":false,"error":{"message":…}}`, 2026.6.11 a line
 * `GatewayTransportError: …`, 2026.2.9 a line `Error: …` among others.
 */
function readReason(stdout: string, stderr: string): string | undefined {
  for (const text of findJsonObjects(stdout.slice(0, MAX_TEXT))) {
    const failure = v.safeParse(v.pipe(v.string(), v.parseJson(), FailureSchema), text);
    if (failure.success) return boundText(failure.output.error.message).split("\n")[0];
  }
  const lines = stripVTControlCharacters(stderr.slice(-MAX_TEXT))
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const marked = lines.find((line) => /^\w*Error: /.test(line));
  // `unknown option '--webhook=https://…'` quotes the value, which may be a secret.
  return (marked ?? lines.at(-1))?.replace(/^(\w*error: )+/i, "").replace(/(unknown option '--[\w-]+)=.*$/, "$1'");
}
