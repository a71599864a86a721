import type { Features } from "../gateway/features.ts";
import type { JobSpec } from "../gateway/job.ts";
import { type Json, type JsonObject, isJsonObject, readOwn } from "../json.ts";

type Payload = JobSpec["payload"];

interface CommandPayload extends JsonObject {
  kind: "command";
  argv: string[];
}

/**
 * Returns the arguments that run a shell line: in a login shell, as OpenClaw's own `--command` does, unless the job has a
 * PATH of its own. A login shell would set another one (`/etc/profile`).
 */
export function toShellArgv(line: string, env: Json | undefined): string[] {
  return ["sh", shellOption(env), line];
}

/** Returns the shell line of the arguments of {@link toShellArgv} with this environment; undefined for others. */
export function readShellLine(argv: readonly string[], env: Json | undefined): string | undefined {
  const [shell, option, line] = argv;
  return argv.length === 3 && shell === "sh" && option === shellOption(env) ? line : undefined;
}

function shellOption(env: Json | undefined): string {
  return isJsonObject(env) && readOwn(env, "PATH") !== undefined ? "-c" : "-lc";
}

/**
 * Returns the payload that runs a command, with `retry` further attempts. On a gateway without command payloads, it is
 * an agent turn.
 */
export function toCommandPayload(payload: CommandPayload, retry: number | undefined, features: Features): Payload {
  if (!features.commandPayload) return toTurn(payload, retry ?? 0);
  return retry ? { ...payload, argv: wrapInRetry(payload.argv, retry) } : payload;
}

/**
 * Wraps the command in a loop that runs it up to `retry` more times, a second apart, and ends with its last exit
 * status. The command is passed as arguments, so the shell does not parse it.
 */
function wrapInRetry(argv: readonly string[], retry: number): string[] {
  return ["sh", "-c", retryLoop(retry), "retry", ...argv];
}

function retryLoop(retry: number): string {
  const [tries, status] = ["config_manager_tries", "config_manager_status"]; // names that a job's env does not use
  return `${tries}=0; until "$@"; do ${status}=$?; [ "$${tries}" -lt ${retry} ] || exit "$${status}"; ${tries}=$((${tries}+1)); sleep 1; done`;
}

/** Unwraps the command of a retry loop. Without such a loop, `retry` is 0. */
export function unwrapRetry(argv: readonly string[]): { argv: readonly string[]; retry: number } {
  const [shell, option, loop, name, ...command] = argv;
  const retry = Number(/ -lt (\d+) \]/.exec(loop ?? "")?.[1] ?? 0);
  const isLoop = shell === "sh" && option === "-c" && name === "retry" && loop === retryLoop(retry);
  return isLoop ? { argv: command, retry } : { argv, retry: 0 };
}

const VARIABLE_LINE = "Set the environment variable ";
const INPUT_LINE = "Give it this standard input: ";

/** Turns a command into an agent turn that asks for exactly this command, for a gateway without command payloads. */
function toTurn(payload: CommandPayload, retry: number): Payload {
  const command = readShellLine(payload.argv, payload.env) ?? payload.argv.map(quote).join(" ");
  const environment = Object.entries((payload.env ?? {}) as Record<string, string>);
  const message = [
    "Run exactly this shell command and reply with its output and exit status. Change nothing in it.",
    "",
    command,
    "",
    ...(typeof payload.cwd === "string" ? [`Run it in the directory ${payload.cwd}`] : []),
    ...environment.map(([name, value]) => `${VARIABLE_LINE}${name} to ${quote(value)}`),
    ...(typeof payload.input === "string" ? [`${INPUT_LINE}${quote(payload.input)}`] : []),
    ...(retry > 0 ? [`If it fails, run it again, up to ${retry} more times, and reply with the last result.`] : []),
  ].join("\n");
  // Rounded up: the first of these gateways cut off fractions of a second.
  const timeoutSeconds = typeof payload.timeoutSeconds === "number" ? Math.ceil(payload.timeoutSeconds) : undefined;
  return { kind: "agentTurn", message: message.trim(), ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) };
}

/** Masks the values of a command's `env`, and its input, in the message of {@link toTurn}. */
export function hideVariables(message: string, mask: string): string {
  let hidden = "";
  for (let at = 0; at < message.length; ) {
    const next = message.indexOf("\n", at);
    const end = next === -1 ? message.length : next;
    const from = findHandedOver(message.slice(at, end));
    const to = from === undefined ? end : findQuotedEnd(message, at + from);
    hidden += from === undefined ? message.slice(at, to) : message.slice(at, at + from) + mask;
    hidden += message.slice(to, to + 1); // the line break
    at = to + 1;
  }
  return hidden;
}

/** Where a value begins in a line of {@link toTurn}; undefined if none does. */
function findHandedOver(line: string): number | undefined {
  if (line.startsWith(INPUT_LINE)) return INPUT_LINE.length;
  const at = line.startsWith(VARIABLE_LINE) ? line.indexOf(" to ", VARIABLE_LINE.length) : -1;
  return at === -1 ? undefined : at + " to ".length;
}

/** The end of the line, where it is not within the quotes of {@link quote}. */
function findQuotedEnd(message: string, from: number): number {
  for (let at = from; at < message.length; at += 1) {
    const character = message.charAt(at);
    if (character === "\n") return at;
    if (character === "\\") at += 1;
    if (character !== "'") continue;
    const closing = message.indexOf("'", at + 1);
    if (closing === -1) return message.length;
    at = closing;
  }
  return message.length;
}

/** Quotes an argument for the message. We never pass the result to a shell. */
function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
