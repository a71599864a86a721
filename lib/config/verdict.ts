import type { Clock } from "../clock.ts";
import { ManagerError, describeError, toResult } from "../errors.ts";
import type { ConfigGateway, ConfigIssue, ConfigView } from "../gateway/config-calls.ts";
import { createRedactor } from "../text/redaction.ts";
import type { Generation } from "./generation.ts";

/** How long a gateway may take to notice a new file, in milliseconds: 2026.9.6 takes 210, 2026.2.9 none. */
const NOTICE_LIMIT_MS = 5_000;

/** The pause between two reads, in milliseconds: an invalid file must be rolled back within the debounce of 300. */
const ASK_PAUSE_MS = 10;

/** When to bypass the gateway's cache, in milliseconds: late enough for 2026.9.6, early enough for 2026.8.2. */
const PROBE_AFTER_MS = 250;

/** A gateway's verdict on a config, without values. */
export type Verdict =
  /** `warnings`: parts that the gateway accepts and ignores. `isApplied`: see {@link ConfigView}. */
  | { kind: "valid"; warnings: string[]; isApplied: boolean | undefined }
  | { kind: "invalid"; problems: string[] }
  /** The gateway did not answer, or not about this file. */
  | { kind: "unknown"; reason: string };

type Configs = readonly (Generation | undefined)[];

/**
 * Polls until the gateway has seen this file, and returns its verdict.
 *
 * @param staleHash the hash of the previous file; undefined if this file has been in place for long
 * @param others the former config and Git's: their values are removed from the verdict, too
 */
export async function waitForVerdict(
  live: Generation,
  gateway: ConfigGateway,
  staleHash: string | undefined,
  { uptimeMs, pause }: Pick<Clock, "uptimeMs" | "pause">,
  others: Configs = [],
): Promise<Verdict> {
  const beganMs = uptimeMs();
  let isProbed = false;
  try {
    for (;;) {
      const view = await gateway.readView();
      const verdict = await readVerdict(live, view, staleHash, gateway, others);
      if (verdict) return verdict;
      if (!isProbed && uptimeMs() >= beganMs + PROBE_AFTER_MS) {
        isProbed = true;
        const issues = await gateway.readIssues();
        if (issues) return toVerdict([live, ...others], viewPastCache(view, issues));
      }
      if (uptimeMs() > beganMs + NOTICE_LIMIT_MS) return { kind: "unknown", reason: explainUnnoticed(view) };
      await pause(ASK_PAUSE_MS);
    }
  } catch (error) {
    if (error instanceof ManagerError) return { kind: "unknown", reason: describeError(error) };
    throw error;
  }
}

/**
 * Returns the verdict of this view on this file; undefined if the view is of another file.
 *
 * 2026.8.2 answers from its cache until it loads the file, and never reports a file that it rejects. Its hash is no
 * checksum of the file. So without a hash to compare, its view may be that of the previous file, and this file is valid
 * only if it is also valid when the cache is bypassed. A gateway that does not report what it runs on (2026.7.35, with
 * such a hash as well) has no such cache and no call to bypass it.
 *
 * @param staleHash see {@link waitForVerdict}
 * @throws {ManagerError} like {@link ConfigGateway.readIssues}
 */
export async function readVerdict(
  live: Generation,
  view: ConfigView,
  staleHash: string | undefined,
  gateway: ConfigGateway,
  others: Configs = [],
): Promise<Verdict | undefined> {
  if (!isViewOf(live, view, staleHash)) return undefined;
  const mayBeStale = staleHash === undefined && !isSha256(view.hash) && view.isApplied !== undefined;
  const issues = mayBeStale ? await gateway.readIssues() : undefined;
  const isAsShown = issues === undefined || (view.isValid && issues.length === 0);
  return toVerdict([live, ...others], isAsShown ? view : viewPastCache(view, issues));
}

/** Replaces the verdict of a view by these issues: the rest of the view belongs to the previous file. */
function viewPastCache(view: ConfigView, issues: ConfigIssue[]): ConfigView {
  const isApplied = view.isApplied === undefined ? undefined : false;
  return { ...view, isValid: issues.length === 0, issues, warnings: [], isApplied };
}

/** Any other hash is opaque: it only shows whether something has changed. */
function isSha256(hash: string | undefined): boolean {
  return hash !== undefined && /^[0-9a-f]{64}$/.test(hash);
}

/** Returns whether the view is of this file rather than the previous one, as far as the hash tells. */
export function isViewOf(
  { root, hasIncludes }: Generation,
  { hash }: ConfigView,
  staleHash: string | undefined,
): boolean {
  if (!isSha256(hash)) return hash !== staleHash;
  // With includes, some releases report a hash over all files.
  return hash === root.sha256 || (hasIncludes && hash !== staleHash);
}

function explainUnnoticed({ path }: ConfigView): string {
  const where = path === undefined ? "" : `; it reads ${path}`;
  return `the gateway has not noticed the file within ${NOTICE_LIMIT_MS / 1000} s${where}`;
}

/**
 * Creates a function that removes the values of these configs from a gateway's message: of the new one, and of the former
 * one, which a gateway may quote just as well.
 */
export function createMessageRedactor(...configs: readonly (Generation | undefined)[]): (message: string) => string {
  let redact: ((message: string) => string) | undefined; // at the first message: most verdicts have none
  return (message) => {
    redact ??= createRedactor(configs.flatMap((config) => (config ? [config.value] : [])));
    return redact(message);
  };
}

function toVerdict(configs: Configs, { isValid, issues, warnings, isApplied }: ConfigView): Verdict {
  const redact = createMessageRedactor(...configs);
  const describe = ({ path, message }: ConfigIssue) => {
    const said = redact(message);
    return path === "" ? said : `${path}: ${said}`;
  };
  if (isValid) return { kind: "valid", warnings: unique(warnings.map(describe)), isApplied };
  return { kind: "invalid", problems: unique([...issues.map(describe), ...(issues.length > 0 ? [] : ["invalid"])]) };
}

/** For a union in the schema, a gateway repeats the same message once per alternative. */
function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}

/** How long to wait for the gateway's view of the current file before the next one is written, in milliseconds. */
const VIEW_LIMIT_MS = 3_000;

/** Returns undefined if the gateway does not answer: then it cannot validate the next file either. */
export async function readViewBefore(gateway: ConfigGateway, pause: Clock["pause"]): Promise<ConfigView | undefined> {
  const view = await toResult(readViewInTime(gateway, pause));
  return view instanceof ManagerError ? undefined : view;
}

/** Returns undefined if the gateway takes longer than {@link VIEW_LIMIT_MS}. */
export function readViewInTime(gateway: ConfigGateway, pause: Clock["pause"]): Promise<ConfigView | undefined> {
  return Promise.race([gateway.readView(), pause(VIEW_LIMIT_MS).then(() => undefined)]);
}
