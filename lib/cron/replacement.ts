import { type Features, type MissingFeature, missingFeature } from "../gateway/features.ts";
import type { JobSpec, LiveJob } from "../gateway/job.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { keepAnchor } from "./difference.ts";

/** How to replace schedule, payload and delivery of a live job. */
export interface Replacement {
  spec: JobSpec;
  /** The schedule between two updates: so rare that nothing of that moment runs, and with the anchor of an interval. */
  interim: JobSpec["schedule"];
  /** The key for `cron.add`; undefined if it takes two updates instead. */
  declarationKey: string | undefined;
  /** Set if the live job has a failure destination. It must go first: the main session refuses a job with one. */
  hasFailureDestination?: true;
  /** Set if the live job calls a webhook, the only delivery that the main session does not drop. */
  hasWebhook?: true;
}

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

/** Plans how to replace them by those of this job. */
export function planReplacement(spec: JobSpec, live: LiveJob): Replacement {
  const { declarationKey, delivery, sessionTarget } = live as LiveJob & { delivery?: Json; sessionTarget?: Json };
  const held = isJsonObject(delivery) ? delivery : {};
  return {
    spec: { ...spec, schedule: keepTimes(spec.schedule, live.schedule) },
    interim: keepAnchor({ kind: "every", everyMs: TEN_YEARS_MS }, live.schedule),
    // `cron.add` by key keeps the live session, which restricts the payload.
    declarationKey: sessionTarget === spec.sessionTarget ? declarationKey : undefined,
    ...(held.failureDestination === undefined ? {} : { hasFailureDestination: true }),
    ...(held.mode === "webhook" ? { hasWebhook: true } : {}),
  };
}

/** Keeps what the gateway has added to a schedule: without its stagger, a job would run at another moment. */
function keepTimes(schedule: JobSpec["schedule"], live: LiveJob["schedule"]): JobSpec["schedule"] {
  const isKept = schedule.kind === "cron" && schedule.expr === live.expr && live.staggerMs !== undefined;
  return isKept ? { staggerMs: live.staggerMs as Json, ...schedule } : keepAnchor(schedule, live);
}

/** Lists the removals that this gateway cannot do: it can set these fields and not remove them. */
export function findMissingRemovals(
  patch: JsonObject,
  replacement: Replacement | undefined,
  features: Features,
): MissingFeature[] {
  const missing: MissingFeature[] = [];
  if (patch.failureAlert === null && !features.alertRemoval) {
    missing.push(missingFeature("alertRemoval", "taking out failureAlert"));
  }
  if (replacement?.hasFailureDestination && !features.destinationRemoval) {
    missing.push(missingFeature("destinationRemoval", "taking anything out beside delivery.failureDestination"));
  }
  return missing;
}
