import type { ConfigGateway } from "../gateway/config-calls.ts";
import type { Generation } from "./generation.ts";
import type { IncludePlaces } from "./includes.ts";
import { readLiveConfig } from "./observe.ts";
import { keepRejection, readRecord } from "./record.ts";
import { type Replaced, restoreGeneration } from "./write.ts";

/** Live files that a gateway rejects. */
export interface Rejected {
  live: Generation;
  /** What Git says. */
  desired: Generation;
  problems: string[];
  /** What they have replaced; undefined if this process did not write them. */
  replaced: Replaced | undefined;
}

export type Rollback =
  /** `restored`: the files that were put back; undefined if there were none. */
  | { kind: "invalid"; problems: string[]; restored: Generation | undefined }
  /** Something else has changed the live files meanwhile. They stay. */
  | { kind: "changed" };

/**
 * Puts the whole previous generation back, else the last good one, and records the rejection.
 *
 * @throws {ManagerError} `file` if a file cannot be written.
 */
export async function rollBack(
  pvcConfig: string,
  places: IncludePlaces,
  { live, desired, problems, replaced }: Rejected,
  { release, processStartedMs: startedMs }: Pick<ConfigGateway, "release" | "processStartedMs">,
): Promise<Rollback> {
  const good = replaced?.generation ?? (await readRecord(pvcConfig, "good", places));
  const restored = good?.equals(live) ? undefined : good;
  const now = await readLiveConfig(pvcConfig, places);
  const isOurs = now === undefined || live.equals(now);
  // Roll back before anything else: the gateway's debounce is running.
  if (restored && isOurs) await restoreGeneration(pvcConfig, restored, live, replaced?.beside ?? new Map());
  await keepRejection(pvcConfig, { checksum: desired.verdictKey, release, startedMs, problems });
  return isOurs ? { kind: "invalid", problems, restored } : { kind: "changed" };
}
