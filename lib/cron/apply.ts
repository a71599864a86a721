import { ManagerError, describeError } from "../errors.ts";
import { releaseWith } from "../gateway/features.ts";
import type { Log } from "../log.ts";
import type { JsonObject } from "../json.ts";
import type { CronAction, JobChange } from "./plan.ts";
import type { Replacement } from "./replacement.ts";
import { maskJobText } from "../text/secrets.ts";
import type { CronStore } from "../gateway/store.ts";

/** The outcome of one action. */
export type ActionOutcome =
  | { kind: "done" }
  /** The gateway rejected the action. A retry may help. */
  | { kind: "failed" }
  /** The live job has changed since it was observed: observe and plan again. */
  | { kind: "conflict" };

/** A long pass logs its progress after this many actions: some 3 s on 2026.9.6. */
const PROGRESS_STEP = 50;

/**
 * Applies the actions in order. A failed action does not stop the others.
 *
 * @throws {ManagerError} if no further action can succeed: the gateway is gone, asks us to wait, or the program is
 * stopping. The actions before it stay applied.
 */
export async function applyActions(
  actions: readonly CronAction[],
  { store, log, signal }: { store: CronStore; log: Log; signal: AbortSignal },
): Promise<ActionOutcome[]> {
  const outcomes: ActionOutcome[] = [];
  for (const action of actions) {
    if (signal.aborted) throw new ManagerError("aborted", "told to stop");
    const done = outcomes.length;
    if (done > 0 && done % PROGRESS_STEP === 0) log(`  Progress: ${done} of ${actions.length}`);
    log(announce(action));
    outcomes.push(await applyAction(action, store, log));
  }
  return outcomes;
}

async function applyAction(action: CronAction, store: CronStore, log: Log): Promise<ActionOutcome> {
  try {
    await write(action, store);
  } catch (error) {
    if (error instanceof ManagerError && error.code === "conflict") return { kind: "conflict" };
    if (!(error instanceof ManagerError) || error.code === "aborted") throw error;
    const masked = maskError(error, action);
    // Nothing is wrong with the job: the pass logs why it waits, or is run again.
    if (error.retryAfterMs !== undefined || error.code === "interrupted") throw masked;
    log(`WARNING: Failed to ${VERBS[action.kind]} cron job: ${action.name}: ${describeError(masked)}`);
    if (error.code !== "rejected") throw masked;
    return { kind: "failed" };
  }
  if (action.kind === "adopt" && action.namesakes.length > 0) {
    log(`WARNING: Not touching other jobs named ${action.name}, which nobody claims: ${action.namesakes.join(", ")}`);
  }
  if (action.kind !== "remove" && action.commandAsTurn) {
    const since = releaseWith("commandPayload");
    log(
      `WARNING: ${action.name} runs as an agent turn and costs model tokens: this OpenClaw has no command jobs (${since} has)`,
    );
  }
  return { kind: "done" };
}

/** The gateway, or its CLI, may quote a secret of the job, and the pass logs what is thrown. */
function maskError({ code, message, hint, retryAfterMs, cause }: ManagerError, action: CronAction): ManagerError {
  const options = { ...(hint === undefined ? {} : { hint }), retryAfterMs, cause };
  return new ManagerError(code, maskJobText(message, action), options);
}

async function write(action: CronAction, store: CronStore): Promise<void> {
  switch (action.kind) {
    case "add":
      // With its key there, the gateway would update it; without it, the next pass adds a job that is missing.
      if (action.spentId !== undefined) await store.removeJob(action.spentId);
      return store.addJob(action.spec, action.declarationKey);
    case "update":
    case "adopt":
      if (action.replacement) return replace(action, action.replacement, store);
      return store.updateJob(action.id, action.patch, action.expectedConfigRevision);
    case "remove":
      return store.removeJob(action.id);
  }
}

/** What the job holds between the two updates of {@link replace}, with {@link Replacement.interim}. */
const INTERIM: JsonObject = {
  sessionTarget: "main",
  payload: { kind: "systemEvent", text: "config-manager is replacing the payload of this job" },
};

/**
 * Replaces schedule, payload and delivery as a whole; one update would merge them. With a declaration key, `cron.add`
 * replaces them. Without one, two updates do: on every release, a payload or schedule of another kind drops the old
 * fields, and the main session drops any delivery. After a crash between the two, the next pass sees a difference and
 * repairs it.
 */
async function replace(change: JobChange, replacement: Replacement, store: CronStore): Promise<void> {
  const { spec, interim, declarationKey } = replacement;
  // The next round updates whatever is left, such as the description.
  if (declarationKey !== undefined) {
    return store.redeclareJob(change.id, spec, declarationKey, change.expectedConfigRevision);
  }
  const { schedule, sessionTarget, payload, delivery } = spec;
  const { description } = change.patch;
  // An adopted job gets its mark with the first update, so that it stays ours after a crash.
  const marked = description === undefined ? {} : { description };
  const held = { ...INTERIM, schedule: interim, ...marked };
  await store.updateJob(change.id, { ...held, ...withoutDelivery(replacement) }, change.expectedConfigRevision);
  await store.updateJob(change.id, { ...change.patch, schedule, sessionTarget, payload, delivery });
}

/** The main session drops every delivery by itself, except these two. */
function withoutDelivery({ hasFailureDestination, hasWebhook }: Replacement): JsonObject {
  if (hasFailureDestination) return { delivery: { mode: "none", failureDestination: null } };
  return hasWebhook ? { delivery: { mode: "none" } } : {};
}

const VERBS = { add: "add", update: "update", adopt: "update", remove: "remove" } as const;

function announce(action: CronAction): string {
  switch (action.kind) {
    case "add":
      return `Adding cron job: ${action.name}`;
    case "update":
      return `Updating cron job: ${action.name}`;
    case "adopt":
      return `Adopting cron job: ${action.name}`;
    case "remove":
      return action.reason === "undeclared"
        ? `Removing cron job (no longer in ConfigMap): ${action.name}`
        : `Removing cron job (an older one of the same name is ours): ${action.name}`;
  }
}
