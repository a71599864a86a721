import type { LiveJob } from "../gateway/job.ts";

/** Who owns a live job, from the point of view of one owner. */
export type Claim =
  /** We declared it, under this name. */
  | { kind: "ours"; name: string }
  /** No key and no mark: somebody created it by hand, or an agent did on request. */
  | { kind: "unclaimed" }
  /** It belongs to another manager or to the gateway (`heartbeat:`, `memory-core:`, `claw:`, …). Never touched. */
  | { kind: "foreign" };

/** The gateway refuses a longer declaration key (2026.9.6). */
const MAX_KEY_LENGTH = 200;

/** Any manager's mark, at any position: memory-core puts its own at the front. */
const ANY_MARK = /\[managed-by=[^\][]*\]/;

/** Returns our declaration key for a job; undefined if the name is too long for one. Such a job gets a mark instead. */
export function declarationKeyOf(owner: string, name: string): string | undefined {
  const key = `${owner}:${name}`;
  return key.length <= MAX_KEY_LENGTH ? key : undefined;
}

/** Appends our mark to the description of a job that has no declaration key. */
export function markDescription(description: string | undefined, owner: string): string {
  return description ? `${description} ${markOf(owner)}` : markOf(owner);
}

/** Returns the description without our mark; undefined if nothing else is left. */
export function unmarkDescription(description: string | undefined, owner: string): string | undefined {
  const text = description?.trimEnd() ?? "";
  return (text.endsWith(markOf(owner)) ? text.slice(0, -markOf(owner).length).trimEnd() : text) || undefined;
}

/** Reads who owns a live job: by its declaration key, or, without a key, by the mark in its description. */
export function readClaim(job: LiveJob, owner: string): Claim {
  if (job.declarationKey !== undefined) {
    const prefix = `${owner}:`;
    const name = job.declarationKey.startsWith(prefix) ? job.declarationKey.slice(prefix.length) : "";
    return name === "" ? { kind: "foreign" } : { kind: "ours", name };
  }
  const description = job.description?.trimEnd() ?? "";
  if (description.endsWith(markOf(owner))) return { kind: "ours", name: job.name };
  return ANY_MARK.test(description) ? { kind: "foreign" } : { kind: "unclaimed" };
}

/** Returns whether we own a live job. */
export function isOurs(job: LiveJob, owner: string): boolean {
  return readClaim(job, owner).kind === "ours";
}

function markOf(owner: string): string {
  return `[managed-by=${owner}]`;
}

/** Groups our jobs by the name that we declared, and unclaimed jobs by their own name; oldest first. */
export function groupByClaim(live: readonly LiveJob[], owner: string) {
  const ours = new Map<string, LiveJob[]>();
  const unclaimed = new Map<string, LiveJob[]>();
  const byAge = live.toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
  for (const job of byAge) {
    const claim = readClaim(job, owner);
    if (claim.kind === "ours") append(ours, claim.name, job);
    if (claim.kind === "unclaimed") append(unclaimed, job.name, job);
  }
  return { ours, unclaimed };
}

function append(groups: Map<string, LiveJob[]>, name: string, job: LiveJob): void {
  const group = groups.get(name);
  if (group) group.push(job);
  else groups.set(name, [job]);
}
