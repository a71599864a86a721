import type { LiveJob } from "../gateway/job.ts";

/** Whose a live job is, from the point of view of one owner. */
export type Claim =
  /** Declared by us, under this name. */
  | { kind: "ours"; name: string }
  /** Nobody says that it is theirs: made by hand, or by an agent on request. */
  | { kind: "unclaimed" }
  /** Another manager's, or the gateway's own (`heartbeat:`, `memory-core:`, `claw:`, …). Never touched. */
  | { kind: "foreign" };

/** The gateway refuses a longer declaration key (2026.9.6). */
const MAX_KEY_LENGTH = 200;

/** Any manager's mark, wherever it stands: memory-core puts its own at the front. */
const ANY_MARK = /\[managed-by=[^\]]*\]/;

/** The key that says a job is ours; undefined for a name too long to fit into one, which then carries a mark. */
export function declarationKeyOf(owner: string, name: string): string | undefined {
  const key = `${owner}:${name}`;
  return key.length <= MAX_KEY_LENGTH ? key : undefined;
}

/** The description with our mark at its end, for a job that has no key to say whose it is. */
export function markDescription(description: string | undefined, owner: string): string {
  return description ? `${description} ${markOf(owner)}` : markOf(owner);
}

/** The description without our mark; undefined where nothing else is in it. */
export function unmarkDescription(description: string | undefined, owner: string): string | undefined {
  const text = description?.trimEnd() ?? "";
  return (text.endsWith(markOf(owner)) ? text.slice(0, -markOf(owner).length).trimEnd() : text) || undefined;
}

/** Reads who claims a live job. A key decides alone; without one, the mark in the description does. */
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

/** Whether we declared it. */
export function isOurs(job: LiveJob, owner: string): boolean {
  return readClaim(job, owner).kind === "ours";
}

function markOf(owner: string): string {
  return `[managed-by=${owner}]`;
}

/** The jobs that are ours, by the name under which we declared them, and those that nobody claims, by their own. Oldest first. */
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
