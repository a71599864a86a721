import type { Definition } from "../definition/definition.ts";
import { findDifference } from "./difference.ts";
import { mustBeAnew, mustWait, rankTwins } from "./ended.ts";
import { type Features, type MissingFeature, findMissingFeatures } from "../gateway/features.ts";
import { isCommandAsTurn, toJobSpec } from "./job-spec.ts";
import type { JobSpec, LiveJob } from "../gateway/job.ts";
import type { CronStore } from "../gateway/store.ts";
import type { JsonObject } from "../json.ts";
import { parseMoment } from "../definition/moment.ts";
import { type Replacement, findMissingRemovals, planReplacement } from "./replacement.ts";
import { declarationKeyOf, groupByClaim, markDescription } from "./ownership.ts";

/** One change to one live job. */
export type CronAction =
  | JobAddition
  | ({ kind: "update"; name: string } & JobChange)
  /** An update that takes over an unclaimed job, the oldest of that name. `namesakes`: the ids of the others. */
  | ({ kind: "adopt"; name: string; namesakes: string[] } & JobChange)
  | { kind: "remove"; name: string; id: string; reason: "undeclared" | "duplicate" };

interface JobAddition {
  kind: "add";
  name: string;
  spec: JobSpec;
  declarationKey?: string;
  commandAsTurn: boolean;
  /** The id of our job of that name, which cannot become this one. It goes first. */
  spentId?: string;
}

export interface JobChange {
  id: string;
  /** The fields that differ: dotted paths in OpenClaw's names. */
  fields: string[];
  patch: JsonObject;
  /** The update fails with a conflict if the job has changed since it was observed. */
  expectedConfigRevision?: string;
  /** Set if schedule, payload and delivery have to be replaced as a whole. */
  replacement?: Replacement;
  commandAsTurn: boolean;
}

/** A declared job that needs a feature that this gateway lacks. It is neither created nor changed. */
export interface UnsupportedJob {
  kind: "unsupported";
  name: string;
  /** The action that is not possible. */
  wanted: "add" | "update";
  missing: MissingFeature[];
}

export interface CronPlan {
  /** In manager.sh's order: adds and updates in the definitions' order, then removals in the order of the list. */
  actions: CronAction[];
  unchanged: number;
  /** Declared jobs that need a feature that this gateway lacks. They do not affect the other jobs. */
  unsupported: UnsupportedJob[];
  /** The number of live jobs that are not ours and are not adopted. */
  unmanaged: number;
  /** Names of the jobs that are not removed: so many look like an accident. All other actions are in the plan. */
  refusedRemovals: string[];
}

export interface PlanOptions {
  owner: string;
  features: Features;
  /** Finds what must not be written, see {@link CronStore.findExposed}. */
  findExposed?: CronStore["findExposed"];
  /** The agent of a job that declares none; undefined if it is not known. */
  defaultAgent?: string | undefined;
  prune: "owned" | "none";
  allowMassRemoval: boolean;
  /** Names that the plan before has refused to remove: what was added since makes such an accident no smaller. */
  refused?: readonly string[];
  nowMs: number;
}

/** Removing this many jobs or more, and half of ours or more, counts as an accident unless it is explicitly allowed. */
const MASS_REMOVAL = 10;

/**
 * Plans the actions that make the live jobs equal to the declared ones. Pure. It touches our jobs, and unclaimed jobs
 * with a declared name; no others.
 *
 * @param definitions the complete desired set, valid
 * @param live the complete list of live jobs: every page, with disabled jobs
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
    const spec = toJobSpec(definition, options.features);
    const [own, ...others] = rankTwins(ours.get(name) ?? [], spec.schedule);
    for (const other of others) duplicates.add(other.id);
    const [orphan, ...namesakes] = own ? [] : (unclaimed.get(name) ?? []);
    const planned = planJob(
      definition,
      spec,
      own ?? orphan,
      orphan ? namesakes.map(({ id }) => id) : undefined,
      options,
    );
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
  // Removing a duplicate loses nothing: the older job of that name stays.
  const lost = removals.filter(({ id }) => undeclared.has(id));
  const stillRefused = lost.filter(({ name }) => options.refused?.includes(name));
  const isMass = lost.length >= MASS_REMOVAL && lost.length >= (owned.length - duplicates.size) / 2;
  const isAccident = (isMass || stillRefused.length >= MASS_REMOVAL) && !options.allowMassRemoval;
  const removeActions = removals
    .filter(({ id }) => !isAccident || !undeclared.has(id))
    .map(({ id, name }): CronAction => {
      return { kind: "remove", name, id, reason: undeclared.has(id) ? "undeclared" : "duplicate" };
    });
  return {
    actions: [...changes, ...removeActions],
    unchanged,
    unsupported,
    unmanaged: live.length - owned.length - adopted,
    refusedRemovals: isAccident ? lost.map(({ name }) => name) : [],
  };
}

function planJob(
  definition: Definition,
  spec: JobSpec,
  live: LiveJob | undefined,
  namesakes: string[] | undefined,
  { owner, features, findExposed, defaultAgent, nowMs }: PlanOptions,
): CronAction | UnsupportedJob | undefined {
  const { name } = definition;
  const commandAsTurn = isCommandAsTurn(definition, features);
  const exposedIn = (fields: JsonObject): MissingFeature[] => {
    if (!findExposed) return [];
    // A command that becomes an agent turn has its environment in the text.
    const { payload } = commandAsTurn ? toJobSpec(definition, { ...features, commandPayload: true }) : spec;
    return findExposed(fields.payload ? { ...fields, payload } : fields);
  };
  const marked = { ...spec, description: markDescription(spec.description, owner) };
  const planAddition = (ended: { spentId?: string } = {}): JobAddition | UnsupportedJob => {
    const exposed = exposedIn({ ...spec });
    if (exposed.length > 0) return { kind: "unsupported", name, wanted: "add", missing: exposed };
    const declarationKey = features.declarationKey ? declarationKeyOf(owner, name) : undefined;
    if (declarationKey === undefined) return { kind: "add", name, spec: marked, commandAsTurn, ...ended };
    return { kind: "add", name, spec, declarationKey, commandAsTurn, ...ended };
  };

  // The gateway rejects a moment in the past, for a new job and for an update.
  if (hasPassed(spec, nowMs)) return undefined;
  const missing = findMissingFeatures(spec, features);
  if (missing.length > 0) return { kind: "unsupported", name, wanted: live ? "update" : "add", missing };
  if (!live) return planAddition();

  const { declarationKey, configRevision } = live;
  const target = declarationKey === undefined ? marked : spec;
  const { fields, patch, needsReplacement } = findDifference(target, live, defaultAgent);
  if (fields.length === 0) return undefined;
  const replacement = needsReplacement ? planReplacement(target, live) : undefined;
  const isMoved = fields.includes("schedule") || fields.includes("trigger");
  const hasInterim = replacement !== undefined && replacement.declarationKey === undefined;
  if ((isMoved || hasInterim) && mustWait(live, spec.schedule)) return undefined;
  // What nobody claims stays as a record of what was.
  if (isMoved && mustBeAnew(live, spec.schedule)) return planAddition(namesakes ? {} : { spentId: live.id });
  const exposed = exposedIn(replacement ? { ...replacement.spec } : patch);
  const unable = [...findMissingRemovals(patch, replacement, features), ...exposed];
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

/** Whether the moment of a one-shot job has passed. It has run or was missed; adding it would run it late or twice. */
function hasPassed({ schedule }: JobSpec, nowMs: number): boolean {
  return schedule.kind === "at" && typeof schedule.at === "string" && (parseMoment(schedule.at) ?? 0) <= nowMs;
}
