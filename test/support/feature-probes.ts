// What is asked of a gateway to find out whether it has what a row of lib/gateway/features.ts says.

import type { Feature } from "../../lib/gateway/features.ts";
import { type JsonObject, readPath } from "../../lib/json.ts";
import type { TestGateway } from "./gateway.ts";

/** What `cron.add` answers: the job, or what became of the declaration of it. */
type Made = { id: string; job?: undefined } | { job: { id: string } };

type Caller = Pick<TestGateway, "rpc" | "jobs">;

/** The `cron` section of a config with which a release has all that it can have: 2026.7 wants to be told, to have triggers. */
export function cronSectionOf(release: string): JsonObject {
  return { enabled: true, ...(release.startsWith("2026.7.") && { triggers: { enabled: true } }) };
}

interface Probe {
  job: JsonObject;
  field: string;
  /** No update brings it. */
  isForNewJobs?: true;
}

/** What is asked of a gateway for each row of the table of features, and the field that shows it. */
const PROBES: Record<Exclude<Feature, Removal>, Probe> = {
  declarationKey: { job: { declarationKey: "probe:key" }, field: "declarationKey", isForNewJobs: true },
  commandPayload: { job: { payload: { kind: "command", argv: ["true"], env: {} } }, field: "payload.kind" },
  scriptPayload: { job: { payload: { kind: "script", script: "return {};" } }, field: "payload.kind" },
  toolsOfTurn: { job: turn({ toolsAllow: ["read"] }), field: "payload.toolsAllow" },
  toolsOfOther: {
    job: { ...mainEvent(), payload: { kind: "systemEvent", text: "x", toolsAllow: ["read"] } },
    field: "payload.toolsAllow",
  },
  fallbacks: { job: turn({ fallbacks: ["a/b"] }), field: "payload.fallbacks" },
  lightContext: { job: turn({ lightContext: true }), field: "payload.lightContext" },
  noTimeout: { job: turn({ timeoutSeconds: 0 }), field: "payload.timeoutSeconds" },
  fractionOfTimeout: { job: turn({ timeoutSeconds: 1.5 }), field: "payload.timeoutSeconds" },
  stagger: { job: { schedule: { kind: "cron", expr: "0 * * * *", staggerMs: 0 } }, field: "schedule.staggerMs" },
  onExitSchedule: { job: { schedule: { kind: "on-exit", command: "true" } }, field: "schedule.kind" },
  streamSchedule: { job: { schedule: { kind: "stream", command: ["true"] } }, field: "schedule.kind" },
  webhook: { job: { delivery: { mode: "webhook", to: "https://example.com" } }, field: "delivery.mode" },
  deliveryAccount: { job: announce({ accountId: "me" }), field: "delivery.accountId" },
  deliveryThread: { job: announce({ threadId: 7 }), field: "delivery.threadId" },
  failureDestination: { job: announce({ failureDestination: { to: "2" } }), field: "delivery.failureDestination" },
  completionDestination: {
    job: announce({ completionDestination: { mode: "webhook", to: "https://example.com" } }),
    field: "delivery.completionDestination",
  },
  failureAlert: { job: { failureAlert: { after: 2 } }, field: "failureAlert" },
  alertOnSkip: { job: { failureAlert: { includeSkipped: true } }, field: "failureAlert.includeSkipped" },
  namedSession: { job: { sessionTarget: "session:x" }, field: "sessionTarget" },
  currentSession: { job: { sessionTarget: "current", sessionKey: "agent:main:main" }, field: "sessionTarget" },
  sessionKey: { job: { sessionKey: "agent:main:x" }, field: "sessionKey" },
  displayName: { job: { displayName: "x" }, field: "displayName" },
  trigger: {
    job: { schedule: { kind: "every", everyMs: 86_400_000 }, trigger: { script: "json({})" } },
    field: "trigger.script",
  },
  pacing: { job: { pacing: { min: "1h" } }, field: "pacing.min" },
};

type Removal = "alertRemoval" | "destinationRemoval";

/** What can be taken out of a job again: how it is given, and the patch that takes it. */
const REMOVALS: Record<Removal, { job: JsonObject; patch: JsonObject }> = {
  alertRemoval: { job: { failureAlert: { after: 2 } }, patch: { failureAlert: null } },
  destinationRemoval: {
    job: announce({ failureDestination: { to: "2" } }),
    patch: { delivery: { failureDestination: null } },
  },
};

/** Every row of the table of features. */
export const FEATURES = [...Object.keys(PROBES), ...Object.keys(REMOVALS)] as Feature[];

/** A job as people make one by hand: an agent turn, once a year. */
export const HAND_MADE = {
  schedule: { kind: "cron", expr: "0 3 1 1 *" },
  sessionTarget: "isolated",
  wakeMode: "now",
  payload: { kind: "agentTurn", message: "By hand" },
} as const satisfies JsonObject;

/** A gateway may start a process for a job that is on. */
const BARE = { ...HAND_MADE, enabled: false };

/** Adds a job. @returns its id */
export async function addJob({ rpc }: Pick<Caller, "rpc">, job: JsonObject): Promise<string> {
  const made = await rpc<Made>("cron.add", job);
  return made.job ? made.job.id : made.id;
}

/** Whether a gateway has this feature. Its jobs are as before in the end. */
export function probeFeature(gateway: Caller, feature: Feature): Promise<boolean> {
  if (feature === "alertRemoval" || feature === "destinationRemoval") return isRemoved(gateway, REMOVALS[feature]);
  return holds(gateway, PROBES[feature]);
}

/** Whether the gateway holds this, given with a new job, and given to one that was made without. */
async function holds(gateway: Caller, { job, field, isForNewJobs }: Probe): Promise<boolean> {
  const made = await addJob(gateway, { name: "made with", ...BARE, ...job }).catch(() => undefined);
  const bare = await addJob(gateway, { name: "made without", ...BARE });
  const updated = await gateway.rpc("cron.update", { id: bare, patch: job }).catch(() => undefined);
  const jobs = await gateway.jobs();
  const isHeld = (id: string) => {
    const live = jobs.find((each) => each.id === id);
    return Bun.deepEquals(readPath(live as unknown as JsonObject, field), readPath(job, field));
  };
  const isTaken = made !== undefined && isHeld(made);
  const isUpdated = isForNewJobs === true || (updated !== undefined && isHeld(bare));
  for (const id of [made, bare]) if (id !== undefined) await gateway.rpc("cron.remove", { id });
  return isTaken && isUpdated;
}

/** Whether the gateway takes this in a new job, and out of it again. */
async function isRemoved(gateway: Caller, { job, patch }: (typeof REMOVALS)[Removal]): Promise<boolean> {
  const id = await addJob(gateway, { name: "to be bare", ...BARE, ...job }).catch(() => undefined);
  if (id === undefined) return false;
  await gateway.rpc("cron.update", { id, patch }).catch(() => undefined);
  const live = (await gateway.jobs()).find((each) => each.id === id);
  await gateway.rpc("cron.remove", { id });
  return live !== undefined && !JSON.stringify(live).includes("failure");
}

function turn(more: JsonObject): JsonObject {
  return { payload: { kind: "agentTurn", message: "x", ...more } };
}

function announce(more: JsonObject): JsonObject {
  return { delivery: { mode: "announce", channel: "telegram", to: "1", ...more } };
}

function mainEvent(): JsonObject {
  return { sessionTarget: "main", payload: { kind: "systemEvent", text: "x" } };
}
