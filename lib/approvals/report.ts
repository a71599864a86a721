import { ManagerError } from "../errors.ts";
import { MissingApprovalsError } from "../gateway/approvals-calls.ts";
import type { DiffEntry, DiffReport, Report, State, StatusReport } from "../reconcile/report.ts";
import { maskText } from "../text/secrets.ts";
import { type ApprovalsChange, MARKS } from "./changes.ts";
import { checkApprovalsApplied, checkApprovalsRecords, checkApprovalsSource } from "./checks.ts";
import { pathOfApprovals } from "./read.ts";
import { type ApprovalsSnapshot, findApprovalsProblems } from "./snapshot.ts";

/** Reports on the exec approvals for `status`, `diff` and `doctor`. */
export function reportApprovals(snapshot: ApprovalsSnapshot, configDir: string): Report {
  const problems = findApprovalsProblems(snapshot, configDir);
  const state = toState(snapshot);
  return {
    status: () => toStatus(snapshot, state, problems),
    diff: () => toDiff(snapshot, configDir, problems),
    check: async () => ({
      source: checkApprovalsSource(snapshot, configDir),
      place: checkApprovalsRecords(snapshot),
      ownership: [],
      applied: checkApprovalsApplied(snapshot, state, problems),
    }),
  };
}

function toState({ desired, isUnused, live, plan }: ApprovalsSnapshot): State {
  if (isUnused) return "in-sync";
  if (desired instanceof ManagerError) return "unknown";
  if (desired.kind === "invalid" || live instanceof MissingApprovalsError) return "rejected";
  if (!plan) return "unknown";
  if (plan.changes.length > 0) return "pending";
  return plan.drift.length > 0 ? "drifted" : "in-sync";
}

function toStatus(snapshot: ApprovalsSnapshot, state: State, problems: string[]): StatusReport {
  const { desired, plan, isUnused } = snapshot;
  const declared = !(desired instanceof ManagerError) && desired.kind === "valid" ? desired.entries : 0;
  const notInGit = plan?.notInGit.length ?? 0;
  return {
    json: { state, declared, notInGit, problems },
    detail: `${declared} declared${plan ? `, ${notInGit} not in Git` : ""}`,
    isUnused,
  };
}

function toDiff({ desired, live, plan }: ApprovalsSnapshot, configDir: string, problems: string[]): DiffReport {
  const { changes = [], drift = [], notInGit = [] } = plan ?? {};
  const namesOf = (kind: ApprovalsChange["kind"]) => changes.filter((change) => change.kind === kind).map(nameChange);
  const json = {
    add: namesOf("added"),
    change: namesOf("changed"),
    remove: namesOf("removed"),
    notInGit: notInGit.map(nameChange),
  };
  const isShown = [changes, problems, notInGit].some(({ length }) => length > 0);
  const isInvalid = desired instanceof ManagerError || desired.kind === "invalid";
  const count = changes.length;
  return {
    json: { ...json, problems },
    changes: count > 0 ? 1 : 0, // one write, whatever it changes
    isBroken: isInvalid || live instanceof ManagerError,
    heading: isShown ? `Exec approvals: ${pathOfApprovals(configDir)}` : undefined,
    notes: drift.length > 0 ? ["a sync leaves it until Git changes the same; --self-heal puts it back"] : [],
    entries: [...changes.map(toEntry), ...notInGit.map(toApartEntry)],
    counts: {
      planned: count > 0 ? [`${count} exec ${count === 1 ? "approval" : "approvals"} to change`] : [],
      unchanged: !isInvalid && desired.kind === "valid" ? [`${desired.entries} exec approvals`] : [],
    },
  };
}

/** `agents.main.allowlist "/usr/bin/git"`: what an entry allows is no secret, but nobody knows what a person wrote there. */
function nameChange({ path, entry }: ApprovalsChange): string {
  return entry === undefined ? path : `${path} ${JSON.stringify(maskText(entry))}`;
}

function toEntry(change: ApprovalsChange): DiffEntry {
  const meaning = ({ added: "good", removed: "bad", changed: "change" } as const)[change.kind];
  return { mark: MARKS[change.kind], meaning, text: nameChange(change), changes: [] };
}

/** A sync leaves these alone. */
function toApartEntry(change: ApprovalsChange): DiffEntry {
  return {
    mark: "=",
    meaning: "faint",
    text: nameChange(change),
    remark: { meaning: "faint", text: " (not in Git)" },
    changes: [],
  };
}
