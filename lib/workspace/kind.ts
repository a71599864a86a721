import { toResult } from "../errors.ts";
import { readMounts } from "../files/mounts.ts";
import { inspectMount } from "../files/places.ts";
import { isMissing } from "../files/volume.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import { readMountedWorkspace } from "./read.ts";
import { type WorkspacePassDependencies, createWorkspacePasses } from "./reconcile.ts";

/** Creates the reconciler of the agents' workspace files. */
export function createWorkspaceReconciler(dependencies: WorkspacePassDependencies): Reconciler {
  const { settings, selfHeal, transport, connectLimitMs } = dependencies;
  const passes = createWorkspacePasses(dependencies);
  return {
    name: "workspace",
    monitoring: isMissing(settings.workspaceDir)
      ? undefined
      : `${settings.workspaceDir} (workspace files → agents' workspaces)`,
    directories: [settings.workspaceDir],
    events: ["login"],
    needsGateway: false,
    gauges: [
      {
        name: "workspace_drift",
        help: "Workspace files that something else has edited since they were written.",
        read: () => passes.last?.drifted,
      },
      {
        name: "workspace_rejected",
        help: "What of the declared workspace files is wrong, so that it is not in force.",
        read: () => passes.last?.problems,
      },
      {
        name: "workspace_declared_files",
        help: "Workspace files that Git declares and that have a workspace.",
        read: () => passes.last?.declared,
      },
    ],
    prepare: passes.prepare,
    reconcile: passes.reconcile,
    readMounted: () => readMountedWorkspace(settings.workspaceDir),
    standing: passes.standing,
    async report() {
      // Before any import, so that all reports join one attempt to connect.
      const calls = await transport.openCalls(connectLimitMs);
      const { reportWorkspaces } = await import("./report.ts");
      const { takeWorkspaceSnapshot } = await import("./snapshot.ts");
      const snapshot = await toResult(takeWorkspaceSnapshot(dependencies, calls, selfHeal));
      const mount = await inspectMount(settings.workspaceDir, await readMounts());
      return reportWorkspaces(snapshot, settings, mount);
    },
    async export() {
      const { exportWorkspaces } = await import("./export.ts");
      return exportWorkspaces(dependencies, await transport.openCalls(connectLimitMs));
    },
    leftovers: async () => (await import("./leftovers.ts")).findWorkspaceLeftovers(settings),
  };
}
