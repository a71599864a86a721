import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { writeChecksum } from "../files/checksum.ts";
import type { Generation } from "./generation.ts";
import type { ConfigPlaces, ConfigState } from "./observe.ts";
import { removeRecord, writeRecord } from "./record.ts";
import type { Target } from "./target.ts";

/**
 * Records what Git says as applied, and the live files that count as in sync. The checksums go last: a record counts
 * only if its checksum says the same.
 *
 * @param state as it was observed: what is recorded already is not written again
 * @throws {ManagerError} `file` if a record cannot be written.
 */
export async function rememberApplied(
  { pvcConfig, checksumDir }: ConfigPlaces,
  state: Pick<ConfigState, "applied" | "accepted">,
  desired: Generation,
  { accepted }: Pick<Target, "accepted">,
): Promise<void> {
  if (!accepted.equals(desired)) {
    if (!accepted.equals(state.accepted)) await writeRecord(pvcConfig, "accepted", accepted);
    await writeChecksum(checksumDir, "config-accepted", accepted.md5);
  } else if (state.accepted) {
    await unlink(join(checksumDir, "config-accepted")).catch(() => undefined);
    await removeRecord(pvcConfig, "accepted");
  }
  if (!desired.equals(state.applied)) await writeRecord(pvcConfig, "applied", desired);
  await writeChecksum(checksumDir, "config", desired.md5);
}

/**
 * Takes back what {@link rememberApplied} has recorded since `state` was observed: the gateway could not apply it.
 *
 * @throws {ManagerError} `file` if a record cannot be written.
 */
export async function forgetApplied(
  { pvcConfig, checksumDir }: ConfigPlaces,
  { applied, accepted, lastApplied }: Pick<ConfigState, "applied" | "accepted" | "lastApplied">,
): Promise<void> {
  if (applied) await writeRecord(pvcConfig, "applied", applied);
  if (accepted) await writeRecord(pvcConfig, "accepted", accepted);
  const sums = { config: lastApplied, "config-accepted": accepted?.md5, "config-pending": undefined };
  for (const [name, sum] of Object.entries(sums)) {
    if (sum === undefined) await unlink(join(checksumDir, name)).catch(() => undefined);
    else await writeChecksum(checksumDir, name, sum);
  }
}

/** How many changes of the live files are kept in mind: enough to look past those of one start. */
const MAX_SIGHTINGS = 4;

/** The live files as this process has seen or written them, to tell what a gateway has changed at its start. */
export class Sightings {
  readonly #seen: { live: Generation; changedMs: number }[] = [];

  /** @param changedMs when the files were changed, in milliseconds since 1970 */
  add(live: Generation, changedMs: number): void {
    const last = this.#seen.at(-1);
    if (last && live.equals(last.live)) return;
    this.#seen.push({ live, changedMs });
    if (this.#seen.length > MAX_SIGHTINGS) this.#seen.shift();
  }

  /** The files as they were at this time; undefined if that is unknown. */
  before(timeMs: number): Generation | undefined {
    return this.#seen.findLast(({ changedMs }) => changedMs < timeMs)?.live;
  }
}
