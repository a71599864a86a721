import { type Check } from "../reconcile/check.ts";
import { checkGateway } from "./check-gateway.ts";
import { checkConfigApplied, checkCronApplied, checkNames, checkRuns } from "./check-jobs.ts";
import { type Places, checkConfig, checkDefinitions, checkVolumes } from "./check-places.ts";
import { findCredentials } from "../gateway/credentials.ts";
import { toResult } from "../errors.ts";
import { readMounts } from "../files/mounts.ts";
import { inspectFilePlace, inspectMadeDirectory, inspectMount } from "../files/places.ts";
import type { Settings } from "../settings.ts";
import { toStatus } from "./status.ts";
import type { Snapshot } from "./snapshot.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The shape of `doctor --json`. */
export interface Diagnosis {
  /** No check has failed. */
  ok: boolean;
  /** In order of dependence: what stands first is to be mended first. */
  checks: Check[];
}

/** Looks at everything that config-manager stands on, and changes nothing. */
export async function examine(snapshot: Snapshot, env: Environment): Promise<Diagnosis> {
  const { settings } = snapshot;
  const [places, credentials] = await Promise.all([
    inspectPlaces(settings),
    toResult(findCredentials({ tokenFile: settings.gatewayTokenFile, pvcConfig: settings.pvcConfig, env })),
  ]);
  const status = toStatus(snapshot);
  const checks = [
    ...checkConfig(snapshot, places.config),
    ...checkDefinitions(snapshot, places.cron),
    ...checkVolumes(settings, places),
    ...checkGateway(snapshot, credentials, namePod(env)),
    checkNames(snapshot),
    checkConfigApplied(snapshot, status),
    checkCronApplied(snapshot, status),
    checkRuns(snapshot),
  ];
  return { ok: checks.every(({ state }) => state !== "failed"), checks };
}

async function inspectPlaces({ configDir, cronDir, pvcConfig, stagingDir, checksumDir }: Settings): Promise<Places> {
  const mounts = await readMounts();
  const [config, cron, live, staging, checksums] = await Promise.all([
    inspectMount(configDir, mounts),
    inspectMount(cronDir, mounts),
    inspectFilePlace(pvcConfig),
    inspectMadeDirectory(stagingDir),
    inspectMadeDirectory(checksumDir),
  ]);
  return { config, cron, pvcConfig: live, staging, checksums };
}

/** In Kubernetes, the host's name is the Pod's. */
function namePod({ KUBERNETES_SERVICE_HOST, HOSTNAME }: Environment): string {
  return (KUBERNETES_SERVICE_HOST && HOSTNAME) || "deploy/openclaw";
}
