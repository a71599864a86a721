import { ManagerError, toResult } from "../errors.ts";
import type { CronStore } from "../gateway/store.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import { type ConfigDependencies, type ConfigTransport, createConfigPasses } from "./reconcile.ts";

export interface ConfigKindDependencies extends ConfigDependencies {
  transport: ConfigTransport & { open(): Promise<Pick<CronStore, "transport">> };
}

/** Creates the reconciler of `openclaw.json`. */
export function createConfigReconciler(dependencies: ConfigKindDependencies): Reconciler {
  const { settings, selfHeal, transport, connectLimitMs } = dependencies;
  const passes = createConfigPasses(dependencies);
  const isPlanned = (...kinds: readonly (typeof passes.planKind)[]) => kinds.includes(passes.planKind);
  return {
    name: "config",
    monitoring: `${settings.configDir} (main config → file copy → chokidar auto-reload)`,
    directories: [settings.configDir],
    events: ["connect"],
    needsGateway: false,
    gauges: [
      {
        name: "config_drift",
        help: "Whether something else has changed the live config since it was delivered.",
        read: () => isPlanned("drift"),
      },
      {
        name: "config_rejected",
        help: "Whether the config of the ConfigMap is missing, or would break the gateway, so that another one stays.",
        read: () => isPlanned("missing", "reject"),
      },
    ],
    prepare: passes.prepare,
    reconcile: passes.reconcile,
    async report() {
      // Before any import, so that all reports join one attempt to connect.
      const [gateway, store] = await Promise.all([transport.openConfig(connectLimitMs), toResult(transport.open())]);
      const { reportConfig } = await import("./report.ts");
      const { takeConfigSnapshot } = await import("./snapshot.ts");
      const snapshot = await toResult(takeConfigSnapshot(settings, gateway, selfHeal));
      return reportConfig(snapshot, settings, store instanceof ManagerError ? undefined : store.transport);
    },
  };
}
