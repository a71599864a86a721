import type { Definition } from "../definition/definition.ts";
import { describeProblem, describeWarning, formatProblem } from "../definition/files.ts";
import { ManagerError, toResult } from "../errors.ts";
import { readChecksum, writeChecksum } from "../files/checksum.ts";
import { type ObstacleError, describeObstacle } from "../files/regular-file.ts";
import { removeStaleTempFiles } from "../files/replace.ts";
import type { VolumeFile } from "../files/volume.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { FAILED, attemptPass } from "../reconcile/pass.ts";
import type { PassContext, Reconciler } from "../reconcile/reconciler.ts";
import { NOTHING, createStanding } from "../reconcile/standing.ts";
import { logSome } from "../reconcile/warnings.ts";
import { type Convergence, converge } from "./converge.ts";
import type { CronDependencies } from "./dependencies.ts";
import { describeLeft, describeMissing, describeRefusal, describeUnsupported, listRefused } from "./messages.ts";
import { describePassed } from "./prospects.ts";
import { createDefinitionReader, describeSource } from "./read.ts";
import { createSchedulerWatch } from "./scheduler.ts";
import { readStaged, stageDefinitions } from "./staging.ts";

/** How many declared jobs are named that a gateway cannot take: each of them is a person's. */
const MAX_UNSUPPORTED = 100;

export interface CronPasses extends Required<Pick<Reconciler, "prepare" | "reconcile" | "standing">> {
  /** Runs one pass over the staged definitions. It adds and updates jobs, and removes none. */
  register(pass: PassContext): Promise<PassOutcome>;
  /** The state of the definitions at the last pass; undefined before the first. */
  readonly definitions: "valid" | "invalid" | "missing" | undefined;
  /** The result of the last pass that reached the gateway. */
  readonly convergence: Convergence | undefined;
  /** Whether the gateway's scheduler is on, as the last pass found; undefined while the gateway does not tell. */
  readonly isSchedulerEnabled: boolean | undefined;
}

/** Keeps the gateway's cron jobs equal to the definitions of the ConfigMap. */
export function createCronPasses(dependencies: CronDependencies): CronPasses {
  const { settings, allowMassRemoval, logsFirstPass, transport, log, warnings, signal } = dependencies;
  const { cronDir, stagingDir, checksumDir, owner, prune } = settings;
  const readCronDir = createDefinitionReader(cronDir);
  const scheduler = createSchedulerWatch(warnings);
  const standing = createStanding();
  let definitions: CronPasses["definitions"];
  let convergence: Convergence | undefined;
  /** The checksum of the definitions that were last logged as a change. */
  let loggedChecksum: string | undefined;
  let isFirst = true;
  /** Whether "Cron job sync complete" is still to be logged. */
  let mustLogComplete = true;

  async function prepareCron(): Promise<PassOutcome> {
    log("=== Staging cron job config from ConfigMap ===");
    const desired = await readCronDir();
    switch (desired.kind) {
      case "missing":
        log("=== No cron config found, skipping ===");
        return { kind: "rejected" };

      case "invalid":
        logSome(log, desired.problems.map(describeProblem));
        return { kind: "rejected" };

      case "valid":
        await stage(desired.files);
        log("=== Cron config staged successfully ===");
        return { kind: "equal" };
    }
  }

  async function stage(files: readonly VolumeFile[]): Promise<PassOutcome> {
    const { left, failure } = await stageDefinitions(files, stagingDir);
    if (left.length > 0) warnings.warnOnce("staging", [describeLeft(stagingDir, left)]);
    else warnings.clear("staging");
    if (failure) throw failure;
    return { kind: "equal" };
  }

  async function reconcileCron(pass: PassContext): Promise<PassOutcome> {
    await removeStaleTempFiles(`${checksumDir}/cron`);
    if (isFirst && !logsFirstPass) loggedChecksum = await readChecksum(checksumDir, "cron", warnOfObstacle);
    isFirst = false;
    const desired = await readCronDir();
    definitions = desired.kind;
    const checksum = desired.kind === "missing" ? NOTHING : desired.checksum;
    standing.hasRead(checksum);
    if (checksum !== loggedChecksum) {
      log(`Cron config change detected in ${describeSource(cronDir, desired)}`);
      loggedChecksum = checksum;
      mustLogComplete = true;
      warnings.clear("definitions");
      warnings.clear("definition warnings");
    }

    switch (desired.kind) {
      case "missing":
        warnings.warnOnce("definitions", ["WARNING: Cron config file not found"]);
        standing.note([describeMissing(cronDir, false)]);
        return { kind: "rejected" };

      case "invalid":
        warnings.warnOnce("definitions", desired.problems.map(describeProblem));
        standing.note(desired.problems.map(formatProblem));
        return { kind: "rejected" };

      case "valid": {
        warnings.warnOnce("definition warnings", desired.warnings.map(describeWarning));
        // The copy is for the start of the next Pod. A full or slow volume must not delay the sync.
        const staging = attemptPass("Failed to stage cron config", () => stage(desired.files), warnings);
        const synced = await toResult(syncJobs(desired.definitions, prune, pass));
        const staged = await staging;
        if (synced instanceof ManagerError) throw synced;
        if (synced.outcome.kind !== "equal") return synced.outcome;

        await writeChecksum(checksumDir, "cron", checksum);
        if (mustLogComplete || synced.changed > 0) log("Cron job sync complete");
        mustLogComplete = false;
        if (staged.kind === "failed") standing.note([], "in-sync"); // the copy is for the next Pod
        return staged;
      }
    }
  }

  function warnOfObstacle(obstacle: ObstacleError): void {
    warnings.warnOnce(obstacle.path, [describeObstacle(obstacle)]);
  }

  async function registerCron(pass: PassContext): Promise<PassOutcome> {
    const staged = await readStaged(stagingDir, warnOfObstacle);
    switch (staged.kind) {
      case "missing":
        return { kind: "rejected" };
      case "invalid":
        warnings.warnOnce("definitions", staged.problems.map(describeProblem));
        return { kind: "rejected" };
      case "valid":
        // The staged files may be older than Git, so only the sidecar removes jobs.
        return (await syncJobs(staged.definitions, "none", pass)).outcome;
    }
  }

  /** Makes the live jobs equal to the desired ones, and logs refused removals and unsupported jobs. */
  async function syncJobs(
    desired: readonly Definition[],
    pruneMode: "owned" | "none",
    { beat }: PassContext,
  ): Promise<{ outcome: PassOutcome; changed: number }> {
    const store = await transport.open();
    convergence = await converge({
      definitions: desired,
      store,
      policy: { owner, prune: pruneMode, allowMassRemoval, refused: convergence?.refusedRemovals ?? [] },
      log(message) {
        beat(); // each job logs a line; over the CLI, many jobs take hours
        log(message);
      },
      signal,
    });
    const { isEqual, changed, refusedRemovals, unsupported, passed } = convergence;
    if (refusedRemovals.length > 0) warnings.warnOnce("removals", [describeRefusal(refusedRemovals)]);
    else warnings.clear("removals");
    warnings.warnOnce("unsupported", describeUnsupported(unsupported, store.version), "", MAX_UNSUPPORTED);

    await scheduler.look(store, desired);
    warnings.warnOnce(
      "passed",
      passed.map((job) => `  ${describePassed(job)}`),
    );

    const isPossible = refusedRemovals.length === 0 && unsupported.length === 0;
    standing.note(isEqual ? listRefused(convergence, store.version) : ["jobs could not be written: see its log"]);
    if (!isEqual) return { outcome: FAILED, changed };
    return { outcome: { kind: isPossible ? "equal" : "rejected" }, changed };
  }

  return {
    get definitions() {
      return definitions;
    },
    get convergence() {
      return convergence;
    },
    get isSchedulerEnabled() {
      return scheduler.isEnabled;
    },
    async prepare() {
      await attemptPass("Failed to stage cron config", prepareCron, warnings);
      return true; // a gateway can start without cron jobs
    },
    standing: () => standing.current,
    reconcile: (pass) => standing.attempt("Failed to sync cron jobs", () => reconcileCron(pass), warnings),
    register: (pass) => attemptPass("Failed to register cron jobs", () => registerCron(pass), warnings),
  };
}
