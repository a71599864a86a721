import type { Features } from "./features.ts";
import type { JobSpec, LiveJob } from "./job.ts";
import type { JsonObject } from "../json.ts";

/**
 * The live jobs, whatever the way to them. Every method throws {@link ManagerError}:
 * `unreachable` or `refused` when there is no way, `rejected` when this one call was not liked,
 * `conflict` when the job has changed, or the gateway can do less than was thought: observe and plan again.
 */
export interface CronStore {
  readonly transport: "gateway" | "cli";
  /** The release, as it calls itself; `dev` where it does not say. */
  readonly version: string;
  /** Of the gateway; undefined over the CLI, which keeps it to itself. */
  readonly protocol: number | undefined;
  readonly features: Features;
  /** The whole list: every page, disabled jobs too. Never half of it. */
  listJobs(): Promise<LiveJob[]>;
  addJob(spec: JobSpec, declarationKey?: string): Promise<void>;
  /** Replaces schedule, payload and delivery of the job with this key, and leaves the rest of it. */
  redeclareJob(id: string, spec: JobSpec, declarationKey: string, expectedConfigRevision?: string): Promise<void>;
  updateJob(id: string, patch: JsonObject, expectedConfigRevision?: string): Promise<void>;
  /** A job that is gone already is a success. */
  removeJob(id: string): Promise<void>;
}

/** Says that an update of a job that is not there any more, or not as it was, has to be planned anew. */
export const CHANGED_MEANWHILE = "the job was changed by somebody else in the meantime";

/** The gateway for a person: its release, and the way to it. */
export function describeRelease({
  version,
  protocol,
  transport,
}: Pick<CronStore, "version" | "protocol" | "transport">) {
  const release = version === "dev" ? "dev (as 2026.2 calls itself, and builds from source)" : version;
  return `OpenClaw ${release}, ${transport === "cli" ? "over the openclaw CLI" : `protocol ${protocol}`}`;
}
