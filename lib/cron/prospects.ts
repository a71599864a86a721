import { ManagerError } from "../errors.ts";
import type { Definition } from "../definition/definition.ts";
import type { LiveJob } from "../gateway/job.ts";
import type { CronStore } from "../gateway/store.ts";
import { listSome } from "../printable.ts";
import { type Check, pass, skip, warn } from "../reconcile/check.ts";
import { readMoment } from "../definition/moment.ts";
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
  const { ours, unclaimed } = groupByClaim(live, owner);
  return definitions.flatMap(({ name, schedule, tz }) => {
    if (typeof schedule === "string" || schedule.kind !== "at" || ours.has(name) || unclaimed.has(name)) return [];
    const moment = readMoment(schedule.at, schedule.tz ?? tz) ?? 0;
    return moment <= nowMs ? [{ name, at: new Date(moment).toISOString() }] : [];
  });
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

/** Checks that the gateway has the agent of each declared job. Some releases refuse such a job, others skip its runs. */
export async function checkAgents({ desired, gateway }: CronSnapshot): Promise<Check> {
  if (gateway instanceof ManagerError) return skip(AGENTS, GATEWAY);
  if (desired instanceof ManagerError || desired.kind !== "valid") return skip(AGENTS, DEFINITIONS);
  const wanted = desired.definitions.flatMap((job) => findAgent(job));
  if (wanted.length === 0) return pass(AGENTS, "no job names one");
  const agents = await listAgents(gateway);
  if (!agents) return skip(AGENTS, "a gateway that lists its agents");
  const known = new Set(agents.map((id) => id.toLowerCase()));
  const missing = wanted.filter(({ agent }) => !known.has(agent.toLowerCase()));
  const [first] = missing;
  if (!first) return pass(AGENTS, "the gateway has the agent of each job that names one");
  const jobs = missing.map(({ name, agent }) => `${name} (${agent})`);
  return warn(
    AGENTS,
    `the gateway has no such agent: ${listSome(jobs, MAX_NAMES)}; it has ${listSome(agents, MAX_NAMES)}`,
    `in openclaw.json: "agents": { "list": [{ "id": "${first.agent.toLowerCase()}" }] }`,
  );
}

function findAgent({ name, agent, agentId = agent }: Definition): { name: string; agent: string }[] {
  return agentId === undefined ? [] : [{ name, agent: agentId }];
}

async function listAgents({ listAgents: list }: CronStore): Promise<string[] | undefined> {
  try {
    return await list?.();
  } catch (error) {
    if (error instanceof ManagerError) return undefined;
    throw error;
  }
}
