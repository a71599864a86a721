/**
 * What a gateway can do that another cannot. Measured on real gateways; where a release is wrong here,
 * the gateway's own refusal corrects it at run time (see {@link learnFromRefusal}).
 */
export interface Features {
  /** `payload.kind: "command"`: jobs that run a command and cost no model tokens. */
  commandPayload: boolean;
  /** `declarationKey`: an identity of our own on a job, and `cron.add` as an upsert by it. */
  declarationKey: boolean;
}

/** The first release with the feature: absent on the one measured before it, present on this one. */
const FIRST_RELEASE = {
  commandPayload: "2026.6.1", // not on 2026.5.20, on 2026.6.11
  declarationKey: "2026.7.1", // not on 2026.6.11, on 2026.7.35
} as const satisfies Record<keyof Features, string>;

/** Versions that say nothing: 2026.2.9 calls itself `dev`, as do builds from source. */
const VERSION = /^(\d+)\.(\d+)\.(\d+)/;

/**
 * What a release can do. A version that says nothing is judged by the protocol: all that spoke version 3
 * were before either feature; of a later one the best is assumed, and it will say if it cannot.
 */
export function featuresOf(version: string, protocol: number): Features {
  return {
    commandPayload: hasReached(version, protocol, FIRST_RELEASE.commandPayload),
    declarationKey: hasReached(version, protocol, FIRST_RELEASE.declarationKey),
  };
}

function hasReached(version: string, protocol: number, release: string): boolean {
  const own = VERSION.exec(version)?.slice(1).map(Number);
  if (!own) return protocol >= 4;
  const wanted = release.split(".").map(Number);
  const place = wanted.findIndex((part, index) => part !== own[index]);
  return place === -1 || (own[place] ?? 0) > (wanted[place] ?? 0);
}

/** How a gateway, or the CLI, says that it does not know a feature. */
const REFUSALS = {
  commandPayload: /at \/payload: unexpected property 'argv'|unknown option '--command-argv/,
  declarationKey: /unexpected property 'declarationKey'|unknown option '--declaration-key/,
} as const satisfies Record<keyof Features, RegExp>;

/**
 * Corrects the features by what was refused, in the gateway's or the CLI's own words.
 *
 * @returns the corrected features, or undefined when the refusal was about something else.
 */
export function learnFromRefusal(features: Features, refusal: string): Features | undefined {
  const learned = {
    commandPayload: features.commandPayload && !REFUSALS.commandPayload.test(refusal),
    declarationKey: features.declarationKey && !REFUSALS.declarationKey.test(refusal),
  };
  const isNew =
    learned.commandPayload !== features.commandPayload || learned.declarationKey !== features.declarationKey;
  return isNew ? learned : undefined;
}
