import type { JobSpec } from "./job.ts";
import { type Json, type JsonObject, readPath } from "../json.ts";
import { compareReleases, readRelease } from "../text/release.ts";

/** Since when gateways have a feature, and which jobs need it. */
interface FeatureRow {
  /**
   * The first release that may have it. It was measured absent on the release tested before, and present on the one
   * tested after. A release in between that lacks it refuses the job itself.
   */
  since: string;
  /** The first release that no longer has it; none where all later ones do. `./build.sh openclaw-update` writes it. */
  until?: string;
  /** The field of the job that needs it; none when the job can be written in another shape instead. */
  field?: string;
  /** Which values of the field need it; without, all do. */
  when?: (value: Json, spec: JobSpec) => boolean;
  /** How a gateway or the CLI refuses a job that uses it; only for features that another shape does without. */
  refusal?: RegExp;
}

/**
 * What some releases can do and others cannot. Measured on 2026.2.9, 2026.2.26, 2026.3.13, 2026.4.15, 2026.5.20,
 * 2026.6.11, 2026.7.35, 2026.8.2 and 2026.9.6; `test/gateway/releases.test.ts` checks each row on them. Most gateways
 * refuse a field that they do not know. A row notes where one drops it silently: the job would never be equal to its
 * definition.
 */
const FEATURES = {
  /** Our own key on a job, by which `cron.add` is an upsert. Without: a mark in the description. */
  declarationKey: {
    since: "2026.7.1",
    refusal: /unexpected property 'declarationKey'|unknown option '--declaration-key/,
  },
  /** Jobs that run a command and cost no model tokens. Without: an agent turn that asks for the command. */
  commandPayload: {
    since: "2026.6.5",
    refusal: /at \/payload: unexpected property 'argv'|unknown option '--command-argv/,
  },
  scriptPayload: { since: "2026.8.1", field: "payload.kind", when: (kind) => kind === "script" },
  toolsOfTurn: {
    since: "2026.4.2",
    field: "payload.toolsAllow",
    when: (_, { payload }) => payload.kind === "agentTurn",
  },
  /** Dropped by 2026.6 and 2026.7. */
  toolsOfOther: {
    since: "2026.8.1",
    field: "payload.toolsAllow",
    when: (_, { payload }) => payload.kind !== "agentTurn",
  },
  /** 2026.3.13 accepts them in a new job and ignores them in an update. */
  fallbacks: { since: "2026.4.2", field: "payload.fallbacks" },
  lightContext: { since: "2026.3.1", field: "payload.lightContext" },
  /** 2026.2.9 turns it into one second. */
  noTimeout: { since: "2026.2.26", field: "payload.timeoutSeconds", when: (seconds) => seconds === 0 },
  /** Truncated to whole seconds before. */
  fractionOfTimeout: {
    since: "2026.4.5",
    field: "payload.timeoutSeconds",
    when: (seconds) => !Number.isInteger(seconds),
  },
  stagger: { since: "2026.2.26", field: "schedule.staggerMs" },
  onExitSchedule: { since: "2026.7.1", field: "schedule.kind", when: (kind) => kind === "on-exit" },
  streamSchedule: { since: "2026.8.1", field: "schedule.kind", when: (kind) => kind === "stream" },
  webhook: { since: "2026.2.26", field: "delivery.mode", when: (mode) => mode === "webhook" },
  /** 2026.2.26 accepts it in a new job and ignores it in an update. */
  deliveryAccount: { since: "2026.3.1", field: "delivery.accountId" },
  deliveryThread: { since: "2026.4.27", field: "delivery.threadId" },
  failureDestination: { since: "2026.3.1", field: "delivery.failureDestination" },
  /** `failureDestination: null` in an update. Refused before, as is to change the kind of a job that has one. */
  destinationRemoval: { since: "2026.6.1" },
  completionDestination: { since: "2026.6.1", field: "delivery.completionDestination" },
  failureAlert: { since: "2026.3.1", field: "failureAlert" },
  /** `failureAlert: null` in an update. Refused before, and nothing else restores the default. */
  alertRemoval: { since: "2026.8.1" },
  alertOnSkip: { since: "2026.4.26", field: "failureAlert.includeSkipped" },
  /** Silently turned into `isolated` before. */
  namedSession: {
    since: "2026.3.22",
    field: "sessionTarget",
    when: (target) => typeof target === "string" && target.startsWith("session:"),
  },
  /** With a `sessionKey`. 2026.4 to 2026.7 turn it into `session:KEY`, earlier releases into `isolated`. */
  currentSession: { since: "2026.8.1", field: "sessionTarget", when: (target) => target === "current" },
  sessionKey: { since: "2026.2.26", field: "sessionKey" },
  displayName: { since: "2026.7.1", field: "displayName" },
  /** 2026.7 has it, but refuses it, with that reason, unless `cron.triggers.enabled` is set. */
  trigger: { since: "2026.7.1", field: "trigger" },
  pacing: { since: "2026.8.1", field: "pacing" },
} as const satisfies Record<string, FeatureRow>;

export type Feature = keyof typeof FEATURES;

/** What a gateway can do. */
export type Features = Readonly<Record<Feature, boolean>>;

const ROWS = Object.entries(FEATURES) as [Feature, FeatureRow][];

/**
 * Returns the features of a release. For a version without numbers the protocol decides: with version 3 we assume the
 * oldest release, which has no feature; with a later one all features, because the gateway refuses what it lacks.
 */
export function featuresOf(version: string, protocol: number): Features {
  return Object.fromEntries(ROWS.map(([name, row]) => [name, hasFeature(row, version, protocol)])) as Features;
}

/** Whether a release has what a row is about; {@link featuresOf} says what holds for a version without numbers. */
export function hasFeature({ since, until }: FeatureRow, version: string, protocol: number): boolean {
  const own = readRelease(version);
  if (!own) return protocol >= 4;
  const hasReached = (release: string) => compareReleases(own, readRelease(release) ?? []) >= 0;
  return hasReached(since) && (until === undefined || !hasReached(until));
}

/**
 * Corrects the features by the message with which the gateway or the CLI refused a job.
 *
 * @returns the corrected features, or undefined when the refusal was about something else.
 */
export function learnFromRefusal(features: Features, refusal: string): Features | undefined {
  const missing = ROWS.filter(([name, row]) => features[name] && row.refusal?.test(refusal));
  if (missing.length === 0) return undefined;
  return { ...features, ...Object.fromEntries(missing.map(([name]) => [name, false])) };
}

/** A part of a job definition that cannot be written. `what`: mostly a dotted field, by its name in OpenClaw. */
export type MissingFeature =
  /** The gateway does not support it. `since`: the first release that does, such as `2026.8`. */
  | { what: string; since: string }
  /** It must not be written the way in which we reach the gateway; the reason says what to do. */
  | { what: string; reason: string };

/** Finds the fields of this job that a gateway with these features would refuse or silently drop. */
export function findMissingFeatures(spec: JobSpec, features: Features): MissingFeature[] {
  const missing: MissingFeature[] = [];
  for (const [name, row] of ROWS) {
    if (features[name]) continue; // checked first: most features are there, and this runs for each job
    const { field, when = () => true } = row;
    const value = field === undefined ? undefined : readPath(spec as unknown as JsonObject, field);
    if (field !== undefined && value !== undefined && when(value, spec)) missing.push(missingFeature(name, field));
  }
  return missing;
}

/** The first release that may have this feature, such as `2026.6.5`. */
export function releaseWith(name: Feature): string {
  return FEATURES[name].since;
}

/** Says that `what` needs this feature. */
export function missingFeature(name: Feature, what: string): MissingFeature {
  return explainMissing(FEATURES[name], what);
}

/** Says between which releases `what` is possible, by the row of the feature that it needs. */
export function explainMissing(row: FeatureRow, what: string): MissingFeature {
  const since = row.since.replace(/\.1$/, ""); // which release of that month was the first is not known
  if (row.until === undefined) return { what, since };
  return { what, reason: `needs OpenClaw ${since} or later, and one before ${row.until}` };
}
