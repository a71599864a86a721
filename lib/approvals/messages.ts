import { listSome } from "../printable.ts";
import type { HealDecision } from "../reconcile/healing.ts";
import { type ApprovalsChange, formatChanges } from "./changes.ts";

/** How many paths one line names. */
const MAX_PATHS = 10;

/** Paths and counts, without patterns. */
export function listChanges(changes: readonly ApprovalsChange[]): string {
  return listSome(formatChanges(changes), MAX_PATHS);
}

/** Returns a WARNING per problem of the file. */
export function describeInvalid(problems: readonly string[]): string[] {
  return problems.map((problem) => `WARNING: Exec approvals rejected, the live ones stay as they are: ${problem}`);
}

/** Returns one WARNING for a document that the gateway does not take. */
export function describeRefused(message: string, release: string): string {
  const advice = /unexpected property/.test(message) ? ` (this release, ${release}, has no such field)` : "";
  return `WARNING: Exec approvals refused by the gateway, the live ones stay as they are: ${message}${advice}`;
}

/** What something else has changed, a line each, for a report. */
export function listDrift(drift: readonly ApprovalsChange[]): string[] {
  return formatChanges(drift).map((path) => `${path}: something else has changed it`);
}

/** Why a gateway without the calls takes nothing, for a report. @param reason why there are none */
export function explainNoCalls(reason: string): string {
  return `they cannot be applied: ${reason}`;
}

/** Returns one WARNING for a gateway that has no such calls. */
export function describeNoCalls(reason: string): string {
  return `WARNING: Exec approvals cannot be applied: ${reason}`;
}

/** Why nothing is done, and nothing taken out, though there was a file before. */
export function describeMissing(configDir: string): string {
  return `${configDir} is empty or not mounted; the live ones stay`;
}

/** Returns one WARNING, without values. `decision`: undefined without `--self-heal`. */
export function describeDrift(drift: readonly ApprovalsChange[], decision: HealDecision | undefined): string {
  const advice = {
    now: "--self-heal has put it back, and the gateway has not kept it",
    later: "--self-heal puts it back, at most once a minute",
    "given-up": "--self-heal gives up: two heals did not last; put it into Git: config-manager export approvals",
    none: "it stays so until Git changes the same; --self-heal would put it back",
  }[decision ?? "none"];
  return `WARNING: Exec approvals drift: something else has changed what Git declares: ${listChanges(drift)} (${advice})`;
}
