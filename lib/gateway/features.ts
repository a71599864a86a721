import type { JobSpec } from "./job.ts";
import { type Json, type JsonObject, readPath } from "../json.ts";

/** One row: since when gateways have it, and which jobs cannot be without it. */
interface FeatureRow {
  /**
   * The first release that may have it: measured absent on the last one before it that was tried, present on the
   * next one. A release in between that lacks it refuses the job by itself.
   */
  since: string;
  /** The field of the job that needs it; none where another shape of the job will do. */
  field?: string;
  /** Which values of the field need it, where not all do. */
  when?: (value: Json, spec: JobSpec) => boolean;
  /** How a gateway, or the CLI, refuses what another shape of the job does without. */
  refusal?: RegExp;
}

/**
 * What a gateway can do that another cannot. Measured on 2026.2.9, 2026.2.26, 2026.3.13, 2026.4.15, 2026.5.20,
 * 2026.6.11, 2026.7.35, 2026.8.2 and 2026.9.6, and held against them, row by row, by `test/releases.test.ts`:
 * "ROW is there, or not, as the table says". Most gateways refuse what they do not know; where one drops
 * it without a word, which is said here, the job would never be what was declared.
 */
const FEATURES = {
  /** An identity of our own on a job, and `cron.add` as an upsert by it. Without: a mark in the description. */
  declarationKey: {
    since: "2026.7.1",
    refusal: /unexpected property 'declarationKey'|unknown option '--declaration-key/,
  },
  /** Jobs that run a command and cost no model tokens. Without: an agent turn that asks for it. */
  commandPayload: {
    since: "2026.6.1",
    refusal: /at \/payload: unexpected property 'argv'|unknown option '--command-argv/,
  },
  scriptPayload: { since: "2026.8.1", field: "payload.kind", when: (kind) => kind === "script" },
  toolsOfTurn: {
    since: "2026.4.1",
    field: "payload.toolsAllow",
    when: (_, { payload }) => payload.kind === "agentTurn",
  },
  /** Dropped by 2026.6 and 2026.7. */
  toolsOfOther: {
    since: "2026.8.1",
    field: "payload.toolsAllow",
    when: (_, { payload }) => payload.kind !== "agentTurn",
  },
  /** 2026.3.13 takes them with a new job, and overlooks them in an update. */
  fallbacks: { since: "2026.4.1", field: "payload.fallbacks" },
  lightContext: { since: "2026.3.1", field: "payload.lightContext" },
  /** 2026.2.9 makes one second of it. */
  noTimeout: { since: "2026.2.26", field: "payload.timeoutSeconds", when: (seconds) => seconds === 0 },
  /** Cut off to whole seconds before. */
  fractionOfTimeout: {
    since: "2026.4.1",
    field: "payload.timeoutSeconds",
    when: (seconds) => !Number.isInteger(seconds),
  },
  stagger: { since: "2026.2.26", field: "schedule.staggerMs" },
  onExitSchedule: { since: "2026.7.1", field: "schedule.kind", when: (kind) => kind === "on-exit" },
  streamSchedule: { since: "2026.8.1", field: "schedule.kind", when: (kind) => kind === "stream" },
  webhook: { since: "2026.2.26", field: "delivery.mode", when: (mode) => mode === "webhook" },
  /** 2026.2.26 takes it with a new job, and overlooks it in an update. */
  deliveryAccount: { since: "2026.3.1", field: "delivery.accountId" },
  deliveryThread: { since: "2026.5.1", field: "delivery.threadId" },
  failureDestination: { since: "2026.3.1", field: "delivery.failureDestination" },
  /** `failureDestination: null` in an update; refused before, and no job with one may become another kind. */
  destinationRemoval: { since: "2026.6.1" },
  completionDestination: { since: "2026.6.1", field: "delivery.completionDestination" },
  failureAlert: { since: "2026.3.1", field: "failureAlert" },
  /** `failureAlert: null` in an update; refused before, and nothing else goes back to the default. */
  alertRemoval: { since: "2026.8.1" },
  alertOnSkip: { since: "2026.5.1", field: "failureAlert.includeSkipped" },
  /** Made `isolated` before, without a word. */
  namedSession: {
    since: "2026.4.1",
    field: "sessionTarget",
    when: (target) => typeof target === "string" && target.startsWith("session:"),
  },
  /** With a `sessionKey`; 2026.4 to 2026.7 make `session:KEY` of it, and the others before `isolated`. */
  currentSession: { since: "2026.8.1", field: "sessionTarget", when: (target) => target === "current" },
  sessionKey: { since: "2026.2.26", field: "sessionKey" },
  displayName: { since: "2026.7.1", field: "displayName" },
  /** 2026.7 knows it, and wants `cron.triggers.enabled`; it says so itself. */
  trigger: { since: "2026.7.1", field: "trigger" },
  pacing: { since: "2026.8.1", field: "pacing" },
} as const satisfies Record<string, FeatureRow>;

export type Feature = keyof typeof FEATURES;

/** What a gateway can do. */
export type Features = Readonly<Record<Feature, boolean>>;

const ROWS = Object.entries(FEATURES) as [Feature, FeatureRow][];

/** Versions that say nothing: 2026.2.9 and 2026.2.26 call themselves `dev`, as do builds from source. */
const VERSION = /^(\d+)\.(\d+)\.(\d+)/;

/**
 * What a release can do. A version that says nothing is judged by the protocol: of those that spoke version 3
 * the first is assumed, which has none of it; of a later one the best, and it will say if it cannot.
 */
export function featuresOf(version: string, protocol: number): Features {
  return Object.fromEntries(ROWS.map(([name, { since }]) => [name, hasReached(version, protocol, since)])) as Features;
}

function hasReached(version: string, protocol: number, release: string): boolean {
  const own = VERSION.exec(version)?.slice(1).map(Number);
  if (!own) return protocol >= 4;
  const wanted = release.split(".").map(Number);
  const place = wanted.findIndex((part, index) => part !== own[index]);
  return place === -1 || (own[place] ?? 0) > (wanted[place] ?? 0);
}

/**
 * Corrects the features by what was refused, in the gateway's or the CLI's own words.
 *
 * @returns the corrected features, or undefined when the refusal was about something else.
 */
export function learnFromRefusal(features: Features, refusal: string): Features | undefined {
  const missing = ROWS.filter(([name, row]) => features[name] && row.refusal?.test(refusal));
  if (missing.length === 0) return undefined;
  return { ...features, ...Object.fromEntries(missing.map(([name]) => [name, false])) };
}

/** Something that a job is declared to have and a gateway does not know. */
export interface MissingFeature {
  /** Mostly a dotted field, in OpenClaw's names. */
  what: string;
  /** The release that could, such as `2026.8`. */
  since: string;
}

/** What of this job a gateway with these features would refuse, or drop without a word. */
export function findMissingFeatures(spec: JobSpec, features: Features): MissingFeature[] {
  const missing: MissingFeature[] = [];
  for (const [name, row] of ROWS) {
    if (features[name]) continue; // first: most are there, and this is asked of each job
    const { field, when = () => true } = row;
    const value = field === undefined ? undefined : readPath(spec as unknown as JsonObject, field);
    if (field !== undefined && value !== undefined && when(value, spec)) missing.push(missingFeature(name, field));
  }
  return missing;
}

/** That `what` cannot be had for want of this feature. */
export function missingFeature(name: Feature, what: string): MissingFeature {
  return { what, since: FEATURES[name].since.replace(/\.1$/, "") }; // which of a month's releases was the first is not known
}
