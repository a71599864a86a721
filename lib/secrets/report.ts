import { ManagerError, describeError } from "../errors.ts";
import type { MountedDirectory } from "../files/places.ts";
import { findFrozen } from "../reconcile/check-places.ts";
import type { Checks, DiffEntry, DiffReport, Report, State, StatusReport } from "../reconcile/report.ts";
import { checkSecrets } from "./checks.ts";
import { describeRefusal } from "./messages.ts";
import { hasChanges } from "./plan.ts";
import type { SecretsSnapshot } from "./snapshot.ts";

export interface SecretPlaces {
  secretsDir: string;
  targetDir: string;
}

/** Reports on the copies of the Secret, names only. An error as the snapshot says why there is none. */
export function reportSecrets(
  snapshot: SecretsSnapshot | ManagerError,
  places: SecretPlaces,
  mount: MountedDirectory,
): Report {
  const problems = findProblems(snapshot, places);
  const state = toState(snapshot, problems);
  return {
    status: () => toStatus(snapshot, places, state, [...problems, ...findFrozen(mount)]),
    diff: () => toDiff(snapshot, places, problems),
    check: () => checkSecrets(snapshot, places, { state, problems, mount }),
  };
}

/** The report where no Secret is set to be copied. */
export function reportUnusedSecrets(): Report {
  const none: Checks = { source: [], place: [], ownership: [], applied: [] };
  return {
    status: () => ({ json: { state: "in-sync", problems: [], files: 0 }, detail: "no files", isUnused: true }),
    diff: () => toEmptyDiff([]),
    check: async () => none,
  };
}

function findProblems(snapshot: SecretsSnapshot | ManagerError, places: SecretPlaces): string[] {
  if (snapshot instanceof ManagerError) return [describeError(snapshot)];
  const { desired, observed, isUnused } = snapshot;
  const inTheWay = observed.obstacles.map(describeError);
  if (desired.kind === "valid") return inTheWay;
  return isUnused ? [] : [...describeRefusal(desired, places), ...inTheWay];
}

function toState(snapshot: SecretsSnapshot | ManagerError, problems: readonly string[]): State {
  if (snapshot instanceof ManagerError) return "unknown";
  const { plan, observed, isUnused } = snapshot;
  if (isUnused) return "in-sync";
  if (!plan) return "rejected";
  if (problems.length > 0) return "failed";
  if (hasChanges(plan)) return "pending";
  // A gateway that has no such call is never told, so there is nothing to wait for.
  return observed.record.unconfirmedSince === null || snapshot.gateway?.canReload === false ? "in-sync" : "pending";
}

function toStatus(
  snapshot: SecretsSnapshot | ManagerError,
  { targetDir }: SecretPlaces,
  state: State,
  problems: string[],
): StatusReport {
  if (snapshot instanceof ManagerError) return { json: { state, problems, files: null }, detail: targetDir };
  const { names, unconfirmedSince } = snapshot.observed.record;
  const isConfirmed = unconfirmedSince === null;
  const count = `${names.length} ${names.length === 1 ? "file" : "files"}`;
  return {
    json: { state, problems, files: names.length, confirmed: isConfirmed },
    detail: `${targetDir}  ${count}${isConfirmed ? "" : describeUnconfirmed(snapshot)}`,
    isUnused: snapshot.isUnused,
  };
}

/** Why no gateway is known to hold the copies as they are. */
function describeUnconfirmed({ gateway }: SecretsSnapshot): string {
  if (!gateway || gateway.canReload) return ", not reloaded by the gateway yet";
  return ", in force from the gateway's next start";
}

function toDiff(snapshot: SecretsSnapshot | ManagerError, { targetDir }: SecretPlaces, problems: string[]): DiffReport {
  const plan = snapshot instanceof ManagerError ? undefined : snapshot.plan;
  if (!plan) return { ...toEmptyDiff(problems), heading: problems.length > 0 ? `Secrets: ${targetDir}` : undefined };
  const [add, update] = [plan.add, plan.update].map((files) => files.map(({ name }) => name)) as [string[], string[]];
  const { remove, unchanged } = plan;
  const changes = add.length + update.length + remove.length;
  return {
    json: { add, update, remove: [...remove], unchanged, problems },
    changes,
    isBroken: problems.length > 0,
    heading: changes > 0 || problems.length > 0 ? `Secrets: ${targetDir}` : undefined,
    notes: [],
    entries: [
      ...add.map((name) => toEntry("+ add", "good", name)),
      ...update.map((name) => toEntry("~ update", "change", name)),
      ...remove.map((name) => toEntry("- remove", "bad", name)),
    ],
    counts: {
      planned: changes > 0 ? [`${changes} ${changes === 1 ? "secret" : "secrets"} to change`] : [],
      unchanged: unchanged > 0 ? [`${unchanged} ${unchanged === 1 ? "secret" : "secrets"}`] : [],
    },
  };
}

function toEmptyDiff(problems: string[]): DiffReport {
  return {
    json: { add: [], update: [], remove: [], unchanged: 0, problems },
    changes: 0,
    isBroken: problems.length > 0,
    heading: undefined,
    notes: [],
    entries: [],
    counts: { planned: [], unchanged: [] },
  };
}

/** A value is never shown: neither the one before nor the one after. */
function toEntry(mark: string, meaning: DiffEntry["meaning"], text: string): DiffEntry {
  return { mark, meaning, text, changes: [] };
}
