import { isRepeating } from "../definition/combinations.ts";
import { DefinitionSchema } from "../definition/definition.ts";
import { omitUnknown } from "../definition/shape.ts";
import type { LiveJob } from "../gateway/job.ts";
import { type JsonObject, isJsonObject, readOwn } from "../json.ts";

/** A live job whose other fields can be read by name. */
export type ReadableJob = JsonObject & Pick<LiveJob, "schedule" | "payload" | "enabled" | "description">;

export function explainNeeded(fields: readonly string[]): string {
  return `OpenClaw reads ${fields.join(", ")}, which a definition cannot have`;
}

/** The parts of a job in which old gateways, doctors and people have left fields that OpenClaw does not read. */
const PARTS = ["schedule", "payload", "delivery", "failureAlert", "pacing", "trigger"] as const;

/**
 * Takes out of a live job what a definition cannot have: fields that OpenClaw does not know, or that have no effect on
 * such a job. Those on top, beside these parts, are left: no definition takes them over. Pure.
 *
 * @returns `needed`: those that OpenClaw does read, and that no definition can have
 */
export function omitInert(live: LiveJob): { kept: ReadableJob; omitted: string[]; needed: string[] } {
  const job = live as unknown as ReadableJob;
  const { toolsAllowIsDefault: _, ...payload } = job.payload; // the gateway's own note
  const parts = Object.fromEntries(PARTS.flatMap((part) => (part in job ? [[part, job[part] ?? null]] : [])));
  const { kept, omitted } = omitUnknown(DefinitionSchema, { ...parts, payload });
  const result = { ...job, ...kept } as ReadableJob;
  // The gateway has computed the moment.
  if (result.schedule.kind === "at" && result.schedule.tz !== undefined) {
    const { tz: __, ...schedule } = result.schedule;
    Object.assign(result, { schedule });
    omitted.push("schedule.tz");
  }
  if (job.deleteAfterRun === true && isRepeating(job.schedule)) {
    Object.assign(result, { deleteAfterRun: false });
    omitted.push("deleteAfterRun");
  }
  return { kept: result, omitted, needed: omitted.filter((field) => isNeeded(job, field)) };
}

/** What stands in for a field of an agent turn, as 2026.2.9 reads a delivery. */
const ROUTES: Readonly<Record<string, string>> = {
  "payload.channel": "channel",
  "payload.provider": "channel",
  "payload.to": "to",
  "payload.bestEffortDeliver": "bestEffort",
};

function isNeeded({ payload, delivery }: ReadableJob, field: string): boolean {
  if (payload.kind !== "agentTurn") return false;
  if (field === "payload.externalContentSource") return true;
  const route = isJsonObject(delivery) ? delivery : undefined;
  if (field === "payload.deliver") return route === undefined;
  const standIn = readOwn(ROUTES, field);
  return standIn !== undefined && route?.mode !== "none" && (route?.[standIn] ?? undefined) === undefined;
}
