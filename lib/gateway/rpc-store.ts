import * as v from "valibot";
import { ManagerError } from "../errors.ts";
import { findDefaultAgent } from "./agents.ts";
import { learnFromRefusal } from "./features.ts";
import type { Session } from "./login.ts";
import { refusalCode } from "./refusal.ts";
import { createGatewayWriter } from "./writer.ts";
import { type JobSpec, isDeliveryImplied } from "./job.ts";
import { readJobs } from "./job-list.ts";
import { type JsonObject, isJsonObject } from "../json.ts";
import { CHANGED_MEANWHILE, type CronStore, SchedulerSchema } from "./store.ts";

/** A config that is not valid says nothing of the one that is in force. */
const ConfigSchema = v.object({ valid: v.literal(true), config: v.object({ agents: v.optional(v.unknown(), {}) }) });

/** The part of the answer to `agents.list` that config-manager reads, from 2026.2.9 on. */
const AgentsSchema = v.looseObject({ agents: v.array(v.looseObject({ id: v.string() })) });

/** Reads and writes the live jobs by RPC, over the connections of this session. */
export function createGatewayStore(session: Session, uptimeMs: () => number): CronStore {
  const { gateway, openAnother } = session;
  const writer = createGatewayWriter(gateway, openAnother, uptimeMs);
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
      return readJobs(gateway, uptimeMs);
    },
    async readScheduler() {
      const status = v.safeParse(SchedulerSchema, await gateway.call("cron.status", {}));
      if (status.success) return status.output;
      throw new ManagerError("rejected", "cron.status: the reply makes no sense");
    },
    async readDefaultAgent() {
      const reply = v.safeParse(ConfigSchema, await gateway.call("config.get", {}));
      return reply.success ? findDefaultAgent(reply.output.config.agents) : undefined;
    },
    async listAgents() {
      const reply = v.safeParse(AgentsSchema, await gateway.call("agents.list", {}));
      if (reply.success) return reply.output.agents.map(({ id }) => id);
      throw new ManagerError("rejected", "agents.list: the reply makes no sense");
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
