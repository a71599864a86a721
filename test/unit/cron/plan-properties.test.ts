// What holds whatever lives in the gateway and whatever is declared: tried on random jobs and random definitions, 100
// times each; 2,000 times in a soak, with CONFIG_MANAGER_SOAK=1.

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { converge } from "../../../lib/cron/converge.ts";
import { findDifference } from "../../../lib/cron/difference.ts";
import { isRepeating } from "../../../lib/definition/combinations.ts";
import type { Definition } from "../../../lib/definition/definition.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { type Features, featuresOf, findMissingFeatures } from "../../../lib/gateway/features.ts";
import type { JobSpec, LiveJob } from "../../../lib/gateway/job.ts";
import { toJobSpec } from "../../../lib/cron/job-spec.ts";
import { planReplacement } from "../../../lib/cron/replacement.ts";
import type { Json, JsonObject } from "../../../lib/json.ts";
import { type CronAction, type PlanOptions, planCron } from "../../../lib/cron/plan.ts";
import { createSchedulerWatch } from "../../../lib/cron/scheduler.ts";
import type { CronStore } from "../../../lib/gateway/store.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { DELIVERIES, type Kind, NOW, OPTIONS, aDefinition, someOf } from "../../support/definitions.ts";
import {
  type MemoryStore,
  NEW,
  ODD_NAMES,
  OLD,
  OWNER,
  createMemoryStore,
  define,
  liveJob,
  ourJob,
  refusalOf,
} from "../../support/fakes.ts";
import { IS_SOAK } from "../../support/soak.ts";

const RUNS = IS_SOAK ? 2_000 : 100;

const GATEWAYS: Record<string, Features> = {
  "2026.9.6": NEW,
  "without keys": { ...NEW, declarationKey: false },
  "without commands": { ...NEW, commandPayload: false },
  "without either": { ...NEW, declarationKey: false, commandPayload: false },
  ...Object.fromEntries(
    ["2026.8.2", "2026.7.35", "2026.6.11", "2026.5.20", "2026.4.15", "2026.3.13", "2026.2.26"].map((version) => {
      return [version, featuresOf(version, 4)];
    }),
  ),
  "2026.2.9": OLD,
};

// ---- the definitions

const aName = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "c", "A") },
  { weight: 1, arbitrary: fc.constantFrom(...Object.values(ODD_NAMES)) },
);

// ---- the live jobs

/** How a job shows its owner. NAME stands for the name that it was declared under. */
interface Claim {
  key?: string;
  mark?: string;
  isMarkFirst?: true;
}

const OUR_MARK: Claim = { mark: "[managed-by=config-manager]" };

const CLAIMS: readonly Claim[] = [
  {},
  { mark: "by hand" },
  { key: "config-manager:NAME" },
  { key: "config-manager:NAME", mark: "[managed-by=other]" },
  OUR_MARK,
  { mark: "[managed-by=other] [managed-by=config-manager]\n" },
  { key: "other:NAME" },
  { key: "config-manager-2:NAME" },
  { key: "config-manager:" },
  { key: "heartbeat:main", mark: "[managed-by=config-manager]" },
  { key: "skill-collection-review:main" },
  { key: "memory-core:memory-dreaming-promotion" },
  { key: "claw:NAME" },
  { mark: "[managed-by=other]" },
  { mark: "[managed-by=memory-core.promotion]", isMarkFirst: true },
  { mark: "[managed-by=config-manager] and then somebody wrote on" },
];

const aLiveJob = fc.record({
  name: aName,
  claim: fc.oneof(fc.constantFrom(...CLAIMS.slice(0, 6)), fc.constantFrom(...CLAIMS)),
  /** The definition that it was added by; undefined if that is the current one. */
  definition: fc.option(aDefinition, { freq: 2 }),
  /** Whether it was added when the gateway was an older release. */
  isOld: fc.boolean(),
  /** What a person edited in it. */
  edit: someOf({
    enabled: [false, true],
    agentId: ["other"],
    deleteAfterRun: [true],
    failureAlert: [{ after: 9 }],
    delivery: DELIVERIES,
    payload: [{ timeoutSeconds: 9 }, { toolsAllow: ["exec"] }, { cwd: "/tmp" }, { env: { B: "2" } }, { model: "e/f" }],
  }),
  /** A new name that a person gave it. */
  newName: fc.constantFrom(undefined, undefined, "a", "renamed by hand"),
  past: someOf({
    createdAtMs: [1_000, 2_000, 3_000],
    state: [
      { nextRunAtMs: 1, lastStatus: "error", consecutiveErrors: 5 },
      { lastRunAtMs: 5, lastStatus: "ok" },
      { lastRunAtMs: 5, lastStatus: "ok", lastTriggerFireAtMs: 5 },
      { runningAtMs: 6 },
      { runningAtMs: 6, lastRunAtMs: 5, lastStatus: "error", nextRunAtMs: 7 },
    ],
    updatedAtMs: [5],
    scheduledToolPolicy: [{ mode: "default" }],
  }),
  /** Fields that gateways add by themselves. */
  hasDefaults: fc.boolean(),
});

type ValueOf<A> = A extends fc.Arbitrary<infer T> ? T : never;
type Recipe = ValueOf<typeof aLiveJob>;

function cook(recipe: Recipe, id: string, features: Features, declared: readonly Definition[]): LiveJob {
  const { claim, newName, past } = recipe;
  const isOurs = claim.key === "config-manager:NAME";
  const hasKey = claim.key !== undefined && features.declarationKey && recipe.name.length < 180;
  // Without keys, our jobs have a mark.
  const mark = !hasKey && isOurs ? "[managed-by=config-manager]" : claim.mark;
  const { description, ...spec } = specOf(recipe, features, declared);
  const { at } = spec.schedule;
  const isToCome = typeof at === "string" && Date.parse(at) > Date.parse(NOW);
  const words = claim.isMarkFirst ? [mark, description] : [description, mark];
  return liveJob({
    ...spec,
    ...(recipe.hasDefaults ? defaultsFor(spec) : {}),
    createdAtMs: 1_000,
    ...(features.declarationKey ? { configRevision: "1" } : {}),
    ...past,
    ...(isToCome && past.state
      ? { state: { ...(past.state as JsonObject), nextRunAtMs: 1, lastRunAtMs: undefined } }
      : {}),
    id,
    // Renaming a job with a mark makes it a different job.
    name: (hasKey && isOurs ? newName : undefined) ?? spec.name,
    description: words.filter(Boolean).join(" ") || undefined,
    declarationKey: hasKey ? claim.key?.replace("NAME", () => recipe.name) : undefined,
  });
}

/** Builds the live job of a definition, with the edits, and without what no gateway would store. */
function specOf({ name, definition, isOld, edit }: Recipe, features: Features, declared: readonly Definition[]) {
  const shape = isOld ? { ...features, commandPayload: false } : features;
  const plain = toJobSpec(define({ name }), shape);
  const by = definition ?? declared.find((each) => each.name === name);
  const spec = by ? toJobSpec({ ...by, name }, shape) : plain;
  const isHere = (each: JobSpec) => findMissingFeatures(each, features).length === 0;
  return [edited(spec, edit), spec].find(isHere) ?? plain;
}

function edited(spec: JobSpec, { payload = {}, delivery = spec.delivery, agentId, ...fields }: JsonObject): JobSpec {
  const known = Object.keys(OPTIONS[spec.payload.kind as Kind]);
  const options = Object.entries(payload as JsonObject).filter(([field]) => known.includes(field));
  const isMain = spec.sessionTarget === "main";
  return {
    ...spec,
    ...fields,
    ...(agentId === undefined || isMain ? {} : { agentId: "other" }),
    payload: { ...spec.payload, ...Object.fromEntries(options) },
    delivery: isMain && (delivery as JsonObject).mode !== "webhook" ? spec.delivery : (delivery as JobSpec["delivery"]),
  };
}

function defaultsFor({ schedule, payload, delivery, sessionTarget }: Omit<JobSpec, "description">) {
  const isNone = sessionTarget === "main" && delivery.mode === "none";
  return {
    schedule: { ...(schedule.kind === "every" ? { anchorMs: 3 } : {}), ...schedule },
    payload: { ...(payload.kind === "agentTurn" ? { toolsAllow: ["*"] } : {}), ...payload },
    delivery: isNone ? undefined : { ...(delivery.mode === "announce" ? { channel: "last" } : {}), ...delivery },
  };
}

// ---- definitions and live jobs

interface World {
  /** An index into {@link GATEWAYS}. */
  gateway: string;
  definitions: Definition[];
  live: LiveJob[];
  policy: Pick<PlanOptions, "owner" | "prune" | "allowMassRemoval">;
  /** See {@link createMemoryStore}. */
  agents: { defaultAgent: string | undefined; isStamped: boolean };
}

/** @param isNamed whether each live job has a declared name, if there is one. */
function worldOf(lives: fc.Arbitrary<Recipe[]>, isNamed = false): fc.Arbitrary<World> {
  const parts = fc.record({
    gateway: fc.oneof(fc.constant("2026.9.6"), fc.constantFrom(...Object.keys(GATEWAYS))),
    declared: fc.uniqueArray(fc.tuple(aName, aDefinition), { maxLength: 6, selector: ([name]) => name }),
    lives,
    prune: fc.constantFrom("owned" as const, "none" as const),
    allowMassRemoval: fc.boolean(),
    agents: fc.record({ defaultAgent: fc.constantFrom("main", "other", undefined), isStamped: fc.boolean() }),
  });
  return parts.map(({ gateway, declared, lives, prune, allowMassRemoval, agents }) => {
    const definitions = declared.map(([name, definition]) => ({ ...definition, name }));
    const live = lives.map((recipe, index) => {
      const { name } = (isNamed ? definitions[index % definitions.length] : undefined) ?? recipe;
      return cook({ ...recipe, name }, `id-${index}`, featuresAt(gateway), definitions);
    });
    const policy = { owner: OWNER, prune, allowMassRemoval };
    return { gateway, definitions, live: withoutTwins(live), policy, agents };
  });
}

const aWorld = worldOf(fc.array(aLiveJob, { maxLength: 8 }));

/** Few jobs, none of them with a key, all as declared except for a person's edits: each repair takes several calls. */
const aSpoiltWorld = worldOf(
  fc.array(
    aLiveJob.map((recipe) => ({ ...recipe, claim: recipe.isOld ? {} : OUR_MARK, isOld: false, definition: null })),
    { minLength: 1, maxLength: 3 },
  ),
  true,
);

/** Many more jobs of ours, so that the removals may be too many at once. */
const aCrowdedWorld = fc
  .record({ world: aWorld, declared: fc.nat(14), others: fc.integer({ min: 7, max: 12 }), twins: fc.nat(6) })
  .map(({ world, declared, others, twins }): World => {
    const { gateway, definitions, live, policy, agents } = world;
    const crowd = Array.from({ length: declared + others }, (_, index) => define({ name: `crowd-${index}` }));
    const wanted = crowd.slice(0, declared);
    const jobs = crowd.map((each, index) => ourJob(each, { id: `crowd-${index}` }, featuresAt(gateway)));
    const younger = wanted.slice(0, twins).map((each, index) => {
      return ourJob(
        each,
        { id: `twin-${index}`, createdAtMs: 9_000 },
        { ...featuresAt(gateway), declarationKey: false },
      );
    });
    return {
      gateway,
      agents,
      definitions: [...definitions, ...wanted],
      live: [...live, ...jobs, ...younger],
      policy: { ...policy, prune: "owned" },
    };
  });

function featuresAt(gateway: string): Features {
  return GATEWAYS[gateway] ?? NEW;
}

/** A gateway never has two jobs with the same key. */
function withoutTwins(jobs: readonly LiveJob[]): LiveJob[] {
  const keys = jobs.map(({ declarationKey }) => declarationKey);
  return jobs.filter(({ declarationKey }, index) => {
    return declarationKey === undefined || keys.indexOf(declarationKey) === index;
  });
}

// ---- the expected result, computed independently of the program

/** The name under which a job is ours, or its other owner. */
function claimOf({ declarationKey, description = "", name }: LiveJob): { ours: string } | "nobody's" | "another's" {
  if (declarationKey !== undefined) {
    const [owner, ...rest] = declarationKey.split(":");
    return owner === "config-manager" && rest.join(":") !== "" ? { ours: rest.join(":") } : "another's";
  }
  if (description.trim().endsWith("[managed-by=config-manager]")) return { ours: name };
  return description.includes("[managed-by=") ? "another's" : "nobody's";
}

/** Neither added nor changed: the moment has passed, or this gateway does not support it. */
function isLeft(definition: Definition, unsupported: readonly string[]): boolean {
  const { name, schedule } = definition;
  const isOver = typeof schedule === "object" && schedule.kind === "at" && Date.parse(schedule.at) <= Date.parse(NOW);
  return isOver || unsupported.includes(name);
}

/**
 * What becomes of one live job. A job that is neither ours nor adopted stays unchanged. One that has run for the last time
 * makes way for another. A one-shot that is running waits for the end of the run.
 */
type Fate = "stays" | "goes" | "makes way" | { waits: Definition } | { becomes: Definition };

function foretell({ definitions, live, policy, gateway }: World, unsupported: readonly string[]): Fate[] {
  const oldest = live.toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
  const firstOfOurs = (name: string) => {
    const twins = oldest.filter((job) => Bun.deepEquals(claimOf(job), { ours: name }));
    const definition = definitions.find((each) => each.name === name);
    return (
      twins.find((job) => !definition || !isSpent(job, definition, gateway)) ??
      twins.find((job) => job.declarationKey !== undefined) ??
      twins[0]
    );
  };
  const fateOfSpare = policy.prune === "owned" ? "goes" : "stays";

  return live.map((job) => {
    const claim = claimOf(job);
    if (claim === "another's") return "stays";
    const name = claim === "nobody's" ? job.name : claim.ours;
    const definition = definitions.find((each) => each.name === name);
    if (claim === "nobody's") {
      const isChosen = oldest.find((each) => each.name === name && claimOf(each) === "nobody's") === job;
      const isWanted = definition !== undefined && !isLeft(definition, unsupported) && !firstOfOurs(name);
      if (!isChosen || !isWanted) return "stays";
      const fate = fateOfUpdated(job, definition, gateway);
      return fate === "makes way" ? "stays" : fate;
    }
    if (!definition || firstOfOurs(name) !== job) return fateOfSpare;
    return isLeft(definition, unsupported) ? "stays" : fateOfUpdated(job, definition, gateway);
  });
}

function fateOfUpdated(job: LiveJob, definition: Definition, gateway: string): Fate {
  const spec = toJobSpec(definition, featuresAt(gateway));
  const timesOf = (each: JobSpec | LiveJob) => {
    const { schedule, trigger = {} } = essenceOf(each as LiveJob, spec);
    return { schedule, trigger };
  };
  const isMoved = !Bun.deepEquals(timesOf(job), timesOf(spec));
  const isRunning = stateOf(job).runningAtMs !== undefined;
  const mustWait = isRunning && (isOneShot(job) || isOneShot(spec));
  if (mustWait && (isMoved || takesTwoUpdates(spec, job))) return { waits: definition };
  if (!isMoved) return { becomes: definition };
  return isSpent(job, definition, gateway) ? "makes way" : { becomes: definition };
}

/** Whether an update cannot make a job run as declared. */
function isSpent(job: LiveJob, definition: Definition, gateway: string): boolean {
  const { schedule } = toJobSpec(definition, featuresAt(gateway));
  const becomesOneShot = schedule.kind === "at" && job.schedule.kind !== "at";
  return isOver(job) || (becomesOneShot && stateOf(job).lastRunAtMs !== undefined);
}

/** Whether something has to be taken out of a job that has no key for it. */
function takesTwoUpdates(spec: JobSpec, job: LiveJob): boolean {
  const { needsReplacement } = findDifference(spec, job);
  return needsReplacement && planReplacement(spec, job).declarationKey === undefined;
}

const stateOf = (job: LiveJob) => (job.state ?? {}) as JsonObject;
const isOneShot = ({ schedule }: JobSpec | LiveJob) => schedule.kind === "at" || schedule.kind === "on-exit";

/** Whether a job will not run any more. */
function isOver(job: LiveJob): boolean {
  const { runningAtMs, nextRunAtMs, lastRunAtMs, lastTriggerFireAtMs } = stateOf(job);
  const { trigger = {} } = job as { trigger?: JsonObject };
  const isDue = job.enabled && (job.schedule.kind !== "at" || nextRunAtMs !== undefined);
  const isDone = isOneShot(job)
    ? lastRunAtMs !== undefined
    : trigger.once === true && lastTriggerFireAtMs !== undefined;
  return runningAtMs === undefined && !isDue && isDone;
}

/** The jobs that would be lost: those that are removed and are no duplicates. */
function lossOf({ live, definitions }: World, fates: readonly Fate[]): LiveJob[] {
  const names = new Set(definitions.map(({ name }) => name));
  return live.filter((job, index) => {
    const claim = claimOf(job);
    return fates[index] === "goes" && typeof claim === "object" && !names.has(claim.ours);
  });
}

/** Ten or more lost at once, and half of ours or more. */
function isTooMuch(world: World, fates: readonly Fate[]): boolean {
  const lost = lossOf(world, fates).length;
  const twice = fates.filter((fate) => fate === "goes").length - lost;
  const ours = world.live.filter((job) => typeof claimOf(job) === "object").length - twice;
  return !world.policy.allowMassRemoval && lost >= 10 && lost >= ours / 2;
}

/** What becomes of each job after that: what would be lost stays if it is too much. */
function foretellRefusal(world: World, fates: readonly Fate[]): Fate[] {
  const lost = new Set(isTooMuch(world, fates) ? lossOf(world, fates) : []);
  return world.live.map((job, index) => (lost.has(job) ? "stays" : (fates[index] ?? "stays")));
}

/** Expects these jobs to be exactly what the world should become. */
async function expectEnd(world: World, jobs: readonly LiveJob[], unsupported: readonly string[]): Promise<void> {
  const { live, definitions } = world;
  const fates = foretellRefusal(world, foretell(world, unsupported));

  const known = new Set(live.map(({ id }) => id));
  const isGone = (fate: Fate | undefined) => fate === "goes" || fate === "makes way";
  const kept = live.flatMap((before, index) => (isGone(fates[index]) ? [] : [{ before, fate: fates[index] }]));
  expect(jobs.filter(({ id }) => known.has(id)).map(({ id }) => id)).toEqual(kept.map(({ before }) => before.id));
  for (const { before, fate } of kept) {
    const after = jobs.find(({ id }) => id === before.id);
    if (typeof fate === "object" && "becomes" in fate) await expectDeclared(after, fate.becomes, world, before);
    else expect(after).toEqual(before);
  }

  const taken = new Set(fates.flatMap((fate) => (typeof fate === "object" ? Object.values(fate) : [])));
  const missing = definitions.filter((each) => !isLeft(each, unsupported) && !taken.has(each));
  const made = jobs.filter(({ id }) => !known.has(id));
  expect(made.map(({ name }) => name).toSorted()).toEqual(missing.map(({ name }) => name).toSorted());
  for (const definition of missing) {
    await expectDeclared(
      made.find(({ name }) => name === definition.name),
      definition,
      world,
    );
  }
}

/** Expects a job to be ours and as if newly added, except for its former id, age, state, and switch. */
async function expectDeclared(
  job: LiveJob | undefined,
  definition: Definition,
  { gateway, agents }: Pick<World, "gateway" | "agents">,
  before?: LiveJob,
): Promise<void> {
  if (!job) throw new Error(`no job ${definition.name}`);
  const features = featuresAt(gateway);
  const fresh = createMemoryStore([], { features, agents });
  const spec = toJobSpec(definition, features);
  await fresh.addJob(spec, "a key, and so no mark");
  const [like] = fresh.jobs;
  if (!like) throw new Error("nothing is made");
  expect(claimOf(job)).toEqual({ ours: definition.name });
  expect(essenceOf(job, spec)).toEqual(essenceOf(like, spec));
  expect(agentOf(job)).toBe(before ? agentAfter(before, spec, agents.defaultAgent) : agentOf(like));
  const hadAnchor = before?.schedule.everyMs === job.schedule.everyMs && before?.schedule.anchorMs !== undefined;
  if (hadAnchor && !("anchorMs" in spec.schedule)) expect(job.schedule.anchorMs).toBe(before.schedule.anchorMs);
  if (definition.enabled !== undefined || !before) expect(job.enabled).toBe(definition.enabled ?? true);
  else expect(job.enabled).toBe(before.enabled);
  if (before) return expect(pastOf(job)).toEqual(pastOf(before));
  const key = `config-manager:${definition.name}`;
  expect(job.declarationKey).toEqual(features.declarationKey && key.length <= 200 ? key : undefined);
}

function agentOf({ agentId }: JobSpec | LiveJob): string | undefined {
  return typeof agentId === "string" ? agentId.toLowerCase() || undefined : undefined;
}

/** A job that declares no agent keeps the default one, or any where there is no default one. */
function agentAfter(before: LiveJob, declared: JobSpec, defaultAgent: string | undefined): string | undefined {
  if (declared.agentId !== undefined) return agentOf(declared);
  return defaultAgent === undefined || agentOf(before) === defaultAgent ? agentOf(before) : undefined;
}

function pastOf({ id, createdAtMs, state, declarationKey }: LiveJob) {
  return { id, createdAtMs, state, declarationKey };
}

/** The fields of a job that a definition controls. */
function essenceOf(job: LiveJob, declared: JobSpec): JsonObject {
  const { name, displayName, sessionKey, sessionTarget, wakeMode, pacing, trigger } = job as JsonObject & LiveJob;
  const { schedule, payload, delivery, failureAlert, deleteAfterRun } = job as JsonObject & LiveJob;
  const description =
    job.declarationKey === undefined ? job.description?.trim().replace(/\[[^[]*\]$/, "") : job.description;
  const { anchorMs, staggerMs, ...times } = schedule as JsonObject;
  const { toolsAllow, ...work } = payload as JsonObject;
  return {
    ...solid({ name, displayName, sessionKey, sessionTarget, wakeMode, pacing, trigger }),
    description: description?.trim() ?? "",
    ...(failureAlert === undefined ? {} : { failureAlert }),
    deleteAfterRun:
      schedule.kind !== "on-exit" && declared.deleteAfterRun === undefined ? "as it likes" : !!deleteAfterRun,
    schedule: solid({
      ...pickOf(TIMES, times),
      expr: typeof times.expr === "string" ? times.expr.replace(/\s+/g, " ") : undefined,
      anchorMs: "anchorMs" in declared.schedule ? anchorMs : undefined,
      staggerMs: "staggerMs" in declared.schedule ? staggerMs : undefined,
    }),
    payload: solid({ ...pickOf(WORK, work), toolsAllow: Bun.deepEquals(toolsAllow, ["*"]) ? undefined : toolsAllow }),
    delivery: routeOf(delivery as JsonObject | undefined, declared),
  };
}

/** What counts in a schedule and in a payload, by kind. The rest has no effect. */
const TIMES: Record<string, string[]> = {
  cron: ["kind", "expr", "tz"],
  every: ["kind", "everyMs"],
  at: ["kind", "at"],
  "on-exit": ["kind", "command", "cwd"],
  stream: ["kind", "command", "cwd", "mode", "match", "batchMs", "maxBatchBytes"],
};
const WORK: Record<string, string[]> = {
  command: ["kind", "argv", "input", ...Object.keys(OPTIONS.command)],
  agentTurn: ["kind", "message", ...Object.keys(OPTIONS.agentTurn)],
  systemEvent: ["kind", "text"],
  script: ["kind", "script", ...Object.keys(OPTIONS.script)],
};

function pickOf(byKind: Record<string, string[]>, fields: JsonObject): JsonObject {
  const names = typeof fields.kind === "string" ? (byKind[fields.kind] ?? []) : [];
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}

/** With mode `none`, the rest of an old route has no effect. */
function routeOf(held: JsonObject | undefined, declared: JobSpec): JsonObject {
  // A missing delivery is not always none: since 2026.6 a job outside the main session announces by default.
  const delivery = held ?? { mode: declared.sessionTarget === "main" ? "none" : "announce" };
  const { channel, ...route } = delivery;
  const whole = solid({ ...route, channel: channel === "last" ? undefined : channel });
  if (delivery.mode !== "none") return whole;
  return Object.fromEntries(Object.entries(whole).filter(([field]) => field in declared.delivery));
}

/** Drops empty fields. */
function solid(fields: Record<string, Json | undefined>): JsonObject {
  const entries = Object.entries(fields).filter(([, value]) => {
    if (value === undefined || value === null || value === "" || value === false) return false;
    return typeof value !== "object" || Object.keys(value).length > 0;
  });
  return Object.fromEntries(entries) as JsonObject;
}

// ---- running a pass

function storeOf({ gateway, live, agents }: World, before: (call: string) => void = () => {}): MemoryStore {
  return createMemoryStore(live, { features: featuresAt(gateway), before, agents });
}

function bring(store: CronStore, { definitions, policy }: World) {
  const { signal } = new AbortController();
  return converge({ definitions, store, policy, signal, log: () => {}, nowMs: () => Date.parse(NOW) });
}

/** Runs a pass against a store that fails at one of its calls, and returns the store, working again. */
async function crash(world: World, call: number): Promise<MemoryStore> {
  const whole = storeOf(world);
  await bring(whole, world);
  const last = call % whole.calls.length;
  let calls = 0;
  const store = storeOf(world, () => {
    if (calls++ === last) throw new ManagerError("unreachable", "gone");
  });
  expect(await refusalOf(bring(store, world))).toMatchObject({ code: "unreachable" });
  return store;
}

/**
 * Whether a job that makes way has a namesake that nobody claims. Between its removal and the new job, that one looks as on
 * the first day: after a crash there, it is adopted.
 */
function leavesNamesake(world: World): boolean {
  const spent = foretell(world, []).flatMap((fate, index) => (fate === "makes way" ? [world.live[index]] : []));
  const names = new Set(spent.map((job) => job && (claimOf(job) as { ours: string }).ours));
  return world.live.some((job) => claimOf(job) === "nobody's" && names.has(job.name));
}

/** A store that several passes share: each call waits for its turn. */
function inTurn(store: MemoryStore, scheduler: fc.Scheduler): CronStore {
  return {
    transport: store.transport,
    version: store.version,
    protocol: store.protocol,
    features: store.features,
    readDefaultAgent: scheduler.scheduleFunction(() => store.readDefaultAgent()),
    listJobs: scheduler.scheduleFunction(() => store.listJobs()),
    readScheduler: scheduler.scheduleFunction(() => store.readScheduler()),
    addJob: scheduler.scheduleFunction((...job) => store.addJob(...job)),
    redeclareJob: scheduler.scheduleFunction((...job) => store.redeclareJob(...job)),
    updateJob: scheduler.scheduleFunction((...job) => store.updateJob(...job)),
    removeJob: scheduler.scheduleFunction((id) => store.removeJob(id)),
  };
}

// ---- somebody else changes jobs at the same time

/** What somebody does to a job before one of our calls; `job` is an index into the existing ones. */
const aDeed = fc.record({
  call: fc.nat(6),
  job: fc.nat(12),
  deed: fc.oneof(
    fc.constant({ kind: "remove" as const }),
    fc.record({
      kind: fc.constant("change" as const),
      patch: fc.constantFrom<JsonObject>(
        { enabled: false },
        { schedule: { kind: "every", everyMs: 5_000 } },
        { payload: { kind: "systemEvent", text: "by hand" } },
        { delivery: { mode: "announce", channel: "slack" } },
        { failureAlert: { after: 9 } },
        { name: "a" },
        { name: "renamed by hand" },
      ),
    }),
    fc.constant({ kind: "claim" as const }),
    fc.record({ kind: fc.constant("add" as const), recipe: aLiveJob }),
  ),
});

function doDeed({ job: place, deed }: ValueOf<typeof aDeed>, store: MemoryStore, world: World): void {
  const { gateway, definitions } = world;
  const features = featuresAt(gateway);
  if (deed.kind === "add") {
    const job = cook(deed.recipe, "another", features, definitions);
    const { id: _, createdAtMs: _made, declarationKey, delivery = { mode: "none" }, ...spec } = job;
    return void store.addJob({ ...spec, delivery } as unknown as JobSpec, declarationKey);
  }
  const isFree = (job: LiveJob) => claimOf(job) === "nobody's";
  const jobs = deed.kind === "claim" ? store.jobs.filter(isFree) : store.jobs;
  const job = jobs[place % jobs.length];
  if (!job) return;
  if (deed.kind === "remove") return void store.removeJob(job.id);
  const patch = deed.kind === "claim" ? { description: "[managed-by=other]" } : deed.patch;
  // Only with revisions can a gateway tell us that somebody has changed a job's owner or identity meanwhile.
  if (isFree(job) && ("description" in patch || "name" in patch) && !features.declarationKey) return;
  void store.updateJob(job.id, patch).catch(() => {}); // a rejection is theirs
}

/** The jobs that no pass may touch. */
function theirsOf(jobs: readonly LiveJob[], { definitions }: World): LiveJob[] {
  const wanted = new Set(definitions.filter((each) => !isLeft(each, [])).map(({ name }) => name));
  return jobs.filter((job) => {
    const claim = claimOf(job);
    return claim === "another's" || (claim === "nobody's" && !wanted.has(job.name));
  });
}

// ---- the properties

/** Expects that no action touches a foreign job, and that everything else in the plan is true. */
function expectTruePlan(world: World): void {
  const { definitions, live, policy, gateway, agents } = world;
  const { defaultAgent } = agents;
  const options = { ...policy, features: featuresAt(gateway), defaultAgent, nowMs: Date.parse(NOW) };
  const given = structuredClone({ definitions, live });
  const { actions, unsupported, unchanged, unmanaged, refusedRemovals } = planCron(definitions, live, options);
  expect({ definitions, live }).toEqual(given);

  const names = unsupported.map(({ name }) => name);
  for (const definition of definitions.filter((each) => !isLeft(each, []))) {
    const missing = findMissingFeatures(toJobSpec(definition, options.features), options.features);
    if (missing.length > 0)
      expect(unsupported).toContainEqual(expect.objectContaining({ name: definition.name, missing }));
  }
  const fates = foretell(world, names);
  const ends = foretellRefusal(world, fates);
  const going = live.filter((_, index) => ends[index] === "goes");
  const isRefused = isTooMuch(world, fates);
  expect(refusedRemovals).toEqual(isRefused ? lossOf(world, fates).map(({ name }) => name) : []);

  const idsOf = (...kinds: string[]) =>
    actions.flatMap((action) => (action.kind !== "add" && kinds.includes(action.kind) ? [action.id] : []));
  const changed = idsOf("update", "adopt");
  const idsWith = (fate: "becomes" | "waits") =>
    live.flatMap(({ id }, index) => (Object.hasOwn(Object(fates[index]), fate) ? [id] : []));
  const [becoming, waiting] = [idsWith("becomes"), idsWith("waits")];
  const wanted = definitions.filter((each) => !isLeft(each, names));
  const added = actions.flatMap((action) => (action.kind === "add" ? [action.name] : []));
  expect(idsOf("remove")).toEqual(going.map(({ id }) => id));
  expect(changed.filter((id) => !becoming.includes(id))).toEqual([]);
  expect(new Set([...changed, ...added]).size).toBe(changed.length + added.length);
  expect(added).toHaveLength(wanted.length - becoming.length - waiting.length);
  const ended = actions.flatMap((action) => (action.kind === "add" ? (action.spentId ?? []) : []));
  expect(ended.toSorted()).toEqual(
    live.flatMap(({ id }, index) => (fates[index] === "makes way" ? [id] : [])).toSorted(),
  );

  const ours = live.flatMap((job) => {
    const claim = claimOf(job);
    return typeof claim === "object" ? [claim.ours] : [];
  });
  const isOurs = (id: string) => live.some((job) => job.id === id && typeof claimOf(job) === "object");
  expect(idsOf("update").every(isOurs)).toBeTrue();
  expect(idsOf("adopt").some(isOurs)).toBeFalse();
  const over = definitions.filter((each) => isLeft(each, []) && ours.includes(each.name));
  expect(unchanged).toBe(becoming.length - changed.length + over.length + waiting.filter(isOurs).length);
  expect(unmanaged).toBe(live.length - ours.length - idsOf("adopt").length);

  // The result does not depend on the order of a list or a file.
  const other = planCron(definitions.toReversed(), live.toReversed(), options);
  const byText = (all: readonly CronAction[]) => all.map((action) => JSON.stringify(action)).toSorted();
  expect(byText(other.actions)).toEqual(byText(actions));
}

/** Expects that an undisturbed pass makes the expected result of the world, and that the next pass changes nothing. */
async function expectPass(world: World, store = storeOf(world)): Promise<void> {
  const { isEqual, unsupported, refusedRemovals } = await bring(store, world);
  const names = unsupported.map(({ name }) => name);
  await expectEnd(world, store.jobs, names);
  const isRefused = isTooMuch(world, foretell(world, names));
  expect({ isEqual, isRefused: refusedRemovals.length > 0 }).toEqual({ isEqual: true, isRefused });
  if (world.gateway === "2026.9.6") expect(names).toEqual([]);

  const end = store.jobs;
  const calls = store.calls.length;
  const next = { ...world, policy: { ...world.policy, refused: refusedRemovals } };
  expect(await bring(store, next)).toMatchObject({ isEqual: true, changed: 0, refusedRemovals });
  expect(store.calls.slice(calls).filter((call) => call !== "agents")).toEqual(["list"]);
  expect(store.jobs).toEqual(end);
}

/** Tests a property on many random cases. A failure is shrunk and printed with the seed that reproduces it. */
function holds<T>(
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Promise<void> | void,
  numRuns = RUNS,
): () => Promise<void> {
  const promise = fc.asyncProperty(arbitrary, async (value) => property(value));
  return () => fc.assert(promise, { numRuns });
}

/** The definitions of another commit. */
const anotherCommit = fc.oneof(
  fc.constant<Definition[]>([]),
  aWorld.map(({ definitions }) => definitions),
);

describe("planCron() of any jobs and any definitions", () => {
  test("touches only our jobs, and unclaimed ones with a declared name, each once", holds(aWorld, expectTruePlan));

  test(
    "refuses to remove ten or more, and half of ours or more",
    holds(aCrowdedWorld, expectTruePlan, Math.ceil(RUNS / 2)),
  );
});

describe("converge() of any jobs and any definitions", () => {
  test(
    "makes the jobs equal to the declared ones in one pass, and leaves the others",
    holds(aWorld, (world) => expectPass(world)),
  );

  test(
    "removes what a person added to our jobs",
    holds(aSpoiltWorld, (world) => expectPass(world)),
  );

  test(
    "removes nothing if too many jobs would be removed",
    holds(aCrowdedWorld, (world) => expectPass(world), Math.ceil(RUNS / 2)),
  );

  test(
    "does so beside a scheduler that is off, and tells of it where a job is to run",
    holds(fc.record({ world: aWorld, isOn: fc.boolean() }), async ({ world, isOn }) => {
      const store = storeOf(world);
      store.isSchedulerOn = isOn;
      await expectPass(world, store);
      const lines: string[] = [];
      const scheduler = createSchedulerWatch(createWarnings((line) => lines.push(line)));
      await scheduler.look(store, world.definitions);
      expect(scheduler.isEnabled).toBe(isOn);
      expect(lines).toHaveLength(!isOn && world.definitions.some(({ enabled }) => enabled !== false) ? 1 : 0);
    }),
  );

  test(
    "has the same result after a crash at any call",
    holds(fc.record({ world: fc.oneof(aWorld, aSpoiltWorld), call: fc.nat(30) }), async ({ world, call }) => {
      fc.pre(!leavesNamesake(world));
      const whole = storeOf(world);
      await bring(whole, world);
      const store = await crash(world, call);
      await expectPass(world, store);
      // A job that repeats is never removed, whatever it says: what a one-shot has left of that is left there.
      const unrevised = (job: LiveJob) => {
        const { deleteAfterRun, ...rest } = job as LiveJob & { deleteAfterRun?: Json };
        return { ...rest, configRevision: undefined, ...(isRepeating(job.schedule) ? {} : { deleteAfterRun }) };
      };
      expect(store.jobs.map(unrevised)).toEqual(whole.jobs.map(unrevised));
    }),
  );

  test(
    "leaves no replacement unfinished after a crash, even if Git has changed",
    holds(
      fc.record({ world: fc.oneof(aWorld, aSpoiltWorld), next: anotherCommit, call: fc.nat(30) }),
      async ({ world, next, call }) => {
        const store = await crash(world, call);
        await expectPass({ ...world, definitions: next, live: [...store.jobs] }, store);
        if (world.policy.prune === "none") return;
        const halves = store.jobs.filter((job) => JSON.stringify(job).includes("config-manager is replacing"));
        // A job whose moment has passed is not changed any more.
        expect(halves.filter(({ name }) => !next.some((each) => each.name === name))).toEqual([]);
      },
    ),
  );

  test(
    "touches no foreign job while others change jobs, and repairs our own jobs in the next pass",
    holds(
      fc.record({ world: fc.oneof(aWorld, aSpoiltWorld), deeds: fc.array(aDeed, { maxLength: 5 }) }),
      async ({ world, deeds }) => {
        let calls = 0;
        let isOurs = true;
        let theirs: LiveJob[] | undefined;
        const look = () => theirs && expect(theirsOf(store.jobs, world)).toEqual(theirs);
        const store = storeOf(world, () => {
          if (!isOurs) return;
          look();
          isOurs = false;
          for (const each of deeds) if (each.call === calls) doDeed(each, store, world);
          isOurs = true;
          theirs = theirsOf(store.jobs, world);
          calls += 1;
        });
        await bring(store, world);
        look();
        const undisturbed = createMemoryStore(store.jobs, { features: store.features, agents: world.agents });
        await expectPass({ ...world, live: [...store.jobs] }, undisturbed);
      },
    ),
  );

  test(
    "has the same result beside a concurrent pass, such as register, in any order of calls",
    holds(
      fc.record({
        world: fc.oneof(aWorld, aSpoiltWorld),
        prune: fc.constantFrom("none" as const, "owned" as const),
        turns: fc.scheduler(),
      }),
      async ({ world, prune, turns }) => {
        const sidecar: World = { ...world, policy: { owner: OWNER, prune: "owned", allowMassRemoval: true } };
        const other: World = { ...sidecar, policy: { ...sidecar.policy, prune } };
        const store = storeOf(sidecar);
        await turns.waitFor(Promise.all([sidecar, other].map((each) => bring(inTurn(store, turns), each))));
        await expectPass({ ...sidecar, live: [...store.jobs] }, store);
        await expectPass(sidecar, store);
      },
    ),
  );
});
