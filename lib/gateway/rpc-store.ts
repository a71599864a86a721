import * as v from "valibot";
import { ManagerError } from "../errors.ts";
import { learnFromRefusal } from "./features.ts";
import type { Session } from "./login.ts";
import type { Gateway } from "./connection.ts";
import { refusalCode } from "./refusal.ts";
import { createGatewayWriter } from "./writer.ts";
import { JobPageSchema, type JobSpec, type LiveJob, isDeliveryImplied } from "./job.ts";
import { type JsonObject, isJsonObject } from "../json.ts";
import { CHANGED_MEANWHILE, type CronStore } from "./store.ts";

/** The largest page that 2026.2.26 and later send. */
const PAGE_SIZE = 200;

/** How often to read a list that changes while it is read. */
const LIST_ATTEMPTS = 5;

/** Reads and writes the live jobs by RPC, over the connections of this session. */
export function createGatewayStore(session: Session, nowMs: () => number): CronStore {
  const { gateway, openAnother } = session;
  const writer = createGatewayWriter(gateway, openAnother, nowMs);
  let { features } = session;

  const write = async (method: string, params: object) => {
    try {
      return await writer.call(method, params);
    } catch (error) {
      const learned = error instanceof ManagerError ? learnFromRefusal(features, error.message) : undefined;
      if (!learned) throw error;
      features = learned;
      throw new ManagerError("conflict", `${method}: this gateway can do less than its version says`, { cause: error });
    }
  };

  async function addJob(spec: JobSpec, declarationKey?: string): Promise<void> {
    await write("cron.add", { ...toParams(spec), ...(declarationKey === undefined ? {} : { declarationKey }) });
  }

  async function updateJob(id: string, patch: JsonObject, expectedConfigRevision?: string): Promise<void> {
    try {
      const revision = expectedConfigRevision === undefined ? {} : { expectedConfigRevision };
      await write("cron.update", { id, patch: toPatch(patch), ...revision });
    } catch (error) {
      if (!isGone(error) && refusalCode(error) !== "CRON_JOB_CHANGED") throw error;
      throw new ManagerError("conflict", CHANGED_MEANWHILE, { cause: error });
    }
  }

  return {
    transport: "gateway",
    version: gateway.version,
    protocol: gateway.protocol,
    get features() {
      return features;
    },
    async listJobs() {
      await writer.closeExtra();
      for (let attempt = 1; attempt <= LIST_ATTEMPTS; attempt++) {
        const jobs = await listOnce(gateway);
        if (jobs) return jobs;
      }
      throw new ManagerError("rejected", "cron.list: the list kept changing while it was read");
    },
    addJob,
    async redeclareJob(id, spec, declarationKey, expectedConfigRevision) {
      // `cron.add` checks no revision. This update changes nothing, but fails when the job has changed.
      if (expectedConfigRevision !== undefined) await updateJob(id, { name: spec.name }, expectedConfigRevision);
      await addJob(spec, declarationKey);
    },
    updateJob,
    async removeJob(id) {
      try {
        await write("cron.remove", { id });
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    },
  };
}

/**
 * Reads all pages; undefined when the list changed between two of them. From 2026.8.2 the revision shows that. Before,
 * we read each page from the last job of the previous one on: it starts with another job when the list has shifted.
 */
async function listOnce(gateway: Gateway): Promise<LiveJob[] | undefined> {
  const jobs: LiveJob[] = [];
  let revision: string | undefined;
  for (;;) {
    const isFirst = jobs.length === 0;
    const overlap = isFirst || revision !== undefined ? 0 : 1;
    // No paging fields in the first call: 2026.2.9 refuses them, and sends the whole list at once.
    const paging = isFirst ? {} : { limit: PAGE_SIZE, offset: jobs.length - overlap };
    const page = parsePage(await gateway.call("cron.list", { includeDisabled: true, ...paging }));
    if (!isFirst && page.snapshotRevision !== revision) return undefined;
    if (overlap > 0 && page.jobs[0]?.id !== jobs.at(-1)?.id) return undefined;
    revision = page.snapshotRevision;
    const more = page.jobs.slice(overlap);
    jobs.push(...more);
    const isUnique = new Set(jobs.map(({ id }) => id)).size === jobs.length;
    if (!isUnique || (page.hasMore && more.length === 0)) return undefined; // else this might never end
    if (!page.hasMore) return page.total === undefined || page.total === jobs.length ? jobs : undefined;
  }
}

function parsePage(reply: unknown): v.InferOutput<typeof JobPageSchema> {
  const page = v.safeParse(JobPageSchema, reply);
  if (page.success) return page.output;
  const [issue] = page.issues;
  const field = v.getDotPath(issue) ?? "the whole of it";
  throw new ManagerError("rejected", `cron.list: the reply makes no sense at ${field}; nothing is changed`);
}

function toParams(spec: JobSpec): JsonObject {
  const { delivery, ...rest } = spec;
  return { ...(rest as JsonObject), ...(isDeliveryImplied(spec) ? {} : { delivery }) };
}

/** 2026.8.2 refuses to turn a job into a command unless the patch has an environment. */
function toPatch(patch: JsonObject): JsonObject {
  const { payload } = patch;
  return isJsonObject(payload) && payload.kind === "command" ? { ...patch, payload: { env: {}, ...payload } } : patch;
}

/** 2026.9.6 sends a code, 2026.6.11 `id not found`, 2026.2.9 `unknown cron job id`. */
function isGone(error: unknown): boolean {
  if (refusalCode(error) === "CRON_JOB_NOT_FOUND") return true;
  return error instanceof ManagerError && /id not found|unknown cron job id/.test(error.message);
}
