import { ManagerError, toResult } from "../errors.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import type { Aside } from "./aside.ts";
import type { Generation } from "./generation.ts";
import type { IncludePlaces } from "../text/include-files.ts";
import { readLiveConfig } from "./observe.ts";
import { type Rejection, keepRejection, pathOfRecord, readRecord } from "./record.ts";
import { NOTHING_REPLACED, type Replaced, restoreGeneration } from "./write.ts";
import { ROOT_NAME } from "./generation.ts";

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
  | { kind: "invalid"; rejection: Rejection; restored: Generation | undefined }
  /** Something else has changed the live files meanwhile. They stay. */
  | { kind: "changed" };

/**
 * Puts the whole previous generation back, else the last good one, and records the rejection.
 *
 * @param onUnrecorded is told if the rejection cannot be recorded: the next process then asks the gateway again
 * @throws {ManagerError} `file` if a file cannot be written.
 */
export async function rollBack(
  pvcConfig: string,
  places: IncludePlaces,
  { live, desired, problems, replaced }: Rejected,
  { release, processStartedMs: startedMs }: Pick<ConfigGateway, "release" | "processStartedMs">,
  onUnrecorded: Aside["onUnrecorded"],
): Promise<Rollback> {
  const good = replaced?.generation ?? (await readRecord(pvcConfig, "good", places));
  // Something else may have written the record.
  const isUsable = good !== undefined && !good.equals(live) && (replaced || good.resolved.kind === "parsed");
  const restored = isUsable ? good : undefined;
  const now = await readLiveConfig(pvcConfig, places);
  const isOurs = now === undefined || live.equals(now);
  // Roll back before anything else: the gateway's debounce is running.
  if (restored && isOurs) {
    const spares = new Map([[ROOT_NAME, pathOfRecord(pvcConfig, "good")]]);
    await restoreGeneration(pvcConfig, restored, live, replaced ?? { ...NOTHING_REPLACED, spares });
  }
  const rejection = { checksum: desired.verdictKey, release, startedMs, problems };
  const recorded = await toResult(keepRejection(pvcConfig, rejection));
  if (recorded instanceof ManagerError) onUnrecorded(recorded);
  return isOurs ? { kind: "invalid", rejection, restored } : { kind: "changed" };
}
