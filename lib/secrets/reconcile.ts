import type { Log } from "../log.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { attemptPass } from "../reconcile/pass.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import type { SecretGuard } from "../text/guard.ts";
import { applySecrets, forgetFormers, sweep } from "./apply.ts";
import { type ConfirmDependencies, createConfirmation } from "./confirm.ts";
import { describeBinary, describeRefusal, listNames } from "./messages.ts";
import { type ObservedSecrets, listValues, observeSecrets } from "./observe.ts";
import { type SecretsPlan, hasChanges, planSecrets } from "./plan.ts";
import { readSecrets } from "./read.ts";
import { type SecretsRecord, writeRecord } from "./record.ts";

export interface SecretsDependencies extends ConfirmDependencies {
  places: { secretsDir: string; targetDir: string };
  prune: "owned" | "none";
  /** Masks the values in all that is printed. */
  guard: Pick<SecretGuard, "protect">;
  log: Log;
  warnings: Warnings;
  clock: { nowMs: () => number };
}

export interface SecretsPasses extends Pick<Reconciler, "prepare" | "reconcile"> {
  /** How the last pass that could read the Secret found things; undefined before. */
  readonly last: { isRejected: boolean; files: number; isConfirmed: boolean } | undefined;
}

/** The state of the copies after a pass has looked at the Secret. */
interface Copied extends SecretsRecord {
  outcome: PassOutcome;
}

/** Keeps the copies of a Secret equal to it, and the gateway informed. */
export function createSecretsPasses(dependencies: SecretsDependencies): SecretsPasses {
  const { places, prune, guard, log, warnings, clock } = dependencies;
  const { secretsDir, targetDir } = places;
  const confirmation = createConfirmation(dependencies);
  let last: SecretsPasses["last"];

  async function copy(): Promise<Copied> {
    const desired = await readSecrets(secretsDir);
    const wanted = desired.kind === "valid" ? desired.files.map(({ name }) => name) : [];
    const observed = await observeSecrets(targetDir, wanted);
    const { names, unconfirmedSince } = observed.record;
    guard.protect(listValues(desired, observed));
    if (desired.kind !== "valid") {
      const isUnused = desired.kind === "empty" && names.length === 0;
      last = { isRejected: !isUnused, files: names.length, isConfirmed: unconfirmedSince === null };
      if (!isUnused) warnings.warnOnce("secrets", toWarnings(describeRefusal(desired, places)));
      return { names, unconfirmedSince, outcome: { kind: isUnused ? "equal" : "rejected" } };
    }
    refuseObstacles(observed);
    await sweep(targetDir);
    const plan = planSecrets(desired.files, observed, prune);
    const changedMs = await apply(plan, observed);
    warnings.clear("secrets");
    if (desired.binary.length > 0) warnings.warnOnce("binary", toWarnings([describeBinary(desired.binary)]));
    else warnings.clear("binary");
    const sinceMs = changedMs ?? unconfirmedSince;
    last = { isRejected: false, files: desired.files.length, isConfirmed: sinceMs === null };
    return { names: plan.names, unconfirmedSince: sinceMs, outcome: { kind: "equal" } };
  }

  /** @returns when a copy has changed, in milliseconds since 1970; undefined if none has */
  async function apply(plan: SecretsPlan, observed: ObservedSecrets): Promise<number | undefined> {
    if (!hasChanges(plan)) {
      if (plan.isRecordStale) await writeRecord(targetDir, { ...observed.record, names: plan.names });
      return undefined;
    }
    const nowMs = clock.nowMs();
    await applySecrets(targetDir, plan, observed, nowMs);
    const copied = [...plan.add, ...plan.update].map(({ name }) => name).toSorted();
    if (copied.length > 0) log(`Secrets copied: ${listNames(copied)}`);
    if (plan.remove.length > 0) log(`Secrets removed (no longer in the Secret): ${listNames(plan.remove)}`);
    return nowMs;
  }

  async function reconcileSecrets(): Promise<PassOutcome> {
    const { names, unconfirmedSince, outcome } = await copy();
    if (unconfirmedSince === null) return outcome;
    const confirmed = await confirmation.confirm(unconfirmedSince);
    if (confirmed.isConfirmed) {
      await forgetFormers(targetDir, names);
      if (last) last = { ...last, isConfirmed: true };
    }
    return outcome.kind === "rejected" ? outcome : confirmed.outcome;
  }

  return {
    get last() {
      return last;
    },
    async prepare() {
      await attemptPass("Failed to copy secrets", async () => (await copy()).outcome, warnings);
      return true; // the sidecar tries again, and a gateway that waits for a secret is started again
    },
    reconcile: () => attemptPass("Failed to copy secrets", reconcileSecrets, warnings),
  };
}

function toWarnings(lines: readonly string[]): string[] {
  return lines.map((line) => `WARNING: ${line}`);
}

/** @throws {ObstacleError} for the first one: the whole set waits until it is gone. */
function refuseObstacles({ obstacles }: ObservedSecrets): void {
  const [first] = obstacles;
  if (first) throw first;
}
