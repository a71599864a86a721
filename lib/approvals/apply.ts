import { ManagerError } from "../errors.ts";
import { readApprovals, writeApprovals } from "../gateway/approvals-calls.ts";
import type { Gateway } from "../gateway/connection.ts";
import type { HealDecision } from "../reconcile/healing.ts";
import type { ApprovalsChange } from "./changes.ts";
import { toKeyed } from "./document.ts";
import { type ApprovalsInput, type ApprovalsPlan, planApprovals } from "./plan.ts";

/** How often to plan again if somebody else changes the approvals between our read and our write. */
const MAX_ROUNDS = 4;

export interface ApplyOptions extends Pick<ApprovalsInput, "desired" | "base" | "pending" | "isApplied" | "prune"> {
  gateway: Gateway;
  /** Decides whether this drift is put back; undefined without `--self-heal`. */
  decide: ((drift: readonly ApprovalsChange[]) => HealDecision) | undefined;
  /** Is called before each write, and may prevent it by throwing. */
  onWrite: () => Promise<void>;
  nowMs: () => number;
}

/** What was done, and what is left. */
export interface Applied extends Pick<ApprovalsPlan, "changes" | "drift" | "notInGit"> {
  /** The drift that was put back. */
  healed: readonly ApprovalsChange[];
  /** What was decided on drift; undefined without any, or without `--self-heal`. */
  decision: HealDecision | undefined;
}

/**
 * Makes the gateway's approvals equal to Git's: reads, plans, and writes unless nothing differs, all or nothing. What
 * somebody grants meanwhile makes the write a conflict, and is read.
 *
 * @throws {RefusedApprovalsError} `rejected` if the gateway refuses the document; {@link ManagerError} `conflict` after
 * four tries, and as the calls
 */
export async function applyApprovals(options: ApplyOptions): Promise<Applied> {
  const { gateway, decide, onWrite, nowMs, ...input } = options;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const { file, hash } = await readApprovals(gateway);
    const observed = { ...input, observed: toKeyed(file), nowMs: nowMs() };
    const followed = planApprovals({ ...observed, isHealing: false });
    const decision = followed.drift.length > 0 ? decide?.(followed.drift) : undefined;
    const isHealing = decision === "now";
    const plan = isHealing ? planApprovals({ ...observed, isHealing }) : followed;
    const { changes, next } = plan;
    if (!next) return { changes, decision, healed: [], drift: plan.drift, notInGit: plan.notInGit };
    await onWrite();
    try {
      const after = await writeApprovals(gateway, next, hash);
      // What the gateway has not kept is drift.
      const rest = planApprovals({
        ...observed,
        observed: toKeyed(after.file),
        base: input.desired,
        pending: undefined,
        isApplied: true,
        isHealing: false,
      });
      return { changes, decision, healed: isHealing ? followed.drift : [], drift: rest.drift, notInGit: rest.notInGit };
    } catch (error) {
      if (!(error instanceof ManagerError) || error.code !== "conflict") throw error;
    }
  }
  throw new ManagerError(
    "conflict",
    `the gateway says each time that they have changed since they were read (${MAX_ROUNDS} tries)`,
    {
      hint: "find out what else writes them all the time",
    },
  );
}
