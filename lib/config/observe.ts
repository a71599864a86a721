import { lstat, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ManagerError } from "../errors.ts";
import { readChecksum } from "../files/checksum.ts";
import { MAX_CONFIG_BYTES, ObstacleError, readHint, readRegularFile } from "../files/regular-file.ts";
import { stampDirectory } from "../files/stamp.ts";
import { ConfigFile } from "./config-file.ts";
import { collectGeneration } from "./collect.ts";
import type { Generation } from "./generation.ts";
import type { IncludePlaces } from "../text/include-files.ts";
import { readDesiredConfig, readOutside } from "./read.ts";
import { type OnObstacle, pathOfRecord, readRecord, readRejection } from "./record.ts";
import type { KnownRejection } from "./rejections.ts";

/** Where the desired and the live config are, and the checksums of what was last applied. */
export interface ConfigPlaces {
  configDir: string;
  pvcConfig: string;
  checksumDir: string;
  /** `OPENCLAW_INCLUDE_ROOTS`, as absolute paths. */
  includeRoots: readonly string[];
  /** Where the secrets are that the config may refer to; undefined if that is off. */
  secretsTargetDir?: string | undefined;
}

/** Desired and observed config, and the records of earlier passes. */
export interface ConfigState {
  /** What the ConfigMap has; undefined if it has no `openclaw.json`. */
  desired: Generation | undefined;
  /** The live files; undefined if there is no regular file. */
  observed: Generation | undefined;
  /** When the live root file was last written, renamed or given to somebody, in milliseconds since 1970. */
  changedMs: number | undefined;
  /** When OpenClaw last kept a backup, as it does at each write of its own; undefined if there is none. */
  backupMs: number | undefined;
  /** The md5 of the last applied generation; undefined in a new container. */
  lastApplied: string | undefined;
  /** The md5 of the generation that was last about to be applied. Differs from `lastApplied` if that was interrupted. */
  pending: string | undefined;
  /** What Git said when it was last applied. It counts only if `lastApplied` says the same. */
  applied: Generation | undefined;
  /** The live files that count as in sync; undefined if they are those of `applied`, or if the record is not ours. */
  accepted: Generation | undefined;
  /** When they were accepted, in milliseconds since 1970. */
  acceptedMs?: number | undefined;
  /** The live files that a gateway last ran with. */
  lastGood: Generation | undefined;
  /** What Git said then; undefined if it is the same, or if the gateway has no backup to restore. */
  lastGoodBase: Generation | undefined;
  /** The root file that a gateway has last replaced by its own backup; undefined if there is none. */
  clobbered: ConfigFile | undefined;
  /** The last rejection. */
  rejection: KnownRejection | undefined;
  /** What is in place of a regular file, by path. Such a record counts as absent. */
  obstacles: readonly ObstacleError[];
}

export function toIncludePlaces({
  pvcConfig,
  includeRoots,
}: Pick<ConfigPlaces, "pvcConfig" | "includeRoots">): IncludePlaces {
  return { directory: dirname(pvcConfig), roots: includeRoots };
}

/**
 * @param isPodStart whether live files that cannot be read count as missing: nobody else is going to mend them
 * @throws {ManagerError} `file` if a file exists and cannot be read.
 */
export async function observeConfig(places: ConfigPlaces, { isPodStart = false } = {}): Promise<ConfigState> {
  const { configDir, pvcConfig, checksumDir, secretsTargetDir } = places;
  // Before all else: secrets that change later count as changed at the next pass.
  const secrets = secretsTargetDir === undefined ? "" : await stampDirectory(secretsTargetDir);
  const include = toIncludePlaces(places);
  const obstacles: ObstacleError[] = [];
  const note: OnObstacle = (obstacle) => void obstacles.push(obstacle);
  const readLive = readLiveConfig(pvcConfig, include, note);
  const [desired, observed, changedMs, backupMs, lastApplied, pending, applied, acceptedSum, lastGood, rejection] =
    await Promise.all([
      readDesiredConfig(configDir, include),
      isPodStart ? readLive.catch((error: unknown) => ignoreUnreadable(error, note)) : readLive,
      readChangeTime(pvcConfig),
      readChangeTime(`${pvcConfig}.bak`),
      readChecksum(checksumDir, "config", note),
      readChecksum(checksumDir, "config-pending", note),
      readRecord(pvcConfig, "applied", include, note),
      readChecksum(checksumDir, "config-accepted", note),
      readRecord(pvcConfig, "good", include, note),
      readRejection(pvcConfig, note),
    ]);
  // Few passes need the rest, and each read delays the delivery.
  const accepted = acceptedSum === undefined ? undefined : await readRecord(pvcConfig, "accepted", include, note);
  const isAccepted = accepted !== undefined && accepted.md5 === acceptedSum;
  const mayBeRestored = backupMs !== undefined && observed !== undefined && !observed.equals(desired);
  return {
    desired: desired?.besideSecrets(secrets),
    observed,
    changedMs,
    backupMs,
    lastApplied,
    pending,
    applied,
    accepted: isAccepted ? accepted : undefined,
    acceptedMs: isAccepted ? await readChangeTime(pathOfRecord(pvcConfig, "accepted")) : undefined,
    lastGood,
    lastGoodBase: mayBeRestored ? await readRecord(pvcConfig, "good-base", include, note) : undefined,
    clobbered: mayBeRestored ? await readClobbered(pvcConfig) : undefined,
    rejection: rejection && { ...rejection, source: "record" },
    obstacles: obstacles.toSorted((one, other) => (one.path < other.path ? -1 : 1)),
  };
}

/**
 * Reads the live files; undefined if there is no regular root file.
 *
 * @param onObstacle is told what is there in place of a regular file
 * @throws {ManagerError} `file` if a file exists and cannot be read.
 */
export async function readLiveConfig(
  pvcConfig: string,
  places: IncludePlaces,
  onObstacle: OnObstacle = () => undefined,
): Promise<Generation | undefined> {
  return collectLive(pvcConfig, places, (path) => readLiveFile(path, onObstacle));
}

/**
 * Reads the live files as OpenClaw does, which follows links and we do not; undefined if there is no root file.
 *
 * @throws {ManagerError} `file` if something in place of one cannot be read.
 */
export async function readAsOpenClaw(pvcConfig: string, places: IncludePlaces): Promise<Generation | undefined> {
  return collectLive(pvcConfig, places, (path) => readRegularFile(path, { follow: true }));
}

async function collectLive(
  pvcConfig: string,
  places: IncludePlaces,
  read: (path: string) => Promise<Buffer | undefined>,
): Promise<Generation | undefined> {
  const bytes = await read(pvcConfig);
  const readInside = (name: string) => read(join(dirname(pvcConfig), name));
  return bytes && collectGeneration(new ConfigFile(bytes), places, readInside, readOutside);
}

/** What is no regular file is not the live file. A write takes the place of a pipe, and names a link or a directory. */
async function readLiveFile(path: string, onObstacle: OnObstacle): Promise<Buffer | undefined> {
  return readHint(path, { maxBytes: MAX_CONFIG_BYTES }, (obstacle) => {
    if (obstacle.kind === "large" || obstacle.kind === "unreadable") throw obstacle;
    if (obstacle.kind === "special") onObstacle(obstacle);
  });
}

/** From 2026.4.15, a gateway that restores its backup keeps the file that it replaces as `….clobbered.TIMESTAMP`. */
async function readClobbered(pvcConfig: string): Promise<ConfigFile | undefined> {
  const prefix = `${basename(pvcConfig)}.clobbered.`;
  const names = await readdir(dirname(pvcConfig)).catch(() => []);
  const newest = names
    .filter((name) => name.startsWith(prefix))
    .toSorted()
    .at(-1);
  const bytes = newest && (await readRegularFile(join(dirname(pvcConfig), newest)).catch(() => undefined));
  return bytes ? new ConfigFile(bytes) : undefined;
}

function ignoreUnreadable(error: unknown, note: OnObstacle): undefined {
  if (!(error instanceof ManagerError)) throw error;
  if (error instanceof ObstacleError) note(error);
}

async function readChangeTime(path: string): Promise<number | undefined> {
  return lstat(path).then(
    ({ ctimeMs }) => ctimeMs,
    () => undefined,
  );
}
