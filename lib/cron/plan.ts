import type { Definition } from "../definition/definition.ts";
import { findDifference } from "./difference.ts";
import { type Features, type MissingFeature, findMissingFeatures, missingFeature } from "../gateway/features.ts";
import { isCommandAsTurn, toJobSpec } from "./job-spec.ts";
import type { JobSpec, LiveJob } from "../gateway/job.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { parseMoment } from "../definition/moment.ts";
import { declarationKeyOf, groupByClaim, markDescription } from "./ownership.ts";

/** One change to one live job. */
export type CronAction =
  | { kind: "add"; name: string; spec: JobSpec; declarationKey?: string; commandAsTurn: boolean }
  | ({ kind: "update"; name: string } & JobChange)
  /** An update that makes a job ours which nobody claimed; of several, the oldest. `namesakes`: the ids of the others. */
  | ({ kind: "adopt"; name: string; namesakes: string[] } & JobChange)
  | { kind: "remove"; name: string; id: string; reason: "undeclared" | "duplicate" };

export interface JobChange {
  id: string;
  /** What differs, in OpenClaw's names, dotted. */
  fields: string[];
  patch: JsonObject;
  /** Fails the update when the job is no longer the one that was compared. */
  expectedConfigRevision?: string;
  /** There when payload and delivery have to be replaced whole. */
  replacement?: Replacement;
  commandAsTurn: boolean;
}

/** What a job is to be, and the key to replace it by, if that will do. */
export interface Replacement {
  spec: JobSpec;
  declarationKey: string | undefined;
  /** There when the live job has a failure destination, without which alone the main session takes it. */
  hasFailureDestination?: true;
  /** There when the live job calls a webhook, the one delivery that the main session keeps. */
  hasWebhook?: true;
}

/** A job that is declared to have what this gateway does not know. It is left as it is, or not made. */
export interface UnsupportedJob {
  kind: "unsupported";
  name: string;
  /** What it would have been. */
  wanted: "add" | "update";
  missing: MissingFeature[];
}

export interface CronPlan {
  /** In the order of manager.sh: adds and updates as they are defined, then removals as they are listed. */
  actions: CronAction[];
  unchanged: number;
  /** Jobs that this gateway cannot take as they are declared; the others are none the worse for it. */
  unsupported: UnsupportedJob[];
  /** Live jobs that are not ours and stay as they are. */
  unmanaged: number;
  /** Names of jobs that would go. So many at once look like an accident: nothing is done at all. */
  refusedRemovals: string[];
}

export interface PlanOptions {
  owner: string;
  features: Features;
  prune: "owned" | "none";
  allowMassRemoval: boolean;
  nowMs: number;
}

/** A pass that would remove this many jobs or more, and over half of ours, is an accident until said otherwise. */
const MASS_REMOVAL = 10;

/**
 * Plans what makes the live jobs equal to the declared ones. Pure. Touches only jobs that are ours, or that
 * nobody claims and that have a declared name.
 *
 * @param definitions the whole desired set, read and valid.
 * @param live the whole live list: every page, disabled jobs too.
 */
export function planCron(definitions: readonly Definition[], live: readonly LiveJob[], options: PlanOptions): CronPlan {
  const { ours, unclaimed } = groupByClaim(live, options.owner);
  const changes: CronAction[] = [];
  const unsupported: UnsupportedJob[] = [];
  const duplicates = new Set<string>();
  let unchanged = 0;
  let adopted = 0;

  for (const definition of definitions) {
    const { name } = definition;
    const [own, ...others] = ours.get(name) ?? [];
    for (const other of others) duplicates.add(other.id);
    const [orphan, ...namesakes] = own ? [] : (unclaimed.get(name) ?? []);
    const planned = planJob(definition, own ?? orphan, orphan ? namesakes.map(({ id }) => id) : undefined, options);
    if (planned?.kind === "unsupported") unsupported.push(planned);
    else if (planned) changes.push(planned);
    else if (own) unchanged += 1;
    if (planned?.kind === "adopt") adopted += 1;
  }

  const declared = new Set(definitions.map(({ name }) => name));
  const owned = [...ours.values()].flat();
  const undeclared = new Set([...ours].flatMap(([name, jobs]) => (declared.has(name) ? [] : jobs.map(({ id }) => id))));
  const toRemove = live.filter(({ id }) => undeclared.has(id) || duplicates.has(id));
  const removals = options.prune === "none" ? [] : toRemove;
  // A duplicate is no loss: the job itself stays.
  const lost = removals.filter(({ id }) => undeclared.has(id));
  const isMass = lost.length >= MASS_REMOVAL && lost.length > (owned.length - duplicates.size) / 2;
  const isAccident = isMass && !options.allowMassRemoval;
  const removeActions = removals.map(({ id, name }): CronAction => {
    return { kind: "remove", name, id, reason: undeclared.has(id) ? "undeclared" : "duplicate" };
  });
  return {
    actions: isAccident ? [] : [...changes, ...removeActions],
    unchanged,
    unsupported,
    unmanaged: live.length - owned.length - adopted,
    refusedRemovals: isAccident ? lost.map(({ name }) => name) : [],
  };
}

function planJob(
  definition: Definition,
  live: LiveJob | undefined,
  namesakes: string[] | undefined,
  { owner, features, nowMs }: PlanOptions,
): CronAction | UnsupportedJob | undefined {
  const { name } = definition;
  const spec = toJobSpec(definition, features);
  const commandAsTurn = isCommandAsTurn(definition, features);
  const marked = { ...spec, description: markDescription(spec.description, owner) };

  // Neither made nor moved to then: the gateway takes no moment that is over.
  if (hasPassed(spec, nowMs)) return undefined;
  const missing = findMissingFeatures(spec, features);
  if (missing.length > 0) return { kind: "unsupported", name, wanted: live ? "update" : "add", missing };
  if (!live) {
    const declarationKey = features.declarationKey ? declarationKeyOf(owner, name) : undefined;
    if (declarationKey === undefined) return { kind: "add", name, spec: marked, commandAsTurn };
    return { kind: "add", name, spec, declarationKey, commandAsTurn };
  }

  const { declarationKey, configRevision } = live;
  const target = declarationKey === undefined ? marked : spec;
  const { fields, patch, needsReplacement } = findDifference(target, live);
  if (fields.length === 0) return undefined;
  const replacement = needsReplacement ? planReplacement(target, live) : undefined;
  const unable = findMissingRemovals(patch, replacement, features);
  if (unable.length > 0) return { kind: "unsupported", name, wanted: "update", missing: unable };
  const change: JobChange = {
    id: live.id,
    fields,
    patch,
    commandAsTurn,
    ...(configRevision === undefined ? {} : { expectedConfigRevision: configRevision }),
    ...(replacement ? { replacement } : {}),
  };
  return namesakes ? { kind: "adopt", name, namesakes, ...change } : { kind: "update", name, ...change };
}

function planReplacement(spec: JobSpec, live: LiveJob): Replacement {
  const { declarationKey, delivery, sessionTarget } = live as LiveJob & { delivery?: Json; sessionTarget?: Json };
  const held = isJsonObject(delivery) ? delivery : {};
  return {
    spec,
    // By key, the session stays what it was, and takes no other payload than before.
    declarationKey: sessionTarget === spec.sessionTarget ? declarationKey : undefined,
    ...(held.failureDestination === undefined ? {} : { hasFailureDestination: true }),
    ...(held.mode === "webhook" ? { hasWebhook: true } : {}),
  };
}

/** What this gateway can put into a job, and not take out again. */
function findMissingRemovals(
  patch: JsonObject,
  replacement: Replacement | undefined,
  features: Features,
): MissingFeature[] {
  const missing: MissingFeature[] = [];
  if (patch.failureAlert === null && !features.alertRemoval) {
    missing.push(missingFeature("alertRemoval", "taking out failureAlert"));
  }
  if (replacement?.hasFailureDestination && !features.destinationRemoval) {
    missing.push(missingFeature("destinationRemoval", "taking anything out beside delivery.failureDestination"));
  }
  return missing;
}

/** A job for one moment that is over has run, or was missed. Making it again would run it late, or twice. */
function hasPassed({ schedule }: JobSpec, nowMs: number): boolean {
  return schedule.kind === "at" && typeof schedule.at === "string" && (parseMoment(schedule.at) ?? 0) <= nowMs;
}
