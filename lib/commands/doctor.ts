import { type Check } from "../reconcile/check.ts";
import { checkGateway } from "./check-gateway.ts";
import { checkConfigInForce, checkCronInForce, checkNames, checkRuns } from "./check-jobs.ts";
import { type Places, checkConfig, checkDefinitions, checkVolumes } from "./check-places.ts";
import { findCredentials } from "../gateway/credentials.ts";
import { settle } from "../errors.ts";
import { readMounts } from "../files/mounts.ts";
import { inspectFilePlace, inspectMadeDirectory, inspectMount } from "../files/places.ts";
import type { Settings } from "../settings.ts";
import { toStatus } from "./status.ts";
import type { Survey } from "./snapshot.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The shape of `doctor --json`. */
export interface Diagnosis {
  /** No check has failed. */
  ok: boolean;
  /** In order of dependence: what stands first is to be mended first. */
  checks: Check[];
}

/** Looks at everything that config-manager stands on, and changes nothing. */
export async function examine(survey: Survey, env: Environment): Promise<Diagnosis> {
  const { settings } = survey;
  const [places, credentials] = await Promise.all([
    inspectPlaces(settings),
    settle(findCredentials({ tokenFile: settings.gatewayTokenFile, pvcConfig: settings.pvcConfig, env })),
  ]);
  const status = toStatus(survey);
  const checks = [
    ...checkConfig(survey, places.config),
    ...checkDefinitions(survey, places.cron),
    ...checkVolumes(settings, places),
    ...checkGateway(survey, credentials, namePod(env)),
    checkNames(survey),
    checkConfigInForce(survey, status),
    checkCronInForce(survey, status),
    checkRuns(survey),
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
