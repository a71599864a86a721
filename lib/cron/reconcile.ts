import type { Definition } from "../definition/definition.ts";
import { describeProblem } from "../definition/files.ts";
import { ManagerError, toResult } from "../errors.ts";
import { readChecksum, writeChecksum } from "../files/checksum.ts";
import { removeStaleTempFiles } from "../files/replace.ts";
import type { CronStore } from "../gateway/store.ts";
import type { Log } from "../log.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { FAILED, attemptPass } from "../reconcile/pass.ts";
import type { PassContext, Reconciler } from "../reconcile/reconciler.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import type { Settings } from "../settings.ts";
import { type Convergence, converge } from "./converge.ts";
import { describeRefusal, describeUnsupported } from "./messages.ts";
import { createDefinitionReader, describeSource, readDefinitions } from "./read.ts";
import { stageDefinitions } from "./staging.ts";

export interface CronDependencies {
  settings: Pick<Settings, "cronDir" | "stagingDir" | "checksumDir" | "owner" | "prune">;
  allowMassRemoval: boolean;
  /** Whether the first pass tells of definitions that were applied before: the sidecar does, a `sync` does not. */
  tellsFirst: boolean;
  /** The way to the live jobs. */
  transport: { open(): Promise<CronStore> };
  log: Log;
  warnings: Warnings;
  signal: AbortSignal;
}

export interface CronPasses extends Pick<Reconciler, "prepare" | "reconcile"> {
  /** One pass over the staged definitions that adds and updates, and removes nothing. */
  register(pass: PassContext): Promise<PassOutcome>;
  /** What the definitions were when they were last read; undefined before that. */
  readonly definitions: "valid" | "invalid" | "missing" | undefined;
  /** What the jobs were at the end of the last pass that saw them. */
  readonly convergence: Convergence | undefined;
}

/** Keeps the gateway's cron jobs equal to the definitions of the ConfigMap. */
export function createCronPasses(dependencies: CronDependencies): CronPasses {
  const { settings, allowMassRemoval, tellsFirst, transport, log, warnings, signal } = dependencies;
  const { cronDir, stagingDir, checksumDir, owner, prune } = settings;
  const readCronDir = createDefinitionReader(cronDir);
  let definitions: CronPasses["definitions"];
  let convergence: Convergence | undefined;
  /** The checksum of the definitions that the log has told of. */
  let told: string | undefined;
  let isFirst = true;
  /** Whether "Cron job sync complete" is still to be logged. */
  let isCompleteOwed = true;

  async function prepareCron(): Promise<PassOutcome> {
    log("=== Staging cron job config from ConfigMap ===");
    const desired = await readCronDir();
    switch (desired.kind) {
      case "missing":
        log("=== No cron config found, skipping ===");
        return { kind: "rejected" };

      case "invalid":
        for (const problem of desired.problems) log(describeProblem(problem));
        return { kind: "rejected" };

      case "valid":
        await stageDefinitions(desired.files, stagingDir);
        log("=== Cron config staged successfully ===");
        return { kind: "equal" };
    }
  }

  async function reconcileCron(pass: PassContext): Promise<PassOutcome> {
    await removeStaleTempFiles(`${checksumDir}/cron`);
    if (isFirst && !tellsFirst) told = await readChecksum(checksumDir, "cron");
    isFirst = false;
    const desired = await readCronDir();
    definitions = desired.kind;
    const checksum = desired.kind === "missing" ? "none" : desired.checksum;
    if (checksum !== told) {
      log(`Cron config change detected in ${describeSource(cronDir, desired)}`);
      told = checksum;
      isCompleteOwed = true;
      warnings.clear("definitions");
    }

    switch (desired.kind) {
      case "missing":
        warnings.warnOnce("definitions", ["WARNING: Cron config file not found"]);
        return { kind: "rejected" };

      case "invalid":
        warnings.warnOnce("definitions", desired.problems.map(describeProblem));
        return { kind: "rejected" };

      case "valid": {
        // A copy for the start of the next Pod. A full or slow volume is no reason to leave the gateway behind.
        const staging = attemptPass(
          "Failed to stage cron config",
          () => stageDefinitions(desired.files, stagingDir),
          warnings,
        );
        const synced = await toResult(syncJobs(desired.definitions, prune, pass));
        const staged = await staging;
        if (synced instanceof ManagerError) throw synced;
        if (synced.outcome.kind !== "equal") return synced.outcome;

        await writeChecksum(checksumDir, "cron", checksum);
        if (isCompleteOwed || synced.changed > 0) log("Cron job sync complete");
        isCompleteOwed = false;
        return staged;
      }
    }
  }

  async function registerCron(pass: PassContext): Promise<PassOutcome> {
    const staged = await readDefinitions(stagingDir);
    switch (staged.kind) {
      case "missing":
        return { kind: "rejected" };
      case "invalid":
        warnings.warnOnce("definitions", staged.problems.map(describeProblem));
        return { kind: "rejected" };
      case "valid":
        // A job that is not declared here may be declared by now: the sidecar sees to removals.
        return (await syncJobs(staged.definitions, "none", pass)).outcome;
    }
  }

  /** Makes the live jobs equal to these, and logs what cannot be. */
  async function syncJobs(
    desired: readonly Definition[],
    how: "owned" | "none",
    { beat }: PassContext,
  ): Promise<{ outcome: PassOutcome; changed: number }> {
    const store = await transport.open();
    convergence = await converge({
      definitions: desired,
      store,
      policy: { owner, prune: how, allowMassRemoval },
      log(message) {
        beat(); // a line for each job: over the CLI, many of them take hours
        log(message);
      },
      signal,
    });
    const { isEqual, changed, refusedRemovals, unsupported } = convergence;
    if (refusedRemovals.length > 0) warnings.warnOnce("removals", [describeRefusal(refusedRemovals)]);
    else warnings.clear("removals");
    warnings.warnOnce("unsupported", describeUnsupported(unsupported, store.version));

    const isPossible = refusedRemovals.length === 0 && unsupported.length === 0;
    if (!isEqual && refusedRemovals.length === 0) return { outcome: FAILED, changed };
    return { outcome: { kind: isPossible ? "equal" : "rejected" }, changed };
  }

  return {
    get definitions() {
      return definitions;
    },
    get convergence() {
      return convergence;
    },
    async prepare() {
      await attemptPass("Failed to stage cron config", prepareCron, warnings);
      return true; // a gateway starts without cron jobs
    },
    reconcile: (pass) => attemptPass("Failed to sync cron jobs", () => reconcileCron(pass), warnings),
    register: (pass) => attemptPass("Failed to register cron jobs", () => registerCron(pass), warnings),
  };
}
