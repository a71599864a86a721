import { join } from "node:path";
import { ManagerError, describeError } from "../errors.ts";
import { type MountedDirectory, inspectMadeDirectory } from "../files/places.ts";
import { checkMount, checkPlace, suggestReadable } from "../reconcile/check-places.ts";
import { type Check, fail, isSound, pass, skip, warn } from "../reconcile/check.ts";
import type { Checks, State } from "../reconcile/report.ts";
import { describeBinary } from "./messages.ts";
import type { SecretsSnapshot } from "./snapshot.ts";

const MOUNT = "secrets mount";
const KEYS = "secret keys";
const TARGET = "secrets target";
const MEMORY = "secrets in memory";
const APPLIED = "secrets in force";

interface Places {
  secretsDir: string;
  targetDir: string;
}

/** Checks the Secret's mount, the place of the copies, and whether the gateway holds them. None if there is no Secret. */
export async function checkSecrets(
  snapshot: SecretsSnapshot | ManagerError,
  places: Places,
  { state, problems, mount }: { state: State; problems: readonly string[]; mount: MountedDirectory },
): Promise<Checks> {
  const isRead = !(snapshot instanceof ManagerError);
  if (isRead && snapshot.isUnused) return { source: [], place: [], ownership: [], applied: [] };
  const mounted = checkMount(MOUNT, places.secretsDir, mount, { source: "Secret" });
  const keys = isSound(mounted) ? checkKeys(snapshot, places, problems) : skip(KEYS, MOUNT);
  const target = await checkTarget(snapshot, places);
  return {
    source: [mounted, keys],
    place: [target, ...(isRead && isSound(target) ? checkMemory(snapshot, places) : [])],
    ownership: [],
    applied: [
      isSound(keys) && isSound(target)
        ? checkApplied(snapshot, places, state)
        : skip(APPLIED, isSound(keys) ? TARGET : KEYS),
    ],
  };
}

function checkKeys(
  snapshot: SecretsSnapshot | ManagerError,
  { secretsDir }: Places,
  problems: readonly string[],
): Check {
  if (snapshot instanceof ManagerError) return fail(KEYS, describeError(snapshot), suggestReadable(secretsDir));
  const { desired } = snapshot;
  if (desired.kind !== "valid")
    return fail(KEYS, problems.join("; "), `mend the Secret that is mounted at ${secretsDir}`);
  if (desired.binary.length > 0) return warn(KEYS, describeBinary(desired.binary));
  return pass(KEYS, `${desired.files.length} in ${secretsDir}`);
}

async function checkTarget(snapshot: SecretsSnapshot | ManagerError, { targetDir }: Places): Promise<Check> {
  const [first] = snapshot instanceof ManagerError ? [] : snapshot.observed.obstacles;
  if (first) return fail(TARGET, first.message, `remove ${first.path}`);
  const place = await inspectMadeDirectory(targetDir);
  return checkPlace(TARGET, join(targetDir, "."), place, `an emptyDir with medium: Memory at ${targetDir}`);
}

/** Secrets on a disk outlive the Pod there. */
function checkMemory({ isInMemory }: SecretsSnapshot, { targetDir }: Places): Check[] {
  if (isInMemory !== false) return isInMemory ? [pass(MEMORY, `${targetDir} is in memory`)] : [];
  const hint = `mount an emptyDir with medium: Memory at ${targetDir}`;
  return [warn(MEMORY, `${targetDir} is not in memory: the secrets are on a disk`, hint)];
}

function checkApplied(snapshot: SecretsSnapshot | ManagerError, { targetDir }: Places, state: State): Check {
  if (snapshot instanceof ManagerError) return skip(APPLIED, KEYS);
  const { gateway, observed } = snapshot;
  const isConfirmed = observed.record.unconfirmedSince === null;
  if (state === "in-sync" && isConfirmed)
    return pass(APPLIED, `${targetDir} is what the Secret says, and the gateway holds it`);
  if (gateway && !gateway.canReload) {
    const told = `OpenClaw ${gateway.release} has no secrets.reload: a changed secret counts from its next start`;
    return warn(APPLIED, told);
  }
  return warn(
    APPLIED,
    "a change is not copied yet, or not reloaded by the gateway",
    "config-manager sync --only secrets",
  );
}
