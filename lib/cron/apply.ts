import { ManagerError, describeError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { JsonObject } from "../json.ts";
import type { CronAction, JobChange, Replacement } from "./plan.ts";
import { maskJobText } from "../text/secrets.ts";
import type { CronStore } from "../gateway/store.ts";

/** What became of one action. */
export type ActionOutcome =
  | { kind: "done" }
  /** Not liked by the gateway; trying again may help, or not. */
  | { kind: "failed" }
  /** The live job was no longer what was planned on: observe and plan again. */
  | { kind: "conflict" };

/** After how many actions a long pass says how far it is: some 3 s on 2026.9.6. */
const PROGRESS_STEP = 50;

/**
 * Applies the actions one after the other; one that fails does not stop the others.
 *
 * @throws {ManagerError} when going on makes no sense: the gateway is gone, or asks to be left alone, or we
 * are to stop. What was applied until then stays applied.
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
    // Asked to wait: nothing is wrong with the job. The pass says what it waits for.
    if (!(error instanceof ManagerError) || error.retryAfterMs !== undefined || error.code === "aborted") throw error;
    const reason = maskJobText(describeError(error), action); // a gateway may quote what it does not like
    log(`WARNING: Failed to ${VERBS[action.kind]} cron job: ${action.name}: ${reason}`);
    if (error.code !== "rejected") throw error;
    return { kind: "failed" };
  }
  if (action.kind === "adopt" && action.namesakes.length > 0) {
    log(`WARNING: Not touching other jobs named ${action.name}, which nobody claims: ${action.namesakes.join(", ")}`);
  }
  if (action.kind !== "remove" && action.commandAsTurn) {
    log(
      `WARNING: ${action.name} runs as an agent turn and costs model tokens: this OpenClaw has no command jobs (2026.6 has)`,
    );
  }
  return { kind: "done" };
}

async function write(action: CronAction, store: CronStore): Promise<void> {
  switch (action.kind) {
    case "add":
      return store.addJob(action.spec, action.declarationKey);
    case "update":
    case "adopt":
      if (action.replacement) return replace(action, action.replacement, store);
      return store.updateJob(action.id, action.patch, action.expectedConfigRevision);
    case "remove":
      return store.removeJob(action.id);
  }
}

/** What stands in between the two updates of {@link replace}. */
const INTERIM: JsonObject = {
  schedule: { kind: "every", everyMs: 86_400_000 },
  sessionTarget: "main",
  payload: { kind: "systemEvent", text: "config-manager is replacing the payload of this job" },
};

/**
 * Replaces schedule, payload and delivery whole, where an update would merge them. By key, `cron.add` does it.
 * Without one, another kind of them drops the old fields on every release, and the main session any delivery;
 * what a crash leaves between the two is a difference like any other, and the next pass mends it.
 */
async function replace(change: JobChange, replacement: Replacement, store: CronStore): Promise<void> {
  const { spec, declarationKey } = replacement;
  // What is left to do then, a description say, is seen by the observation after this one.
  if (declarationKey !== undefined) {
    return store.redeclareJob(change.id, spec, declarationKey, change.expectedConfigRevision);
  }
  const { schedule, sessionTarget, payload, delivery } = spec;
  const { description } = change.patch;
  // With the mark of one that is being adopted: whatever happens in between, it is ours.
  const marked = description === undefined ? INTERIM : { ...INTERIM, description };
  await store.updateJob(change.id, { ...marked, ...withoutDelivery(replacement) }, change.expectedConfigRevision);
  await store.updateJob(change.id, { ...change.patch, schedule, sessionTarget, payload, delivery });
}

/** The main session drops a delivery by itself, but for these. */
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
