import type { Clock } from "../clock.ts";
import { ManagerError } from "../errors.ts";
import { credentialSourcesOf, findCredentials } from "../gateway/credentials.ts";
import { type Answer, askStatus, toStatusUrl } from "../http/ask.ts";
import { cutLine, escapeControls } from "../printable.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { Mounted } from "../reconcile/standing.ts";
import { printNotice, printProgress } from "./print.ts";
import type { Invocation } from "./invocation.ts";
import type { Runtime } from "./runtime.ts";
import { readSidecarUrl } from "./sidecar-url.ts";
import { type Progress, compare } from "./wait-state.ts";

/** The first pause between two questions, in milliseconds. Each further one doubles it, until something changes. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 5_000;

/** How long one answer may take, in milliseconds. */
const ANSWER_LIMIT_MS = 5_000;

/** How long a wrong token or a strange answer may last, in milliseconds: a token is rotated, a former Pod answers last. */
const TROUBLE_LIMIT_MS = 30_000;

const EXIT = { inForce: 0, rejected: 1, late: 2 } as const;

type WaitInvocation = Extract<Invocation, { command: "wait" }>;

export interface WaitOptions {
  url: URL;
  timeoutSeconds: number;
}

export interface WaitDependencies {
  reconcilers: Readonly<Record<string, Pick<Reconciler, "name" | "readMounted">>>;
  clock: Pick<Clock, "uptimeMs" | "pause">;
  /** @throws {ManagerError} if there is no token to ask with. */
  ask: (limitMs: number) => Promise<Answer>;
  /** Prints a line of the result. */
  print: (line: string) => Promise<void>;
  /** Prints what is waited for, when that changes. */
  tell: (line: string) => void;
  /** Prints an error or a hint. */
  notice: (kind: "error" | "hint", line: string) => void;
}

/**
 * Runs {@link wait} with the mounts and the token of this container.
 *
 * @returns the exit code
 * @throws {ManagerError} `usage` if the address is none; else as {@link wait}
 */
export async function runWait(runtime: Runtime, invocation: WaitInvocation): Promise<number> {
  const { reconcilers, clock, settings, env } = runtime;
  const { timeoutSeconds } = invocation;
  const url = readSidecarUrl(invocation.url, settings);
  const sources = credentialSourcesOf(settings, env);
  return wait(
    {
      reconcilers,
      clock,
      // Read anew each time: it may be rotated.
      ask: async (limitMs) => askStatus(url, toSecret((await findCredentials(sources)).credentials), limitMs),
      print: (line) => runtime.print(`${escapeControls(cutLine(line))}\n`),
      tell: printProgress,
      notice: printNotice,
    },
    { url, timeoutSeconds },
  );
}

/** @throws {ManagerError} `refused` if there is none, or no header can hold it. */
function toSecret({ token, password }: { token?: string; password?: string }): string {
  const secret = (token ?? password ?? "").trim();
  const hint = "give this container OPENCLAW_GATEWAY_TOKEN, from the Secret that the gateway's container has it from";
  if (secret === "") {
    throw new ManagerError("refused", "there is no gateway token here, and a sidecar tells nobody without", { hint });
  }
  if (/\p{Cc}/u.test(secret)) throw new ManagerError("refused", "the gateway token has a control character in it");
  return secret;
}

/**
 * Waits until a sidecar says that every kind of setting that is mounted here is in force, as it is mounted here.
 *
 * @returns the exit code
 * @throws {ManagerError} `file` if nothing is mounted here or it cannot be read; `refused` if there is no usable token,
 * or the sidecar has another one; `rejected` if what answers is no sidecar
 */
export async function wait(dependencies: WaitDependencies, { url, timeoutSeconds }: WaitOptions): Promise<number> {
  const { clock, ask, print, notice } = dependencies;
  const tell = createTeller(dependencies);
  const endMs = clock.uptimeMs() + timeoutSeconds * 1000;
  let troubleMs: number | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const mounted = await readMounts(dependencies);
    const answer = await ask(Math.max(FIRST_PAUSE_MS, Math.min(ANSWER_LIMIT_MS, endMs - clock.uptimeMs())));
    const kinds = toKinds(mounted, answer, url);
    const rejected = kinds.filter(({ progress }) => progress.kind === "rejected");
    const hasChanged = tell(kinds);
    if (rejected.length > 0) {
      for (const { name, lines } of rejected.flatMap(toRejection))
        for (const line of lines) await print(`${name}: ${line}`);
      notice("error", `rejected: ${listNames(rejected)}`);
      return EXIT.rejected;
    }
    if (kinds.every(({ progress }) => progress.kind === "in-force")) {
      await print(`In force: ${listNames(kinds)}`);
      return EXIT.inForce;
    }
    const leftMs = endMs - clock.uptimeMs();
    const isTrouble = answer.kind === "refused" || answer.kind === "strange";
    troubleMs = isTrouble ? (troubleMs ?? clock.uptimeMs()) : undefined;
    if (isTrouble && (leftMs <= 0 || clock.uptimeMs() - (troubleMs ?? 0) >= TROUBLE_LIMIT_MS))
      throw toError(answer, url);
    if (leftMs <= 0) {
      for (const { name, progress } of kinds) {
        if (progress.kind === "waiting")
          notice("error", `${name}: not in force after ${timeoutSeconds} s: ${progress.reason}`);
      }
      if (answer.kind === "away")
        notice("hint", "a sidecar answers where it runs with --http-port and is ready to be reached");
      return EXIT.late;
    }
    pauseMs = hasChanged ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, MAX_PAUSE_MS);
    await clock.pause(Math.min(pauseMs, leftMs));
  }
}

/** Reads what is mounted here, by kind: it may be swapped while we wait. */
async function readMounts({ reconcilers }: WaitDependencies): Promise<[name: string, mounted: Mounted][]> {
  const read = Object.values(reconcilers).map(async ({ name, readMounted }) => [name, await readMounted?.()] as const);
  const mounted = (await Promise.all(read)).flatMap(([name, found]): [string, Mounted][] =>
    found?.checksum === undefined ? [] : [[name, found]],
  );
  if (mounted.length > 0) return mounted;
  throw new ManagerError("file", "nothing is mounted here that could be waited for", {
    hint: "mount the ConfigMaps in this container as in the sidecar's",
  });
}

interface Kind {
  name: string;
  progress: Progress;
}

function toKinds(mounted: readonly [string, Mounted][], answer: Answer, url: URL): Kind[] {
  if (answer.kind === "told") {
    return mounted.map(([name, here]) => ({ name, progress: compare(here, answer.standings.get(name)) }));
  }
  const reason = answer.kind === "away" ? describeAway(answer, url) : toError(answer, url).message;
  return mounted.map(([name]) => ({ name, progress: { kind: "waiting", reason } }));
}

function toRejection({ name, progress }: Kind): { name: string; lines: string[] }[] {
  return progress.kind === "rejected" ? [{ name, lines: progress.lines }] : [];
}

function describeAway({ reason }: Extract<Answer, { kind: "away" }>, url: URL): string {
  return `${toStatusUrl(url).href} does not answer: ${reason}`;
}

function toError(answer: Exclude<Answer, { kind: "told" | "away" }>, url: URL): ManagerError {
  const { href } = toStatusUrl(url);
  if (answer.kind === "refused") {
    return new ManagerError("refused", `${href} does not accept the gateway token of this container`, {
      hint: "give both containers the same token: the sidecar compares it with the one that it has for the gateway",
    });
  }
  return new ManagerError("rejected", `${href} is no status of a sidecar: ${answer.reason}`, {
    hint: "--url is the address of a sidecar's --http-port",
  });
}

/** Tells the state of each kind when it changes. @returns a function that returns whether any has. */
function createTeller({ tell }: Pick<WaitDependencies, "tell">): (kinds: readonly Kind[]) => boolean {
  const told = new Map<string, string>();
  return (kinds) => {
    let hasChanged = false;
    for (const { name, progress } of kinds) {
      if (progress.kind === "rejected") continue; // that ends it
      const line = progress.kind === "in-force" ? progress.line : `not in force yet: ${progress.reason}`;
      if (told.get(name) === line) continue;
      told.set(name, line);
      hasChanged = true;
      tell(`${name}: ${line}`);
    }
    return hasChanged;
  };
}

function listNames(kinds: readonly Kind[]): string {
  return kinds.map(({ name }) => name).join(", ");
}
