// A stand-in for the `openclaw` command, of two kinds: a replay prints what was recorded, takes everything, and notes its
// arguments; a keeper, which is this file as a program, keeps jobs, and speaks two dialects: the CLI's own, and the one
// that manager.sh takes it to have.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Replay {
  /** For PATH. */
  bin: string;
  /** The arguments of each call so far. */
  calls(): string[][];
}

/** An `openclaw` that lives in this directory and prints a recorded version and list. In sh, which starts at once. */
export function createReplay(directory: string, version: string, list: string): Replay {
  const bin = join(directory, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(directory, "version"), version);
  writeFileSync(join(directory, "list"), list);
  writeFileSync(join(directory, "calls"), "");
  const script = `#!/bin/sh
cd '${directory}' && printf '%s\\0' "$#" "$@" >>calls
case "$*" in
  --version) cat version ;;
  "cron list --all --json") cat list ;;
  "cron status --json") echo '{"enabled":true}' ;;
esac
`;
  writeFileSync(join(bin, "openclaw"), script, { mode: 0o755 });
  return { bin, calls: () => readCalls(readFileSync(join(directory, "calls"), "utf8")) };
}

/** The number of arguments of a call, then each of them, then the next call; a NUL after each. */
function readCalls(text: string): string[][] {
  const words = text.split("\0").slice(0, -1);
  const calls: string[][] = [];
  while (words.length > 0) {
    const count = Number(words.shift());
    calls.push(words.splice(0, count));
  }
  return calls;
}

type Fields = Record<string, unknown>;
type Job = Fields & { id: string; name: string };

export interface Kept {
  jobs: Job[];
  /** The number of jobs created so far; it gives the next job its id and age. */
  made: number;
  /** Writes to reject, once each: `add disk-report`. */
  refuse: string[];
  /** The writes so far, `add disk-report` or `add disk-report, refused`. */
  writes: string[];
}

export interface Keeper {
  /** For PATH. */
  bin: string;
  read(): Kept;
  /** Call it only while no `openclaw` writes. */
  change(edit: (kept: Kept) => void): void;
}

/** Creates an `openclaw` that stores its jobs in this directory. */
export function createKeeper(directory: string): Keeper {
  const bin = installKeeper(directory);
  writeKept(directory, { jobs: [], made: 0, refuse: [], writes: [] });
  return {
    bin,
    read: () => readKept(directory),
    change(edit) {
      const kept = readKept(directory);
      edit(kept);
      writeKept(directory, kept);
    },
  };
}

/** Adds a job with these fields, and fills in the others as a gateway does. */
export function addJob(kept: Kept, fields: Fields & { name: string }): void {
  kept.made += 1;
  const schedule = { kind: "cron", expr: "0 0 * * *" };
  const payload = { kind: "agentTurn", message: "nothing" };
  const delivery = { mode: "none", channel: "last" };
  const identity = { id: `job-${kept.made}`, createdAtMs: kept.made, enabled: true };
  kept.jobs.push({ ...identity, sessionTarget: "isolated", wakeMode: "now", schedule, payload, delivery, ...fields });
}

function installKeeper(directory: string): string {
  const bin = join(directory, "bin");
  mkdirSync(bin, { recursive: true });
  const command = [process.execPath, import.meta.path, directory].map((word) => `'${word}'`).join(" ");
  writeFileSync(join(bin, "openclaw"), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  return bin;
}

function readKept(directory: string): Kept {
  return JSON.parse(readFileSync(join(directory, "kept"), "utf8")) as Kept;
}

/** Writes atomically: another process may be reading. */
function writeKept(directory: string, kept: Kept): void {
  writeFileSync(join(directory, "kept.new"), JSON.stringify(kept));
  renameSync(join(directory, "kept.new"), join(directory, "kept"));
}

function keep(directory: string, args: readonly string[]): string {
  const kept = readKept(directory);
  const line = args.join(" ");
  if (line === "--version") return "OpenClaw 2026.9.6 (stub)\n";
  if (line === "cron list --all --json") return JSON.stringify({ jobs: kept.jobs });
  if (line === "cron status --json") return '{"enabled":true}';
  if (line === "cron list --format json") return JSON.stringify(kept.jobs.map(({ name }) => ({ name })));

  const write = args[2]?.startsWith("/") || args[1] === "remove" ? obeyPlan(kept, args) : obey(kept, args);
  const isRefused = kept.refuse.includes(write);
  const after = isRefused ? readKept(directory) : kept;
  after.refuse = after.refuse.filter((refused) => refused !== write);
  after.writes.push(isRefused ? `${write}, refused` : write);
  writeKept(directory, after);
  if (isRefused) throw new Error(`no ${write} today`);
  return "";
}

/** Runs manager.sh's dialect: `add FILE`, `update FILE`, `remove NAME`. Returns the write. */
function obeyPlan(kept: Kept, [, verb, argument = ""]: readonly string[]): string {
  const name = verb === "remove" ? argument : (JSON.parse(readFileSync(argument, "utf8")) as Job).name;
  if (verb === "add") addJob(kept, { name });
  if (verb === "remove") kept.jobs = kept.jobs.filter((job) => job.name !== name);
  return `${verb} ${name}`;
}

/** Runs the real dialect: `add` with flags, `edit ID` with flags, `rm ID`. Returns the write in manager.sh's words. */
function obey(kept: Kept, [, verb, ...args]: readonly string[]): string {
  if (verb === "add") {
    const fields = readFlags(args) as Fields & { name: string };
    const known = kept.jobs.find((job) => job.declarationKey && job.declarationKey === fields.declarationKey);
    if (known) Object.assign(known, fields);
    else addJob(kept, fields);
    return `${known ? "update" : "add"} ${fields.name}`;
  }
  const [id = "", ...flags] = args;
  const job = kept.jobs.find((candidate) => candidate.id === id);
  if (!job) throw new Error(`unknown cron job id: ${id}`);
  if (verb === "edit") {
    const { schedule, payload, delivery, ...fields } = readFlags(flags);
    // 2026.9.6 keeps the time zone if the new expression comes without one.
    const { tz } = job.schedule as Fields;
    if (schedule) job.schedule = schedule.kind === "cron" ? { tz, ...schedule } : schedule;
    Object.assign(job, fields, { payload: merge(job.payload, payload), delivery: merge(job.delivery, delivery) });
    return `update ${job.name}`;
  }
  if (verb !== "rm") throw new Error(`unknown command: ${verb}`);
  kept.jobs = kept.jobs.filter((candidate) => candidate !== job);
  return `remove ${job.name}`;
}

/** Merges objects of the same kind field by field; another kind replaces the object. */
function merge(held: unknown, given: unknown): unknown {
  const [before, after] = [held, given] as [Fields, Fields | undefined];
  return after?.kind !== undefined && after.kind !== before.kind ? after : { ...before, ...after };
}

/** The field that each flag sets, and its value if the flag takes none. */
const FLAGS: Record<string, readonly [path: string, value?: unknown]> = {
  name: ["name"],
  description: ["description"],
  "display-name": ["displayName"],
  agent: ["agentId"],
  "session-key": ["sessionKey"],
  session: ["sessionTarget"],
  wake: ["wakeMode"],
  "declaration-key": ["declarationKey"],
  "delete-after-run": ["deleteAfterRun", true],
  "keep-after-run": ["deleteAfterRun", false],
  enable: ["enabled", true],
  disable: ["enabled", false],
  disabled: ["enabled", false],
  cron: ["schedule.expr"],
  tz: ["schedule.tz"],
  exact: ["schedule.staggerMs", 0],
  stagger: ["schedule.staggerMs"],
  every: ["schedule.everyMs"],
  at: ["schedule.at"],
  "system-event": ["payload.text"],
  message: ["payload.message"],
  model: ["payload.model"],
  thinking: ["payload.thinking"],
  fallbacks: ["payload.fallbacks"],
  "light-context": ["payload.lightContext", true],
  tools: ["payload.toolsAllow"],
  "command-argv": ["payload.argv"],
  "command-cwd": ["payload.cwd"],
  "command-env": ["payload.env"],
  "command-input": ["payload.input"],
  "timeout-seconds": ["payload.timeoutSeconds"],
  "no-output-timeout-seconds": ["payload.noOutputTimeoutSeconds"],
  "output-max-bytes": ["payload.outputMaxBytes"],
  "no-deliver": ["delivery.mode", "none"],
  announce: ["delivery.mode", "announce"],
  webhook: ["delivery.to"],
  channel: ["delivery.channel"],
  to: ["delivery.to"],
  account: ["delivery.accountId"],
  "thread-id": ["delivery.threadId"],
  "best-effort-deliver": ["delivery.bestEffort", true],
};

/** The field that selects the kind of a schedule or payload. */
const KINDS = { expr: "cron", everyMs: "every", at: "at", text: "systemEvent", message: "agentTurn", argv: "command" };

/** Returns the job's fields that these flags set; undefined for one that they clear. */
function readFlags(args: readonly string[]): Fields & { schedule?: Fields; payload?: Fields; delivery?: Fields } {
  const job: Fields = {};
  for (const argument of args) {
    if (argument === "--json") continue;
    const [, clear, flag = "", value] = /^--(clear-)?([a-z-]+)(?:=(.*))?$/s.exec(argument) ?? [];
    const [path, fixed] = FLAGS[flag] ?? [];
    if (path === undefined) throw new Error(`unknown option '${argument}'`);
    const [field = "", inner] = path.split(".");
    const target = inner === undefined ? job : ((job[field] ??= {}) as Fields);
    const key = inner ?? field;
    target[key] = clear ? undefined : value === undefined ? fixed : readValue(key, value, target[key]);
    if (flag === "webhook") target.mode = "webhook";
    if (key in KINDS) target.kind = KINDS[key as keyof typeof KINDS];
  }
  return job;
}

function readValue(key: string, value: string, before: unknown): unknown {
  if (/(Ms|Seconds|Bytes)$/.test(key)) return Number.parseInt(value, 10);
  if (key === "argv") return JSON.parse(value);
  if (key === "fallbacks" || key === "toolsAllow") return value.split(",");
  if (key !== "env") return value;
  const [name = "", ...content] = value.split("=");
  return { ...(before as Fields | undefined), [name]: content.join("=") };
}

if (import.meta.main) {
  const [directory = "", ...args] = process.argv.slice(2);
  try {
    process.stdout.write(keep(directory, args));
  } catch (error) {
    process.stderr.write(`Error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
