import type { JsonObject } from "../json.ts";
import { projectOnto } from "../reconcile/merge.ts";
import { type ApprovalsChange, findApprovalsChanges } from "./changes.ts";
import { type Keyed, fromKeyed } from "./document.ts";
import { mergeApprovals } from "./merge.ts";

/** What a plan is made of. */
export interface ApprovalsInput {
  /** What Git declares; empty if it has dropped the file. */
  desired: Keyed;
  /** What Git said when it was last applied; undefined if that is unknown: then nothing is taken out. */
  base: Keyed | undefined;
  /** What a killed pass may have applied after `base`: then every path that Git declares is a change. */
  pending?: Keyed | undefined;
  /** Whether `base` is of the very file that Git has now. */
  isApplied: boolean;
  observed: Keyed;
  prune: "owned" | "none";
  /** Whether what others have changed is put back. */
  isHealing: boolean;
  /** In milliseconds since 1970. */
  nowMs: number;
}

export interface ApprovalsPlan {
  /** The document to send; undefined if there is nothing to write. */
  next: JsonObject | undefined;
  /** What it changes. */
  changes: readonly ApprovalsChange[];
  /** What Git declares, what something else has changed, and what is left so: as changes that would put it back. */
  drift: readonly ApprovalsChange[];
  /** What is live and not in Git, after the changes. */
  notInGit: readonly ApprovalsChange[];
}

/**
 * Plans what to do with the exec approvals. Pure. What changed in Git since it was last applied is changed in the live
 * ones; a path that something else has changed, and Git has not, stays as it is unless `isHealing`.
 */
export function planApprovals(input: ApprovalsInput): ApprovalsPlan {
  const { desired, base, isApplied, pending, isHealing, nowMs, observed } = input;
  const before = pending ? undefined : base && projectOnto(desired, base);
  const isFollowed = base !== undefined && isApplied && !pending;
  const followed = isFollowed ? observed : mergeApprovals(before as Keyed, desired, takeOut(input));
  const target = isHealing ? mergeApprovals(undefined, desired, followed) : followed;
  const changes = findApprovalsChanges(observed, target);
  return {
    next: changes.length > 0 ? fromKeyed(target, nowMs) : undefined,
    changes,
    drift: findApprovalsChanges(target, mergeApprovals(undefined, desired, target)),
    notInGit: findApprovalsChanges(mergeThere(desired, target), target).filter(({ kind }) => kind === "added"),
  };
}

/** The live document without what was applied and is no longer in Git. */
function takeOut({ desired, base, pending, observed, prune }: ApprovalsInput): Keyed {
  const applied = prune === "none" ? [] : [base, pending].filter((each) => each !== undefined);
  return applied.reduce((live, each) => mergeApprovals(each, projectOnto(desired, each) as Keyed, live), observed);
}

/** What the live document has of what Git declares. */
function mergeThere(desired: Keyed, live: Keyed): Keyed {
  return projectOnto(desired, live) as Keyed;
}
