import { ManagerError, describeError } from "../errors.ts";
import type { ConfigGateway, ConfigIssue, ConfigView } from "../gateway/config-calls.ts";
import { redactValues } from "../text/redaction.ts";
import type { ConfigFile } from "./config-file.ts";

/** How long a gateway may take to notice a new file, in milliseconds: 2026.9.6 takes 210, 2026.2.9 none. */
const NOTICE_LIMIT_MS = 5_000;

/** Between two questions, in milliseconds: a bad file must be out again within the gateway's debounce of 300. */
const ASK_PAUSE_MS = 10;

/** When to ask past the gateway's cache, in milliseconds: late enough for 2026.9.6, early enough for 2026.8.2. */
const PROBE_AFTER_MS = 250;

/** How long a gateway may take to apply a valid config before the log says so, in milliseconds. */
export const APPLY_TIMEOUT_MS = 30_000;

const APPLIED_PAUSE_MS = 100;

/** What a gateway says about a config, without its values. */
export type Verdict =
  /** `warnings`: what it will not do with it, all the same. `isApplied`: as {@link ConfigView} has it. */
  | { kind: "valid"; warnings: string[]; isApplied: boolean | undefined }
  | { kind: "invalid"; problems: string[] }
  /** It did not say. */
  | { kind: "unknown"; reason: string };

/** Time; tests hand in another one. */
export interface Clock {
  nowMs: () => number;
  pause: (ms: number) => Promise<void>;
}

/**
 * Asks until the gateway has seen this file, and returns what it finds.
 *
 * @param staleHash the hash of what was there before; undefined where the file has been there for long
 */
export async function waitForVerdict(
  file: ConfigFile,
  gateway: ConfigGateway,
  staleHash: string | undefined,
  { nowMs, pause }: Clock,
): Promise<Verdict> {
  const beganMs = nowMs();
  let isProbed = false;
  try {
    for (;;) {
      const view = await gateway.readView();
      const verdict = await readVerdict(file, view, staleHash, gateway);
      if (verdict) return verdict;
      if (!isProbed && nowMs() >= beganMs + PROBE_AFTER_MS) {
        isProbed = true;
        const issues = await gateway.readIssues();
        if (issues) return toVerdict(file, viewPastCache(view, issues));
      }
      if (nowMs() > beganMs + NOTICE_LIMIT_MS) return { kind: "unknown", reason: explainUnnoticed(view) };
      await pause(ASK_PAUSE_MS);
    }
  } catch (error) {
    if (error instanceof ManagerError) return { kind: "unknown", reason: describeError(error) };
    throw error;
  }
}

/**
 * What the gateway that shows this view says of this file; undefined where the view is of another one.
 *
 * 2026.8.2 answers from its cache until it loads the file, and never reports a file that it rejects. Its hash means
 * nothing to us, so with no hash to compare, its view may be that of the former file. A file is valid there only
 * if it is valid past the cache, too. A gateway that does not say what it runs on (2026.7.35, with such a hash as
 * well) has no such cache, and cannot be asked past it.
 *
 * @param staleHash as {@link waitForVerdict} has it
 * @throws {ManagerError} as {@link ConfigGateway.readIssues} does
 */
export async function readVerdict(
  file: ConfigFile,
  view: ConfigView,
  staleHash: string | undefined,
  gateway: ConfigGateway,
): Promise<Verdict | undefined> {
  if (!isViewOf(file, view, staleHash)) return undefined;
  const mayBeStale = staleHash === undefined && !isSha256(view.hash) && view.isApplied !== undefined;
  const issues = mayBeStale ? await gateway.readIssues() : undefined;
  const isAsShown = issues === undefined || (view.isValid && issues.length === 0);
  return toVerdict(file, isAsShown ? view : viewPastCache(view, issues));
}

/** The rest of the view is that of the former file, so only the issues count. */
function viewPastCache(view: ConfigView, issues: ConfigIssue[]): ConfigView {
  const isApplied = view.isApplied === undefined ? undefined : false;
  return { ...view, isValid: issues.length === 0, issues, warnings: [], isApplied };
}

/** Any other hash only tells that something has changed. */
function isSha256(hash: string | undefined): boolean {
  return hash !== undefined && /^[0-9a-f]{64}$/.test(hash);
}

/** Whether the view is of this file, and not of what was there before, as far as its hash tells. */
export function isViewOf(file: ConfigFile, { hash }: ConfigView, staleHash: string | undefined): boolean {
  return isSha256(hash) ? hash === file.sha256 : hash !== staleHash;
}

function explainUnnoticed({ path }: ConfigView): string {
  const where = path === undefined ? "" : `; it reads ${path}`;
  return `the gateway has not noticed the file within ${NOTICE_LIMIT_MS / 1000} s${where}`;
}

function toVerdict({ parsed }: ConfigFile, { isValid, issues, warnings, isApplied }: ConfigView): Verdict {
  const describe = ({ path, message }: ConfigIssue) => {
    const said = redactValues(message, parsed.kind === "parsed" ? parsed.value : {});
    return path === "" ? said : `${path}: ${said}`;
  };
  if (isValid) return { kind: "valid", warnings: unique(warnings.map(describe)), isApplied };
  return { kind: "invalid", problems: unique([...issues.map(describe), ...(issues.length > 0 ? [] : ["invalid"])]) };
}

/** A gateway reports one alternative that does not fit once for each of the others. */
function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}

/**
 * Waits until the gateway runs on the config that it sees, and that is not the former one.
 *
 * @returns `unknown` where the gateway does not tell, has gone away, or `isOver` says so.
 */
export async function waitUntilApplied(
  gateway: ConfigGateway,
  staleHash: string | undefined,
  isOver: () => boolean,
  { nowMs, pause }: Clock,
): Promise<"applied" | "timeout" | "unknown"> {
  const untilMs = nowMs() + APPLY_TIMEOUT_MS;
  try {
    while (!isOver()) {
      const { isApplied, hash } = await gateway.readView();
      if (isApplied === undefined) return "unknown";
      if (isApplied && (staleHash === undefined || hash !== staleHash)) return "applied";
      if (nowMs() > untilMs) return "timeout";
      await pause(APPLIED_PAUSE_MS);
    }
  } catch (error) {
    if (!(error instanceof ManagerError)) throw error;
  }
  return "unknown";
}
