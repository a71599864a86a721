import * as v from "valibot";
import type { Features, MissingFeature } from "./features.ts";
import type { JobSpec, LiveJob } from "./job.ts";
import type { JsonObject } from "../json.ts";

/**
 * The live jobs, over the gateway or the CLI. Every method throws {@link ManagerError}: `unreachable` or `refused` when
 * no call gets through, `rejected` when this one call was refused, `conflict` when the job has changed or the gateway
 * lacks a feature that we assumed: observe and plan again.
 */
export interface CronStore {
  readonly transport: "gateway" | "cli";
  /** The release; `dev` when the gateway does not name it. */
  readonly version: string;
  /** The protocol of the gateway; undefined over the CLI, which does not tell it. */
  readonly protocol: number | undefined;
  /** What the gateway can do; corrected by what it refuses. */
  readonly features: Features;
  /** Finds what must not be written this way: secrets, in the arguments of a program. Absent: all may be. */
  readonly findExposed?: (fields: JsonObject) => MissingFeature[];
  /** All jobs, disabled ones too. It fails rather than return an incomplete list. */
  listJobs(): Promise<LiveJob[]>;
  /** Whether the gateway runs any job at all. */
  readScheduler(): Promise<Scheduler>;
  /** The id of the agent whose a job is that names none; undefined if that cannot be known. */
  readDefaultAgent(): Promise<string | undefined>;
  /** The ids of the gateway's agents. Absent: this way does not tell. */
  readonly listAgents?: () => Promise<string[]>;
  addJob(spec: JobSpec, declarationKey?: string): Promise<void>;
  /** Replaces schedule, payload and delivery of the job with this key, and nothing else. */
  redeclareJob(id: string, spec: JobSpec, declarationKey: string, expectedConfigRevision?: string): Promise<void>;
  updateJob(id: string, patch: JsonObject, expectedConfigRevision?: string): Promise<void>;
  /** Succeeds when the job is gone already. */
  removeJob(id: string): Promise<void>;
}

/** The gateway's answer to `cron.status`, on every release. */
export const SchedulerSchema = v.looseObject({
  /** False with `cron.enabled: false` in the gateway's config, or `OPENCLAW_SKIP_CRON=1` in its environment. */
  enabled: v.boolean(),
});

export type Scheduler = v.InferOutput<typeof SchedulerSchema>;

/** The message of the `conflict` for a job that was changed or removed since it was read. */
export const CHANGED_MEANWHILE = "the job was changed by somebody else in the meantime";

/** Describes the release and how we reach it, for a person. */
export function describeRelease({
  version,
  protocol,
  transport,
}: Pick<CronStore, "version" | "protocol" | "transport">) {
  const release = version === "dev" ? "dev (as 2026.2 calls itself, and builds from source)" : version;
  return `OpenClaw ${release}, ${transport === "cli" ? "over the openclaw CLI" : `protocol ${protocol}`}`;
}
