import { dirname } from "node:path";
import { type Check, fail, isSound, pass, skip, warn } from "../reconcile/check.ts";
import { type DesiredSet, formatProblem } from "../definition/files.ts";
import { ManagerError, describeError } from "../errors.ts";
import { isRefusedByGateway } from "./findings.ts";
import type { MountedDirectory, WritablePlace } from "../files/places.ts";
import type { Settings } from "../settings.ts";
import type { ConfigSnapshot, Snapshot } from "./snapshot.ts";

/** The ConfigMaps, and the volumes that the plan's Deployment mounts them as. */
const CONFIG = { name: "config mount", volume: "openclaw-config" };
const CRON = { name: "cron mount", volume: "cron-config" };

/** What a look at the file system has found. */
export interface Places {
  config: MountedDirectory;
  cron: MountedDirectory;
  pvcConfig: WritablePlace;
  staging: WritablePlace;
  checksums: WritablePlace;
}

export function checkConfig({ settings, config }: Snapshot, place: MountedDirectory): Check[] {
  const mount = checkMount(CONFIG, settings.configDir, place);
  const name = "config file";
  if (!isSound(mount)) return [mount, skip(name, CONFIG.name)];
  return [mount, checkConfigFile(name, settings, config)];
}

function checkConfigFile(name: string, settings: Settings, config: ConfigSnapshot | ManagerError): Check {
  const path = `${settings.configDir}/openclaw.json`;
  if (config instanceof ManagerError) {
    const isLive = config.message.includes(settings.pvcConfig);
    return fail(name, describeError(config), `ls -ln ${isLive ? settings.pvcConfig : `${settings.configDir}/`}; id`);
  }
  const { plan, state } = config;
  if (plan.kind === "missing") {
    return fail(
      name,
      `there is no openclaw.json in ${settings.configDir}`,
      "kubectl get configmap openclaw-config -o yaml",
    );
  }
  const isBroken = plan.kind === "reject" && !isRefusedByGateway(config);
  if (!isBroken) return pass(name, `${path}, ${state.desired?.length ?? 0} bytes, JSON5`);
  return fail(name, `${path}: ${plan.problems.join("; ")}`, `config-manager validate ${path}`);
}

export function checkDefinitions({ settings, desired }: Snapshot, place: MountedDirectory): Check[] {
  const mount = checkMount(CRON, settings.cronDir, place);
  const name = "cron definitions";
  if (!isSound(mount)) return [mount, skip(name, CRON.name)];
  return [mount, checkDefinitionFiles(name, settings.cronDir, desired)];
}

function checkDefinitionFiles(name: string, directory: string, desired: DesiredSet | ManagerError): Check {
  if (desired instanceof ManagerError) return fail(name, describeError(desired), `ls -ln ${directory}/; id`);
  switch (desired.kind) {
    case "missing":
      return fail(
        name,
        `there is no definition file in ${directory}`,
        "kubectl get configmap openclaw-cron-jobs -o yaml",
      );
    case "invalid": {
      const [first, ...more] = desired.problems.map(formatProblem);
      const rest = more.length > 0 ? ` (and ${more.length} more)` : "";
      return fail(name, `nothing of them is applied: ${first}${rest}`, "config-manager validate");
    }
    case "valid": {
      const count = desired.definitions.length;
      return pass(
        name,
        `${count} ${count === 1 ? "job" : "jobs"} in ${desired.files.map((file) => file.name).join(", ")}`,
      );
    }
  }
}

function checkMount({ name, volume }: typeof CONFIG, directory: string, place: MountedDirectory): Check {
  const hint = `volumeMounts: [{ name: ${volume}, mountPath: ${directory}, readOnly: true }]`;
  switch (place.kind) {
    case "missing":
      return fail(name, `${directory} is not mounted in this container`, hint);
    case "sub-path":
      return fail(
        name,
        `${place.path} is mounted with subPath: Kubernetes never updates it; mount the directory`,
        hint,
      );
    case "unreadable":
      return fail(name, `${directory} cannot be read: ${place.code}`, `ls -ldn ${directory}; id`);
    case "plain":
      return warn(
        name,
        `${directory} has no ..data, so it is no ConfigMap volume: its files may change one by one`,
        hint,
      );
    case "volume":
      return pass(name, `${directory}, a ConfigMap volume`);
  }
}

/** Where files are written: the live config, the copy of the definitions, the checksums. */
export function checkVolumes({ pvcConfig, stagingDir, checksumDir }: Settings, places: Places): Check[] {
  const live = checkPlace(
    "live config",
    pvcConfig,
    places.pvcConfig,
    `{ name: data, mountPath: ${dirname(pvcConfig)} }`,
  );
  return [
    live,
    checkPlace("staging directory", stagingDir, places.staging, `{ name: data, mountPath: ${dirname(stagingDir)} }`),
    checkPlace(
      "checksum directory",
      checksumDir,
      places.checksums,
      `{ name: tmp, mountPath: ${dirname(checksumDir)} }`,
    ),
  ];
}

function checkPlace(name: string, path: string, place: WritablePlace, mount: string): Check {
  switch (place.kind) {
    case "writable":
      return pass(name, `${path} can be written`);
    case "missing":
      return fail(name, `${place.directory} is not mounted in this container`, `volumeMounts: [${mount}]`);
    case "occupied":
      return fail(name, `${path} is no regular file, and nothing is written through it`, `ls -ldn ${path}`);
    case "full":
      return fail(name, `the volume of ${place.directory} is full`, `df -h ${place.directory}`);
    case "refused": {
      if (place.code === "EROFS")
        return fail(name, `${place.directory} is mounted read-only`, `volumeMounts: [${mount}]`);
      // To run as root is no advice: the kubelet can give the volume to a group.
      const isOfUser = place.owner !== undefined && place.owner.uid !== 0;
      const remedy = isOfUser ? `runAsUser: ${place.owner?.uid}, runAsGroup: ${place.owner?.gid}` : "fsGroup: 1000";
      const hint = `securityContext: { ${remedy} }`;
      return fail(name, `${place.directory} cannot be written by this user: ${place.code}`, hint);
    }
  }
}
