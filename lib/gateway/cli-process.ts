import { type SpawnOptions, spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import * as v from "valibot";
import { ManagerError, systemCode } from "../errors.ts";
import { MAX_TEXT, boundText } from "../text/bounded.ts";
import { maskText } from "../text/secrets.ts";
import { APPROVE_HINT } from "./refusal.ts";

const FailureSchema = v.object({ error: v.object({ message: v.string() }) });

/** The limit for one call, in milliseconds. With a CPU limit of 100m, a list takes 20 to 40 s. */
const CALL_TIMEOUT_MS = 120_000;

/**
 * Runs `openclaw` with these arguments, unchanged, and returns its stdout. zx's `$` runs it without a shell, so none is
 * needed on PATH.
 *
 * @throws {ManagerError} `unreachable` when there is no `openclaw` on PATH, it is killed, takes longer than 120 s, or
 * finds no gateway; `refused` when the gateway refuses the CLI; `aborted` by the signal; else `rejected` with its reason.
 */
export async function runOpenclaw(args: readonly string[], signal: AbortSignal): Promise<string> {
  // Loaded only when needed, for it takes some MB. All of zx takes more: YAML, fetch and globs.
  const { $ } = await import("zx/core");
  const run = $({
    nothrow: true,
    quiet: true,
    stdio: ["ignore", "pipe", "pipe"],
    // Not zx's own timeout: it needs `ps`, which slim images do not have.
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
    quote: (argument) => argument,
    prefix: "",
    postfix: "",
    spawn: ((_command: string, _args: readonly string[], options: SpawnOptions) =>
      spawn("openclaw", args, { ...options, shell: false })) as typeof spawn,
  });
  const { exitCode, stdout, stderr, cause } = await run`openclaw`;
  if (exitCode === 0) return stdout;
  // Name only the subcommand: the other arguments belong to the job and may hold secrets.
  const label = ["openclaw", ...args.slice(0, 2).filter((word) => /^[a-z]/.test(word))].join(" ");
  if (signal.aborted) throw new ManagerError("aborted", `${label}: stopped`);
  if (systemCode(cause) === "ENOENT") throw new ManagerError("unreachable", "there is no openclaw command on PATH");
  if (exitCode === null) {
    throw new ManagerError("unreachable", `${label}: killed, out of memory or without an answer for 120 s`, {
      hint: "the CLI needs some 400 MB; over the gateway 64 MB are plenty",
    });
  }
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
  const failure = v.safeParse(v.pipe(v.string(), v.parseJson(), FailureSchema), stdout);
  if (failure.success) return boundText(failure.output.error.message).split("\n")[0];
  const lines = stripVTControlCharacters(stderr.slice(-MAX_TEXT))
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const marked = lines.find((line) => /^\w*Error: /.test(line));
  // `unknown option '--webhook=https://…'` quotes the value, which may be a secret.
  return (marked ?? lines.at(-1))?.replace(/^(\w*error: )+/i, "").replace(/(unknown option '--[\w-]+)=.*$/, "$1'");
}
