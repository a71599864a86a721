import { ManagerError, describeError, toResult } from "../errors.ts";
import type { ObstacleError } from "../files/regular-file.ts";
import { MissingApprovalsError, readApprovals } from "../gateway/approvals-calls.ts";
import type { Gateway } from "../gateway/connection.ts";
import type { Settings } from "../settings.ts";
import { toKeyed } from "./document.ts";
import { describeMissing, explainNoCalls, listDrift } from "./messages.ts";
import { type ApprovalsPlan, planApprovals } from "./plan.ts";
import { type DesiredApprovals, readDesired } from "./read.ts";
import { readRecords } from "./record.ts";

/** Desired and observed exec approvals, and the plan of a sync. */
export interface ApprovalsSnapshot {
  desired: DesiredApprovals | ManagerError;
  /** Git has no such file, and had none before, as far as we know. */
  isUnused: boolean;
  /** Whether the gateway was asked, or why it could not be. Undefined where there is nothing to ask for. */
  live: "read" | ManagerError | undefined;
  /** Undefined without desired or live approvals. */
  plan: ApprovalsPlan | undefined;
  /** What is in place of the records. */
  obstacles: readonly ObstacleError[];
}

export interface SnapshotOptions {
  settings: Pick<Settings, "configDir" | "pvcConfig" | "checksumDir" | "prune">;
  selfHeal: boolean;
  gateway: Gateway | ManagerError;
  nowMs: number;
}

/** Takes a snapshot. Changes nothing. */
export async function takeApprovalsSnapshot(options: SnapshotOptions): Promise<ApprovalsSnapshot> {
  const { settings, gateway, selfHeal, nowMs } = options;
  const obstacles: ObstacleError[] = [];
  const desired = await toResult(readDesired(settings.configDir));
  const { base, pending } = await readRecords(settings, (obstacle) => obstacles.push(obstacle));
  const isRead = !(desired instanceof ManagerError);
  const isUnused = isRead && (desired.kind === "missing" || desired.kind === "absent") && !base && !pending;
  const unknown = { desired, isUnused, live: undefined, plan: undefined, obstacles };
  if (!isRead || isUnused || desired.kind === "missing" || desired.kind === "invalid") return unknown;

  const view = gateway instanceof ManagerError ? gateway : await toResult(readApprovals(gateway));
  if (view instanceof ManagerError) return { ...unknown, live: view };
  const plan = planApprovals({
    desired: desired.kind === "valid" ? desired.keyed : {},
    base: base?.keyed,
    pending: pending?.keyed,
    isApplied: desired.kind === "valid" && desired.checksum === base?.checksum,
    observed: toKeyed(view.file),
    prune: settings.prune,
    isHealing: selfHeal,
    nowMs,
  });
  return { ...unknown, live: "read", plan };
}

/** What is wrong, a line each, without values. */
export function findApprovalsProblems(snapshot: ApprovalsSnapshot, configDir: string): string[] {
  const { desired, isUnused, live, plan } = snapshot;
  if (desired instanceof ManagerError) return [describeError(desired)];
  if (desired.kind === "invalid") return [...desired.problems];
  if (isUnused) return [];
  if (desired.kind === "missing") return [describeMissing(configDir)];
  if (live instanceof MissingApprovalsError) return [explainNoCalls(describeError(live))];
  if (live instanceof ManagerError) return [describeError(live)];
  return listDrift(plan?.drift ?? []);
}
