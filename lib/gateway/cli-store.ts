import { PROTOCOL_VERSION } from "@openclaw/gateway-protocol/version";
import * as v from "valibot";
import { ManagerError, toResult } from "../errors.ts";
import { type Json, isJsonObject } from "../json.ts";
import { findExcess } from "../text/limits.ts";
import { findDefaultAgent } from "./agents.ts";
import { featuresOf, learnFromRefusal } from "./features.ts";
import { MAX_MESSAGE_BYTES, MAX_VALUES } from "./frame.ts";
import { JobPageSchema, type LiveJob } from "./job.ts";
import { findExposed } from "./cli-secrets.ts";
import { findJsonObjects } from "./cli-output.ts";
import { NoCliError, runOpenclaw } from "./cli-process.ts";
import { toAddArguments, toEditArguments } from "./cli-flags.ts";
import { CHANGED_MEANWHILE, type CronStore, SchedulerSchema } from "./store.ts";

const VERSION = /(?<!\d)\d{1,9}\.\d{1,9}\.\d{1,9}\S{0,64}/;

/**
 * Reads and writes the live jobs by `openclaw cron …`, for a Pod in which the gateway refuses our token but accepts the
 * CLI's own paired device. Far slower than RPC, and updates are not checked against a revision.
 *
 * @param mayExpose whether a job's secrets may stand in arguments, which others in the Pod can read
 * @throws {NoCliError} when there is no `openclaw` on PATH, or it is killed.
 */
export async function openCliStore(signal: AbortSignal, { mayExpose }: { mayExpose: boolean }): Promise<CronStore> {
  const version = await readVersion(signal);
  let features = featuresOf(version, PROTOCOL_VERSION);
  let listing: Promise<LiveJob[]> | undefined;

  let listed: readonly LiveJob[] = [];

  const list = async () => {
    const jobs = parseList(await runOpenclaw(["cron", "list", "--all", "--json"], signal));
    listed = jobs;
    return jobs;
  };

  const write = async (args: readonly string[]) => {
    try {
      await runOpenclaw(["cron", ...args], signal);
    } catch (error) {
      const learned = error instanceof ManagerError ? learnFromRefusal(features, error.message) : undefined;
      if (!learned) throw error;
      features = learned;
      throw new ManagerError("conflict", "this openclaw CLI can do less than was thought", { cause: error });
    }
  };

  /** Leaves out the anchor that the job has: the CLI has no flag for one. */
  const withoutAnchor = <T extends { schedule?: Json }>(id: string, fields: T): T => {
    const { schedule } = fields;
    const anchorMs = listed.find((job) => job.id === id)?.schedule.anchorMs;
    if (!isJsonObject(schedule) || schedule.anchorMs === undefined || schedule.anchorMs !== anchorMs) return fields;
    const { anchorMs: _, ...rest } = schedule;
    return { ...fields, schedule: rest };
  };

  return {
    transport: "cli",
    version,
    protocol: undefined,
    ...(mayExpose ? {} : { findExposed }),
    get features() {
      return features;
    },
    async listJobs() {
      // Joined by callers that come at the same time: each process of the CLI takes some 400 MB.
      listing ??= list().finally(() => {
        listing = undefined;
      });
      return listing;
    },
    async readScheduler() {
      const status = findOnly(await runOpenclaw(["cron", "status", "--json"], signal), SchedulerSchema);
      if (status) return status;
      throw new ManagerError("rejected", "openclaw cron status: the output makes no sense");
    },
    async readDefaultAgent() {
      const agents = await toResult(runOpenclaw(["config", "get", "agents", "--json"], signal));
      if (!(agents instanceof ManagerError)) return findDefaultAgent(findOnly(agents, v.looseObject({})));
      if (agents.code !== "rejected") throw agents;
      return /not found/.test(agents.message) ? findDefaultAgent({}) : undefined;
    },
    async addJob(spec, declarationKey) {
      await write(["add", ...toAddArguments(spec, declarationKey)]);
    },
    async redeclareJob(id, spec, declarationKey) {
      await write(["add", ...toAddArguments(withoutAnchor(id, spec), declarationKey)]);
    },
    async updateJob(id, patch) {
      try {
        await write(["edit", ...toEditArguments(id, withoutAnchor(id, patch))]);
      } catch (error) {
        throw isGone(error) ? new ManagerError("conflict", CHANGED_MEANWHILE, { cause: error }) : error;
      }
    },
    async removeJob(id) {
      try {
        await write(["rm", id]);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    },
  };
}

/** Reads `OpenClaw 2026.9.6 (eb377ac)`, or only `2026.2.9`; `dev` when there is no version in the output. */
async function readVersion(signal: AbortSignal): Promise<string> {
  try {
    return VERSION.exec((await runOpenclaw(["--version"], signal)).slice(0, 1_000))?.[0] ?? "dev";
  } catch (error) {
    if (error instanceof NoCliError) throw error;
    if (error instanceof ManagerError && error.code === "rejected") return "dev"; // it does not know --version
    throw error;
  }
}

/** As for a message of the gateway: thousands of jobs. */
const LIST_LIMITS = { bytes: MAX_MESSAGE_BYTES, values: MAX_VALUES };

function parseList(output: string) {
  const page = findOnly(output, JobPageSchema);
  if (!page) {
    throw new ManagerError("rejected", "openclaw cron list: the output makes no sense; nothing is changed");
  }
  if (!page.hasMore && (page.total ?? page.jobs.length) === page.jobs.length) return page.jobs;
  const shown = `${page.jobs.length} of ${page.total ?? "more"} jobs`;
  throw new ManagerError("rejected", `openclaw cron list: printed ${shown}; half a list is not acted on`);
}

/** Returns the object of an output that is this. Of two, one is a plugin's, and nobody knows which: undefined. */
function findOnly<S extends v.GenericSchema>(output: string, schema: S): v.InferOutput<S> | undefined {
  const found = [...findJsonObjects(output)].flatMap((text) => {
    if (findExcess(text, LIST_LIMITS) !== undefined) return [];
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
    return parsed.success ? [parsed.output] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}

function isGone(error: unknown): boolean {
  return error instanceof ManagerError && /not found|unknown cron job id/i.test(error.message);
}
