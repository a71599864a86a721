import type { Definition } from "../definition/definition.ts";
import type { LiveJob } from "../gateway/job.ts";
import type { CronStore } from "../gateway/store.ts";
import { declaredAgent } from "./job-spec.ts";

/** What there is to compare with the definitions. */
export interface ObservedJobs {
  /** All live jobs. */
  live: LiveJob[];
  /** The id of the agent whose a job is that declares none; undefined if it is not known, or nothing depends on it. */
  defaultAgent: string | undefined;
}

/**
 * Reads the live jobs and what it takes to compare them. Throws as {@link CronStore.listJobs} does.
 *
 * The default agent costs a call, or a process, so it is asked for only where a job has an agent that its definition
 * does not declare: 2026.9.6 writes it into a new job while its config has an old `default: true` among several agents.
 */
export async function observeJobs(store: CronStore, definitions: readonly Definition[]): Promise<ObservedJobs> {
  const live = await store.listJobs();
  const declared = new Set(definitions.filter((each) => declaredAgent(each) === undefined).map(({ name }) => name));
  const isStamped = (job: LiveJob) => typeof job.agentId === "string" && job.agentId !== "" && declared.has(job.name);
  return { live, defaultAgent: live.some(isStamped) ? await store.readDefaultAgent() : undefined };
}
