import { createHash } from "node:crypto";
import type { ConfigGateway, ConfigIssue, ConfigView } from "../gateway/config-calls.ts";
import { parseConfig, readReloadMode } from "./document.ts";
import { ManagerError, describeError } from "../errors.ts";
import { redactValues } from "../text/redaction.ts";

/** How long a gateway may take to notice a new file, in milliseconds: 2026.9.6 takes 210, 2026.2.9 none. */
const NOTICE_LIMIT_MS = 5_000;

/** Between two questions, in milliseconds: a bad file must be out again within the gateway's debounce of 300. */
const ASK_PAUSE_MS = 10;

/** When to stop waiting for the watcher and ask past it, in milliseconds: late for 2026.9.6, early enough for 2026.8.2. */
const PROBE_AFTER_MS = 250;

/** How long a valid config may take to be in force before somebody should know, in milliseconds. */
const APPLY_TIMEOUT_MS = 30_000;

const APPLIED_PAUSE_MS = 100;

/** What a gateway says about a config, without its values. */
export type Verdict =
  /** `warnings`: what it will not do with it, all the same. `isApplied`: as {@link ConfigView} has it. */
  | { kind: "valid"; warnings: string[]; isApplied: boolean | undefined }
  | { kind: "invalid"; problems: string[] }
  /** It did not say. */
  | { kind: "unknown"; reason: string };

/** Time, to be handed something else by tests. */
export interface Clock {
  nowMs: () => number;
  pause: (ms: number) => Promise<void>;
}

/**
 * Asks until the gateway has seen these bytes, and says what it finds.
 *
 * @param staleHash the hash of what was there before; undefined where the bytes have been there for long
 */
export async function waitForVerdict(
  bytes: Uint8Array,
  gateway: ConfigGateway,
  staleHash: string | undefined,
  { nowMs, pause }: Clock,
): Promise<Verdict> {
  const beganMs = nowMs();
  let isProbed = false;
  try {
    for (;;) {
      const view = await gateway.readView();
      const verdict = await readVerdict(bytes, view, staleHash, gateway);
      if (verdict) return verdict;
      if (!isProbed && nowMs() >= beganMs + PROBE_AFTER_MS) {
        isProbed = true;
        const issues = await gateway.readIssues();
        if (issues) return toVerdict(bytes, foundPastCache(view, issues));
      }
      if (nowMs() > beganMs + NOTICE_LIMIT_MS) return { kind: "unknown", reason: explainBlindness(view) };
      await pause(ASK_PAUSE_MS);
    }
  } catch (error) {
    if (error instanceof ManagerError) return { kind: "unknown", reason: describeError(error) };
    throw error;
  }
}

/**
 * What the gateway that shows this view says of these bytes; undefined where it speaks of others.
 *
 * With a hash that means nothing to us, and none to compare it with, it may still speak of what was there before: 2026.8.2 does so for as long as
 * the file is invalid. So a file is valid only where it is so past the cache, too. A gateway that does not say what
 * it runs on (2026.7.35 has such hashes as well) has no such cache, and cannot be asked past it.
 *
 * @param staleHash as {@link waitForVerdict} has it
 * @throws {ManagerError} as {@link ConfigGateway.readIssues} does
 */
export async function readVerdict(
  bytes: Uint8Array,
  view: ConfigView,
  staleHash: string | undefined,
  gateway: ConfigGateway,
): Promise<Verdict | undefined> {
  if (!isViewOf(bytes, view, staleHash)) return undefined;
  const mayBeStale = staleHash === undefined && !isPlain(view.hash) && view.isApplied !== undefined;
  const issues = mayBeStale ? await gateway.readIssues() : undefined;
  const isAsShown = issues === undefined || (view.isValid && issues.length === 0);
  return toVerdict(bytes, isAsShown ? view : foundPastCache(view, issues));
}

/** Of the file it knows no more than that: the rest of the view is that of the former one. */
function foundPastCache(view: ConfigView, issues: ConfigIssue[]): ConfigView {
  const isApplied = view.isApplied === undefined ? undefined : false;
  return { ...view, isValid: issues.length === 0, issues, warnings: [], isApplied };
}

/** Whether it is a sha256; what is none tells only that something has changed. */
function isPlain(hash: string | undefined): boolean {
  return hash !== undefined && /^[0-9a-f]{64}$/.test(hash);
}

/** Whether the gateway speaks of these bytes, and not of what was there before, as far as its hash tells. */
export function isViewOf(bytes: Uint8Array, { hash }: ConfigView, staleHash: string | undefined): boolean {
  return isPlain(hash) ? hash === createHash("sha256").update(bytes).digest("hex") : hash !== staleHash;
}

function explainBlindness({ path }: ConfigView): string {
  const where = path === undefined ? "" : `; it reads ${path}`;
  return `the gateway has not noticed the file within ${NOTICE_LIMIT_MS / 1000} s${where}`;
}

function toVerdict(bytes: Uint8Array, { isValid, issues, warnings, isApplied }: ConfigView): Verdict {
  const config = parseConfig(bytes);
  const describe = ({ path, message }: ConfigIssue) => {
    const said = redactValues(message, config.kind === "parsed" ? config.value : {});
    return path === "" ? said : `${path}: ${said}`;
  };
  if (isValid) return { kind: "valid", warnings: unique(warnings.map(describe)), isApplied };
  return { kind: "invalid", problems: unique([...issues.map(describe), ...(issues.length > 0 ? [] : ["invalid"])]) };
}

/** One alternative that does not fit is reported for each of the others. */
function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}

/**
 * Waits until the gateway runs on the config that it sees, and that is not the one of before.
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

/** One WARNING, with the likely cause. */
export function describeApplyTimeout(bytes: Uint8Array): string {
  const config = parseConfig(bytes);
  const mode = config.kind === "parsed" ? readReloadMode(config.value) : undefined;
  const cause =
    mode === "off"
      ? "gateway.reload.mode is off, so it takes a restart of the gateway"
      : "a restart of the gateway may be deferred until running work is done, or gateway.reload.mode is off";
  return `WARNING: Config not in force after ${APPLY_TIMEOUT_MS / 1000} s: ${cause}`;
}
