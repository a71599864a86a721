import { dirname } from "node:path";
import { ManagerError, describeError } from "../errors.ts";
import type { MountedDirectory, WritablePlace } from "../files/places.ts";
import { checkMount, checkPlace, suggestReadable } from "../reconcile/check-places.ts";
import { type Check, fail, isSound, pass, skip, warn } from "../reconcile/check.ts";
import type { State } from "../reconcile/report.ts";
import { ForeignPathError } from "./foreign.ts";
import { EXPORT_COMMAND, LET_IN_COMMAND, adviseExport, describeHold, describeMissing, listPaths } from "./messages.ts";
import type { ConfigPlaces } from "./observe.ts";
import { type ConfigSnapshot, findObstacles, isRefusedByGateway, targetOf } from "./snapshot.ts";

const MOUNT = "config mount";
const FILE = "config file";
const LIVE = "live config";
const APPLIED = "config in force";

/** Checks the ConfigMap's mount and the file in it. */
export function checkConfigSource(
  snapshot: ConfigSnapshot | ManagerError,
  places: ConfigPlaces,
  place: MountedDirectory,
): Check[] {
  const isUnused = !(snapshot instanceof ManagerError) && snapshot.isUnused;
  const mount = checkMount(MOUNT, places.configDir, place, { isUnused });
  const canLook = isSound(mount) && place.kind !== "missing";
  return [mount, canLook ? checkConfigFile(snapshot, places) : skip(FILE, MOUNT)];
}

function checkConfigFile(snapshot: ConfigSnapshot | ManagerError, { configDir, pvcConfig }: ConfigPlaces): Check {
  const path = `${configDir}/openclaw.json`;
  if (snapshot instanceof ForeignPathError) return skip(FILE, LIVE);
  if (snapshot instanceof ManagerError) {
    const isLive = snapshot.message.includes(pvcConfig);
    return fail(FILE, describeError(snapshot), suggestReadable(isLive ? pvcConfig : configDir));
  }
  const { plan, state } = snapshot;
  if (plan.kind === "missing") {
    const told = describeMissing(configDir, snapshot.isUnused);
    return (snapshot.isUnused ? warn : fail)(
      FILE,
      told,
      `put openclaw.json into the ConfigMap that is mounted at ${configDir}`,
    );
  }
  const isBroken = plan.kind === "reject" && !isRefusedByGateway(snapshot);
  if (!isBroken) return pass(FILE, `${path}, ${state.desired?.root.bytes.length ?? 0} bytes, JSON5`);
  return fail(FILE, `${path}: ${plan.problems.join("; ")}`, `config-manager validate ${path}`);
}

/** Checks that the live config can be replaced, and that it is the one that the gateway reads. */
export function checkLiveConfigPlace(
  snapshot: ConfigSnapshot | ManagerError,
  pvcConfig: string,
  place: WritablePlace,
): Check {
  if (snapshot instanceof ForeignPathError) return fail(LIVE, snapshot.message, snapshot.hint ?? "");
  return checkPlace(LIVE, pvcConfig, place, `the gateway's volume at ${dirname(pvcConfig)}`);
}

/** Names what is in place of records and other files. No check at all if nothing is. */
export function checkObstacles(snapshot: ConfigSnapshot | ManagerError): Check[] {
  const obstacles = findObstacles(snapshot);
  const [first] = obstacles;
  if (!first) return [];
  const found = obstacles.map(({ message }) => message).join("; ");
  return [warn("config records", `${found}; it is ignored`, `remove ${first.path}`)];
}

/** Checks that the live config equals the desired one and is applied. */
export function checkConfigApplied(
  snapshot: ConfigSnapshot | ManagerError,
  { pvcConfig }: ConfigPlaces,
  state: State,
  problems: readonly string[],
): Check {
  if (snapshot instanceof ManagerError) return skip(APPLIED, FILE);
  switch (state) {
    case "unknown":
    case "failed":
      return skip(APPLIED, FILE);
    case "in-sync": {
      const migrated = targetOf(snapshot)?.migrated ?? [];
      if (migrated.length === 0) return pass(APPLIED, `${pvcConfig} is what the ConfigMap says`);
      const paths = listPaths(migrated);
      return warn(
        APPLIED,
        `OpenClaw has migrated keys that Git still has: ${paths}; put its form into Git`,
        EXPORT_COMMAND,
      );
    }
    case "pending":
      if (snapshot.held) {
        const { paths, untilMs } = snapshot.held;
        return warn(APPLIED, `${describeHold(untilMs)}: ${listPaths(paths)}`, LET_IN_COMMAND);
      }
      return warn(
        APPLIED,
        "the live file is not yet what the ConfigMap says, or not in force",
        "config-manager sync --only config",
      );
    case "drifted":
      return fail(
        APPLIED,
        `${problems.join("; ")}; put it into Git, or sync --self-heal`,
        "config-manager diff --self-heal",
      );
    case "rejected": {
      if (!isRefusedByGateway(snapshot)) return skip(APPLIED, FILE);
      return fail(
        APPLIED,
        `the gateway refuses what the ConfigMap says: ${problems.map((problem) => problem + adviseExport(problem)).join("; ")}; mend it in Git, or try it again`,
        "config-manager sync --only config", // a new process asks the gateway, whatever is recorded
      );
    }
  }
}
