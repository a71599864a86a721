import type { Clock } from "../clock.ts";
import { ManagerError, describeError } from "../errors.ts";
import { readChecksum } from "../files/checksum.ts";
import { type ObstacleError, describeObstacle } from "../files/regular-file.ts";
import { MissingApprovalsError, RefusedApprovalsError } from "../gateway/approvals-calls.ts";
import type { Gateway } from "../gateway/connection.ts";
import type { Log } from "../log.ts";
import { createHealing } from "../reconcile/healing.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { UNHEALED } from "../reconcile/pass.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import { NOTHING, createStanding } from "../reconcile/standing.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import type { Settings } from "../settings.ts";
import { type Applied, applyApprovals } from "./apply.ts";
import { formatChanges } from "./changes.ts";
import * as messages from "./messages.ts";
import { type ApprovalsTransport, openGateway } from "./observe.ts";
import { type DesiredApprovals, pathOfApprovals, readDesired } from "./read.ts";
import { type Records, cleanRecords, dropPending, readRecords, writeBase, writePending } from "./record.ts";

export interface ApprovalsDependencies {
  settings: Pick<Settings, "configDir" | "pvcConfig" | "checksumDir" | "prune">;
  /** Whether drift is reverted. */
  selfHeal: boolean;
  /** Whether the first pass logs a file that an earlier process applied: the sidecar does, `sync` does not. */
  logsFirstPass: boolean;
  transport: ApprovalsTransport;
  /** How long a pass waits for a gateway that does not answer, in milliseconds. */
  connectLimitMs: number;
  log: Log;
  warnings: Warnings;
  clock: Pick<Clock, "nowMs" | "uptimeMs">;
}

/** What the last passes found, for the metrics. */
export interface ApprovalsState {
  /** Whether Git's file is wrong, or this gateway does not take it. */
  isRejected: boolean;
  /** How many entries and policy fields Git declares; undefined before it was read. */
  declared: number | undefined;
  /** Undefined before a gateway was asked. */
  last: Pick<Applied, "drift" | "notInGit"> | undefined;
}

export interface ApprovalsPasses extends Required<Pick<Reconciler, "standing">> {
  readonly reconcile: () => Promise<PassOutcome>;
  readonly state: ApprovalsState;
}

/** What is to be applied: Git's file, or nothing at all where Git has dropped it. */
type Source = Extract<DesiredApprovals, { kind: "valid" }> | { checksum: "none"; keyed: {}; bytes?: undefined };

const DROPPED: Source = { checksum: "none", keyed: {} };

/** Keeps the gateway's exec approvals equal to Git's. */
export function createApprovalsPasses(dependencies: ApprovalsDependencies): ApprovalsPasses {
  const { settings, selfHeal, logsFirstPass, transport, connectLimitMs, log, warnings, clock } = dependencies;
  const { configDir, checksumDir, prune } = settings;
  const healing = createHealing(clock.uptimeMs);
  const standing = createStanding();
  const state: ApprovalsState = { isRejected: false, declared: undefined, last: undefined };
  /** The checksum of the file that was last logged as a change; undefined before the first pass. */
  let logged: string | undefined;
  /** Whether "Exec approvals sync complete" is still to be logged. */
  let mustLogComplete = false;

  async function reconcileApprovals(): Promise<PassOutcome> {
    await cleanRecords(settings);
    const [desired, records] = [await readDesired(configDir), await readRecords(settings, warnOfObstacle)];
    const isKnown = records.base !== undefined || records.pending !== undefined;
    logged ??= logsFirstPass ? "none" : ((await readChecksum(checksumDir, "approvals", warnOfObstacle)) ?? "none");
    standing.hasRead("checksum" in desired ? desired.checksum : NOTHING);
    state.isRejected = false;
    state.declared = desired.kind === "valid" ? desired.entries : 0;
    switch (desired.kind) {
      case "missing":
        if (!isKnown) return rest();
        warnings.warnOnce(FILE, [
          `WARNING: Exec approvals in Git are not known: ${messages.describeMissing(configDir)}`,
        ]);
        standing.note([messages.describeMissing(configDir)]);
        return { kind: "rejected" };
      case "absent":
        return isKnown ? follow(DROPPED, records) : rest();
      case "invalid":
        tellChange(desired.checksum);
        state.isRejected = true;
        warnings.warnOnce(FILE, messages.describeInvalid(desired.problems));
        standing.note(desired.problems);
        return { kind: "rejected" };
      case "valid":
        return follow(desired, records);
    }
  }

  /** Git has nothing of this kind, and we have put nothing there: no gateway is asked. */
  function rest(): PassOutcome {
    state.last = undefined;
    logged = "none";
    for (const topic of [FILE, CALLS, DRIFT]) warnings.clear(topic);
    return { kind: "equal" };
  }

  function tellChange(checksum: string): void {
    if (checksum === logged) return;
    logged = checksum;
    mustLogComplete = true;
    for (const topic of [FILE, CALLS]) warnings.clear(topic);
    log(`Exec approvals change detected in ${pathOfApprovals(configDir)}`);
  }

  async function follow(source: Source, records: Records): Promise<PassOutcome> {
    tellChange(source.checksum);
    warnings.clear(FILE);
    let gateway: Gateway | undefined;
    try {
      gateway = await openGateway(transport, connectLimitMs);
      return await apply(source, records, gateway);
    } catch (error) {
      if (error instanceof RefusedApprovalsError) {
        warnings.warnOnce(CALLS, [messages.describeRefused(error.message, gateway?.version ?? "")]);
        standing.note([`refused by the gateway: ${error.message}`]);
      } else if (error instanceof MissingApprovalsError) {
        warnings.warnOnce(CALLS, [messages.describeNoCalls(describeError(error))]);
        standing.note([messages.explainNoCalls(describeError(error))]);
      } else throw error;
      state.isRejected = true;
      return { kind: "rejected" };
    }
  }

  async function apply(source: Source, { base, pending }: Records, gateway: Gateway): Promise<PassOutcome> {
    const { checksum, keyed, bytes } = source;
    const isApplied = checksum === base?.checksum && !pending;
    const applying = applyApprovals({
      gateway,
      desired: keyed,
      base: base?.keyed,
      pending: pending?.keyed,
      isApplied,
      prune,
      decide: selfHeal ? (drift) => healing.decide(checksum, formatChanges(drift), false) : undefined,
      // Else what a pass has put there that is killed before its record would never be taken out.
      onWrite: async () => (bytes && !isApplied ? writePending(settings, keyed, pending?.keyed) : undefined),
      nowMs: clock.nowMs,
    });
    const applied = await applying.catch(async (error: unknown) => {
      const isUntouched = error instanceof ManagerError && ["rejected", "conflict"].includes(error.code);
      if (isUntouched && !pending) await dropPending(settings);
      throw error;
    });
    const { changes, healed, drift, decision } = applied;
    state.last = applied;
    warnings.clear(CALLS);
    if (healed.length > 0) {
      healing.hasHealed(formatChanges(healed));
      log(`Healing exec approvals drift: ${messages.listChanges(healed)}`);
    }
    if (changes.length > 0) log(`Exec approvals updated: ${messages.listChanges(changes)}`);
    if (!isApplied) await writeBase(settings, bytes);
    if (changes.length > 0 || mustLogComplete) log("Exec approvals sync complete");
    mustLogComplete = false;
    if (drift.length === 0) warnings.clear(DRIFT);
    else {
      warnings.warnOnce(DRIFT, [messages.describeDrift(drift, decision)]);
      standing.note(messages.listDrift(drift), "drifted");
    }
    return drift.length > 0 && selfHeal && decision !== "given-up" ? UNHEALED : { kind: "equal" };
  }

  function warnOfObstacle(obstacle: ObstacleError): void {
    warnings.warnOnce(obstacle.path, [describeObstacle(obstacle)]);
  }

  return {
    state,
    standing: () => standing.current,
    reconcile: () => standing.attempt("Failed to sync exec approvals", reconcileApprovals, warnings),
  };
}

const [FILE, CALLS, DRIFT] = ["exec approvals file", "exec approvals calls", "exec approvals drift"] as const;
