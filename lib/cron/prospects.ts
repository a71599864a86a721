import { ManagerError, toResult } from "../errors.ts";
import type { Definition } from "../definition/definition.ts";
import type { LiveJob } from "../gateway/job.ts";
import type { CronStore } from "../gateway/store.ts";
import { listSome } from "../printable.ts";
import { type Check, pass, skip, warn } from "../reconcile/check.ts";
import { readMoment } from "../definition/moment.ts";
import { declaredAgent } from "./job-spec.ts";
import { groupByClaim } from "./ownership.ts";
import type { CronSnapshot } from "./snapshot.ts";

const GATEWAY = "gateway";
const DEFINITIONS = "cron definitions";
const MOMENTS = "cron moments";
const AGENTS = "cron agents";

/** How many jobs or agents one line names. */
const MAX_NAMES = 10;

/** A declared one-shot job that is not there and is not added, because its moment has passed. */
export interface PassedJob {
  name: string;
  /** In ISO 8601. */
  at: string;
}

/** Lists the jobs that have missed their moment. One that is there has not: it has run, or is about to. Pure. */
export function findPassed(
  definitions: readonly Definition[],
  live: readonly LiveJob[],
  { owner, nowMs }: { owner: string; nowMs: number },
): PassedJob[] {
  const passed = definitions.flatMap(({ name, schedule, tz }) => {
    if (typeof schedule === "string" || schedule.kind !== "at") return [];
    const moment = readMoment(schedule.at, schedule.tz ?? tz) ?? 0;
    return moment <= nowMs ? [{ name, at: new Date(moment).toISOString() }] : [];
  });
  if (passed.length === 0) return [];
  const { ours, unclaimed } = groupByClaim(live, owner);
  return passed.filter(({ name }) => !ours.has(name) && !unclaimed.has(name));
}

/** Lists those of a snapshot; undefined if the definitions or the live jobs could not be read. */
export function listPassed({ desired, live, nowMs }: CronSnapshot, owner: string): PassedJob[] | undefined {
  if (desired instanceof ManagerError || desired.kind !== "valid" || live instanceof ManagerError) return undefined;
  return findPassed(desired.definitions, live, { owner, nowMs });
}

/** Says why a declared job is not there. */
export function describePassed({ name, at }: PassedJob): string {
  return `${name}: its moment ${at} has passed; it is not added`;
}

/** Checks that the moment of each declared one-shot job is still to come, or that the job has been there. */
export function checkMoments(snapshot: CronSnapshot, owner: string): Check {
  if (snapshot.live instanceof ManagerError) return skip(MOMENTS, GATEWAY);
  const passed = listPassed(snapshot, owner);
  if (!passed) return skip(MOMENTS, DEFINITIONS);
  if (passed.length === 0) return pass(MOMENTS, "no job is declared for a moment that it has missed");
  return warn(MOMENTS, listSome(passed.map(describePassed), MAX_NAMES), "config-manager diff");
}

/** A declared job, and the agent that it names. */
interface NamedAgent {
  name: string;
  agent: string;
}

function findAgents(definitions: readonly Definition[]): NamedAgent[] {
  return definitions.flatMap((definition) => {
    const agent = declaredAgent(definition);
    return agent === undefined ? [] : [{ name: definition.name, agent }];
  });
}

/**
 * Asks the gateway for the ids of its agents, where a job names one.
 *
 * @returns undefined if none does, or the gateway does not tell
 */
export async function readAgents(store: CronStore, definitions: readonly Definition[]): Promise<string[] | undefined> {
  if (findAgents(definitions).length === 0) return undefined;
  const agents = await toResult(store.listAgents?.() ?? Promise.resolve(undefined));
  return agents instanceof ManagerError ? undefined : agents;
}

/** Lists the declared jobs that name an agent which the gateway does not have, as far as it tells. */
function findHomeless({ desired, agents }: CronSnapshot): NamedAgent[] {
  if (desired instanceof ManagerError || desired.kind !== "valid" || !agents) return [];
  const known = new Set(agents.map((id) => id.toLowerCase()));
  return findAgents(desired.definitions).filter(({ agent }) => !known.has(agent.toLowerCase()));
}

/** Says of each such job why it does not run as declared. */
export function describeHomeless(snapshot: CronSnapshot): string[] {
  return findHomeless(snapshot).map(({ name, agent }) => `${name}: the gateway has no agent ${agent}`);
}

/** Checks that the gateway has the agent of each declared job. Some releases refuse such a job, others skip its runs. */
export function checkAgents(snapshot: CronSnapshot): Check {
  const { desired, gateway, agents } = snapshot;
  if (gateway instanceof ManagerError) return skip(AGENTS, GATEWAY);
  if (desired instanceof ManagerError || desired.kind !== "valid") return skip(AGENTS, DEFINITIONS);
  if (findAgents(desired.definitions).length === 0) return pass(AGENTS, "no job names one");
  if (!agents) return skip(AGENTS, "a gateway that lists its agents");
  const homeless = findHomeless(snapshot);
  const [first] = homeless;
  if (!first) return pass(AGENTS, "the gateway has the agent of each job that names one");
  const jobs = homeless.map(({ name, agent }) => `${name} (${agent})`);
  return warn(
    AGENTS,
    `the gateway has no such agent: ${listSome(jobs, MAX_NAMES)}; it has ${listSome(agents, MAX_NAMES)}`,
    `in openclaw.json: "agents": { "list": [{ "id": "${first.agent.toLowerCase()}" }] }`,
  );
}
