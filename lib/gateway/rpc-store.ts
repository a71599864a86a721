import * as v from "valibot";
import { ManagerError } from "../errors.ts";
import { learnFromRefusal } from "./features.ts";
import type { Session } from "./login.ts";
import type { Gateway } from "./connection.ts";
import { refusalCode } from "./refusal.ts";
import { createGatewayWriter } from "./writer.ts";
import { JobPageSchema, type JobSpec, type LiveJob } from "./job.ts";
import { type JsonObject, isJsonObject } from "../json.ts";
import { CHANGED_MEANWHILE, type CronStore } from "./store.ts";

/** What 2026.2.26 and later send at most in one page. */
const PAGE_SIZE = 200;

/** How often a list that changes while it is read is read again. */
const LIST_ATTEMPTS = 5;

/** The live jobs over a connection to the gateway. */
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
      await writer.rest();
      for (let attempt = 1; attempt <= LIST_ATTEMPTS; attempt++) {
        const jobs = await listOnce(gateway);
        if (jobs) return jobs;
      }
      throw new ManagerError("rejected", "cron.list: the list kept changing while it was read");
    },
    addJob,
    async redeclareJob(id, spec, declarationKey, expectedConfigRevision) {
      // `cron.add` checks no revision. This changes nothing, and is refused where somebody else was faster.
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
 * Reads all pages; undefined when the list changed between two of them. From 2026.8.2 a revision tells that; before,
 * each page begins with the last job of the one before it, unless the list has moved.
 */
async function listOnce(gateway: Gateway): Promise<LiveJob[] | undefined> {
  const jobs: LiveJob[] = [];
  let revision: string | undefined;
  for (;;) {
    const isFirst = jobs.length === 0;
    const overlap = isFirst || revision !== undefined ? 0 : 1;
    // No paging fields in the first call: 2026.2.9 knows none, refuses them, and sends the whole list at once.
    const paging = isFirst ? {} : { limit: PAGE_SIZE, offset: jobs.length - overlap };
    const page = parsePage(await gateway.call("cron.list", { includeDisabled: true, ...paging }));
    if (!isFirst && page.snapshotRevision !== revision) return undefined;
    if (overlap > 0 && page.jobs[0]?.id !== jobs.at(-1)?.id) return undefined;
    revision = page.snapshotRevision;
    const more = page.jobs.slice(overlap);
    jobs.push(...more);
    const isUnique = new Set(jobs.map(({ id }) => id)).size === jobs.length;
    if (!isUnique || (page.hasMore && more.length === 0)) return undefined; // or it would go on for ever
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
  // 2026.2.9 refuses any delivery for the main session; none is what it then has.
  const isDefault = spec.sessionTarget === "main" && delivery.mode === "none";
  return { ...(rest as JsonObject), ...(isDefault ? {} : { delivery }) };
}

/** 2026.8.2 refuses a job that becomes a command, and says nothing of an environment. */
function toPatch(patch: JsonObject): JsonObject {
  const { payload } = patch;
  return isJsonObject(payload) && payload.kind === "command" ? { ...patch, payload: { env: {}, ...payload } } : patch;
}

/** 2026.9.6 says it by a code, 2026.6.11 by `id not found`, 2026.2.9 by `unknown cron job id`. */
function isGone(error: unknown): boolean {
  if (refusalCode(error) === "CRON_JOB_NOT_FOUND") return true;
  return error instanceof ManagerError && /id not found|unknown cron job id/.test(error.message);
}
