import { ManagerError, toResult } from "../errors.ts";
import { readMounts } from "../files/mounts.ts";
import { inspectMount } from "../files/places.ts";
import type { CronStore } from "../gateway/store.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { Environment } from "../setting-sources.ts";
import type { Settings } from "../settings.ts";
import { readIncludeRoots } from "../text/include-files.ts";
import type { ConfigDependencies, ConfigTransport } from "./dependencies.ts";
import { keepHeld, letHeldIn, readHeld } from "./held-change.ts";
import { type ConfigOutcome, createConfigPasses } from "./reconcile.ts";
import { readMountedConfig } from "./standing.ts";

export interface ConfigKindDependencies extends Omit<ConfigDependencies, "settings" | "hasToken"> {
  settings: Pick<Settings, "configDir" | "pvcConfig" | "checksumDir" | "configMode" | "gatewayTokenFile"> &
    Partial<Pick<Settings, "secretsTargetDir" | "restart" | "restartDeadline">>;
  env: Environment;
  transport: ConfigTransport & { open(): Promise<Pick<CronStore, "transport">> };
}

/** Creates the reconciler of `openclaw.json`. */
export function createConfigReconciler(dependencies: ConfigKindDependencies): Reconciler {
  const { selfHeal, transport, connectLimitMs, env } = dependencies;
  const settings = { ...dependencies.settings, includeRoots: readIncludeRoots(env) };
  const hasToken = Boolean(settings.gatewayTokenFile ?? (env.OPENCLAW_GATEWAY_TOKEN || env.OPENCLAW_GATEWAY_PASSWORD));
  const passes = createConfigPasses({ ...dependencies, settings, hasToken });
  const isLast = (...outcomes: readonly ConfigOutcome[]) =>
    passes.lastOutcome !== undefined && outcomes.includes(passes.lastOutcome);
  return {
    name: "config",
    monitoring: `${settings.configDir} (main config → file copy → chokidar auto-reload)`,
    directories: [settings.configDir, ...settings.includeRoots, ...toList(settings.secretsTargetDir)],
    events: ["connect"],
    needsGateway: false,
    gauges: [
      {
        name: "config_drift",
        help: "Whether something else has changed the live config since it was delivered.",
        read: () => isLast("drift"),
      },
      {
        name: "config_rejected",
        help: "Whether the config of the ConfigMap is missing, or would break the gateway, so that another one stays.",
        read: () => isLast("missing", "reject"),
      },
      {
        name: "config_held",
        help: "Whether a change of the config, which would restart the gateway, waits until the gateway has no work.",
        read: passes.isHolding,
      },
      {
        name: "config_foreign",
        help: "Whether the gateway reads another file than PVC_CONFIG, so that nothing is applied.",
        read: () => isLast("foreign"),
      },
    ],
    prepare: passes.prepare,
    reconcile: passes.reconcile,
    readMounted: () => readMountedConfig(settings),
    standing: passes.standing,
    held: {
      read: () => readHeld(settings.checksumDir),
      letIn: (held) => letHeldIn(settings.checksumDir, held),
      keep: () => keepHeld(settings.checksumDir),
    },
    async report() {
      // Before any import, so that all reports join one attempt to connect.
      const [gateway, store] = await Promise.all([transport.openConfig(connectLimitMs), toResult(transport.open())]);
      const { reportConfig } = await import("./report.ts");
      const { takeConfigSnapshot } = await import("./snapshot.ts");
      const snapshot = await toResult(takeConfigSnapshot(settings, gateway, selfHeal, hasToken));
      const mount = await inspectMount(settings.configDir, await readMounts());
      return reportConfig(snapshot, settings, store instanceof ManagerError ? undefined : store.transport, mount);
    },
    export: async () => (await import("./export.ts")).exportConfig(settings),
    leftovers: async () => (await import("./leftovers.ts")).findConfigLeftovers(settings),
  };
}

/** A secret that the config refers to may come after it. */
function toList(directory: string | undefined): string[] {
  return directory === undefined ? [] : [directory];
}
