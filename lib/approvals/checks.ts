import { ManagerError, describeError } from "../errors.ts";
import { MissingApprovalsError } from "../gateway/approvals-calls.ts";
import { suggestReadable } from "../reconcile/check-places.ts";
import { type Check, fail, pass, skip, warn } from "../reconcile/check.ts";
import type { State } from "../reconcile/report.ts";
import { describeMissing } from "./messages.ts";
import { pathOfApprovals } from "./read.ts";
import type { ApprovalsSnapshot } from "./snapshot.ts";

const FILE = "exec approvals file";
const CALLS = "exec approvals calls";
const APPLIED = "exec approvals in force";
const SYNC = "config-manager sync --only approvals";

/** Checks Git's file. No check at all where there is nothing of this kind. */
export function checkApprovalsSource({ desired, isUnused }: ApprovalsSnapshot, configDir: string): Check[] {
  const path = pathOfApprovals(configDir);
  if (isUnused) return [];
  if (desired instanceof ManagerError) return [fail(FILE, describeError(desired), suggestReadable(path))];
  switch (desired.kind) {
    case "missing":
      return [warn(FILE, describeMissing(configDir), `mount the whole ConfigMap at ${configDir}, without subPath`)];
    case "absent":
      return [pass(FILE, `${path} is no longer in Git`)];
    case "invalid":
      return [fail(FILE, `${path}: ${desired.problems.join("; ")}`, `config-manager validate ${path}`)];
    case "valid":
      return [pass(FILE, `${path}, ${desired.entries} declared`)];
  }
}

/** Names what is in place of the records. */
export function checkApprovalsRecords({ obstacles }: ApprovalsSnapshot): Check[] {
  const [first] = obstacles;
  if (!first) return [];
  const found = obstacles.map(({ message }) => message).join("; ");
  return [warn("exec approvals records", `${found}; it is ignored`, `remove ${first.path}`)];
}

/** Checks that the gateway has the calls, and that the live approvals are what Git says. */
export function checkApprovalsApplied(
  { isUnused, live, plan }: ApprovalsSnapshot,
  state: State,
  problems: readonly string[],
): Check[] {
  if (isUnused) return [];
  if (live === undefined) return [skip(CALLS, FILE), skip(APPLIED, FILE)];
  if (live instanceof MissingApprovalsError) {
    const hint = live.hint ?? "let the gateway's image be one that has exec.approvals.get; 2026.2.9 has it";
    return [fail(CALLS, describeError(live), hint), skip(APPLIED, CALLS)];
  }
  if (live instanceof ManagerError) return [skip(CALLS, "gateway"), skip(APPLIED, CALLS)];
  return [pass(CALLS, "the gateway has them"), checkEqual(state, plan?.notInGit.length ?? 0, problems)];
}

function checkEqual(state: State, notInGit: number, problems: readonly string[]): Check {
  if (state === "pending") return warn(APPLIED, "the live ones are not yet what Git says", SYNC);
  if (state === "drifted") {
    const told = `${problems.join("; ")}; put it into Git, or sync --self-heal`;
    return fail(APPLIED, told, "config-manager diff --self-heal");
  }
  return pass(APPLIED, `the live ones are what Git says, and ${notInGit} more are not in Git`);
}
