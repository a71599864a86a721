import { existsSync } from "node:fs";
import { toResult } from "../errors.ts";
import { readApprovals } from "../gateway/approvals-calls.ts";
import type { Gauge, Reconciler } from "../reconcile/reconciler.ts";
import { openGateway } from "./observe.ts";
import { pathOfApprovals, readMountedApprovals } from "./read.ts";
import { type ApprovalsDependencies, type ApprovalsState, createApprovalsPasses } from "./reconcile.ts";

/** Creates the reconciler of `exec-approvals.json`. */
export function createApprovalsReconciler(dependencies: ApprovalsDependencies): Reconciler {
  const { settings, selfHeal, transport, connectLimitMs, clock } = dependencies;
  const passes = createApprovalsPasses(dependencies);
  const path = pathOfApprovals(settings.configDir);
  return {
    name: "approvals",
    monitoring: existsSync(path) ? `${path} (exec approvals → exec.approvals.set)` : undefined,
    directories: [settings.configDir],
    events: ["login", "disconnect"],
    needsGateway: true,
    gauges: createGauges(passes.state),
    prepare: async () => true, // the gateway keeps them, and is not there yet
    reconcile: passes.reconcile,
    readMounted: () => readMountedApprovals(settings.configDir),
    standing: passes.standing,
    async report() {
      // Before any import, so that all reports join one attempt to connect.
      const gateway = await toResult(openGateway(transport, connectLimitMs));
      const { reportApprovals } = await import("./report.ts");
      const { takeApprovalsSnapshot } = await import("./snapshot.ts");
      const snapshot = await takeApprovalsSnapshot({ settings, selfHeal, gateway, nowMs: clock.nowMs() });
      return reportApprovals(snapshot, settings.configDir);
    },
    async export() {
      const { exportApprovals } = await import("./export.ts");
      const gateway = await openGateway(transport, connectLimitMs);
      return exportApprovals((await readApprovals(gateway)).file);
    },
    leftovers: async () => (await import("./leftovers.ts")).findApprovalsLeftovers(settings),
  };
}

function createGauges(state: ApprovalsState): Gauge[] {
  return [
    {
      name: "approvals_drift",
      help: "Exec approvals of Git's that something else has changed in the gateway.",
      read: () => state.last?.drift.length,
    },
    {
      name: "approvals_rejected",
      help: "Whether the exec approvals of the ConfigMap are wrong, or this gateway does not take them.",
      read: () => state.isRejected,
    },
    {
      name: "approvals_declared",
      help: "Exec approvals that Git declares: entries of lists, and fields of policies.",
      read: () => state.declared,
    },
    {
      name: "approvals_not_in_git",
      help: "Live exec approvals that are not in Git, when the gateway was last asked.",
      read: () => state.last?.notInGit.length,
    },
  ];
}
