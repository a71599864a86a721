import { ManagerError, toResult } from "../errors.ts";
import { readMounts } from "../files/mounts.ts";
import { inspectMount } from "../files/places.ts";
import type { Gauge, Reconciler } from "../reconcile/reconciler.ts";
import type { Settings } from "../settings.ts";
import { listValues } from "./observe.ts";
import { type SecretsDependencies, type SecretsPasses, createSecretsPasses } from "./reconcile.ts";

export interface SecretsKindDependencies extends Omit<SecretsDependencies, "places" | "prune"> {
  settings: Pick<Settings, "secretsDir" | "secretsTargetDir" | "prune">;
}

const KIND = { name: "secrets", events: ["login"], needsGateway: false, precedesConfig: true } as const;

/**
 * Creates the reconciler of the copies of a Secret. It has no standing, so that `wait` does not wait for it: whoever sees a
 * checksum of a weak secret can guess the secret.
 */
export function createSecretsReconciler(dependencies: SecretsKindDependencies): Reconciler {
  const { secretsDir, secretsTargetDir: targetDir, prune } = dependencies.settings;
  if (secretsDir === undefined || targetDir === undefined) return createUnusedReconciler();
  const places = { secretsDir, targetDir };
  const passes = createSecretsPasses({ ...dependencies, places, prune });
  return {
    ...KIND,
    monitoring: `${secretsDir} (secrets → ${targetDir} → secrets.reload)`,
    directories: [secretsDir],
    gauges: createGauges(passes),
    prepare: passes.prepare,
    reconcile: passes.reconcile,
    async report() {
      // Before any import, so that all reports join one attempt to connect.
      const gateway = await dependencies.transport.openCalls(dependencies.connectLimitMs);
      const { reportSecrets } = await import("./report.ts");
      const { takeSecretsSnapshot } = await import("./snapshot.ts");
      const snapshot = await toResult(takeSecretsSnapshot(places, prune, gateway));
      if (!(snapshot instanceof ManagerError))
        dependencies.guard.protect(listValues(snapshot.desired, snapshot.observed));
      return reportSecrets(snapshot, places, await inspectMount(secretsDir, await readMounts()));
    },
    leftovers: async () => (await import("./leftovers.ts")).findSecretsLeftovers(targetDir),
  };
}

function createUnusedReconciler(): Reconciler {
  return {
    ...KIND,
    monitoring: undefined,
    directories: [],
    gauges: [],
    prepare: async () => true,
    reconcile: async () => ({ kind: "equal" }),
    report: async () => (await import("./report.ts")).reportUnusedSecrets(),
  };
}

function createGauges(passes: SecretsPasses): Gauge[] {
  return [
    {
      name: "secrets_rejected",
      help: "Whether the Secret is missing, or wrong, so that the former copies stay.",
      read: () => passes.last?.isRejected,
    },
    {
      name: "secrets_files",
      help: "Keys of the Secret that are copied, when they were last compared.",
      read: () => passes.last?.files,
    },
    {
      name: "secrets_unconfirmed",
      help: "Whether no gateway is known to hold the copies as they are now.",
      read: () => (passes.last ? !passes.last.isConfirmed : undefined),
    },
  ];
}
