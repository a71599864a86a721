import { ManagerError, toResult } from "../errors.ts";
import type { CronStore } from "../gateway/store.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import { type ConfigDependencies, type ConfigTransport, createConfigPasses } from "./reconcile.ts";

/** How long a report waits for a gateway that is there, in milliseconds. */
const REPORT_CONNECT_LIMIT_MS = 10_000;

export interface ConfigKindDependencies extends ConfigDependencies {
  transport: ConfigTransport & { open(): Promise<Pick<CronStore, "transport">> };
}

/** `openclaw.json` as a kind of setting. */
export function createConfigReconciler(dependencies: ConfigKindDependencies): Reconciler {
  const { settings, selfHeal, transport } = dependencies;
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
      const { reportConfig } = await import("./report.ts");
      const { takeConfigSnapshot } = await import("./snapshot.ts");
      const [gateway, way] = await Promise.all([
        transport.openConfig(REPORT_CONNECT_LIMIT_MS),
        toResult(transport.open()),
      ]);
      const snapshot = await toResult(takeConfigSnapshot(settings, gateway, selfHeal));
      return reportConfig(snapshot, settings, way instanceof ManagerError ? undefined : way.transport);
    },
  };
}
