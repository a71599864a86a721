import type { Clock } from "../clock.ts";
import { ManagerError } from "../errors.ts";
import { type Answer, toStatusUrl } from "../http/ask.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { Mounted } from "../reconcile/standing.ts";
import type { Nudge } from "./nudge.ts";
import { type Progress, compare } from "./wait-state.ts";

/** The first pause between two questions, in milliseconds. Each further one doubles it, until something changes. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 5_000;

/** How long one answer may take, in milliseconds. */
const ANSWER_LIMIT_MS = 5_000;

/** How long a wrong token or a strange answer may last, in milliseconds: a token is rotated, a former Pod answers last. */
const TROUBLE_LIMIT_MS = 30_000;

const EXIT = { inForce: 0, rejected: 1, late: 2 } as const;

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
  /** Has the sidecar's volumes refreshed. */
  nudge?: Nudge | undefined;
}

/**
 * Waits until a sidecar says that every kind of setting that is mounted here is in force, as it is mounted here.
 *
 * @returns the exit code
 * @throws {ManagerError} `file` if nothing is mounted here or it cannot be read; `refused` if there is no usable token,
 * or the sidecar has another one; `rejected` if what answers is no sidecar
 */
export async function wait(dependencies: WaitDependencies, { url, timeoutSeconds }: WaitOptions): Promise<number> {
  const { clock, ask, print, notice, nudge } = dependencies;
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
    const isBehind = kinds.some(({ progress }) => progress.kind === "waiting" && progress.hasOthers);
    const isNudged =
      isBehind && answer.kind === "told" && (await nudge?.(answer.pod, Math.min(ANSWER_LIMIT_MS, leftMs)));
    pauseMs = hasChanged || isNudged ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, MAX_PAUSE_MS);
    await clock.pause(Math.max(0, Math.min(pauseMs, endMs - clock.uptimeMs())));
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
