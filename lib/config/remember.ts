import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { ManagerError, toResult } from "../errors.ts";
import { writeChecksum } from "../files/checksum.ts";
import type { Aside } from "./aside.ts";
import type { Generation } from "./generation.ts";
import type { ConfigPlaces, ConfigState } from "./observe.ts";
import { type RecordName, removeRecord, writeRecord } from "./record.ts";
import type { Target } from "./target.ts";

/** What this process has applied. */
interface Applied {
  applied: Generation;
  accepted: Generation;
}

/**
 * Remembers what was applied: on the volume, for the next process, and in this one, so that an agent in the way of a
 * record changes nothing here.
 */
export class Memory {
  readonly #places: ConfigPlaces;
  readonly #onUnrecorded: Aside["onUnrecorded"];
  /** What the volume could not take. */
  #unrecorded: Applied | undefined;
  /** What was recorded before the last change of Git. */
  #former: ForgettableState = { applied: undefined, accepted: undefined, lastApplied: undefined };

  constructor(places: ConfigPlaces, onUnrecorded: Aside["onUnrecorded"]) {
    this.#places = places;
    this.#onUnrecorded = onUnrecorded;
  }

  /** The state with what the volume could not take. */
  recall(state: ConfigState): ConfigState {
    if (!this.#unrecorded || this.#unrecorded.applied.md5 !== state.lastApplied) return state;
    const { applied, accepted } = this.#unrecorded;
    return { ...state, applied, accepted: accepted.equals(applied) ? undefined : accepted };
  }

  /**
   * Records what Git says as applied, and the live files that count as in sync. The checksums go last: a record counts
   * only if its checksum says the same.
   *
   * @param state as it was observed: what is recorded already is not written again
   * @throws {ManagerError} `file` if a checksum cannot be written.
   */
  async remember(state: ForgettableState, desired: Generation, { accepted }: Pick<Target, "accepted">): Promise<void> {
    const { pvcConfig, checksumDir } = this.#places;
    const failures: (ManagerError | undefined)[] = [];
    if (state.lastApplied !== desired.md5) this.#former = state;
    if (!accepted.equals(desired)) {
      if (!accepted.equals(state.accepted)) failures.push(await this.#write("accepted", accepted));
      await writeChecksum(checksumDir, "config-accepted", accepted.md5);
    } else if (state.accepted) {
      await unlink(join(checksumDir, "config-accepted")).catch(() => undefined);
      await removeRecord(pvcConfig, "accepted");
    }
    if (!desired.equals(state.applied)) failures.push(await this.#write("applied", desired));
    this.#unrecorded = failures.some((failure) => failure !== undefined) ? { applied: desired, accepted } : undefined;
    await writeChecksum(checksumDir, "config", desired.md5);
  }

  /**
   * Takes back that this was applied: the gateway has rejected it since.
   *
   * @throws {ManagerError} `file` if a checksum cannot be written.
   */
  async forget(): Promise<void> {
    const { applied, accepted, lastApplied } = this.#former;
    this.#unrecorded = undefined;
    if (applied) await this.#write("applied", applied);
    if (accepted) await this.#write("accepted", accepted);
    const sums = { config: lastApplied, "config-accepted": accepted?.md5, "config-pending": undefined };
    for (const [name, sum] of Object.entries(sums)) {
      if (sum === undefined) await unlink(join(this.#places.checksumDir, name)).catch(() => undefined);
      else await writeChecksum(this.#places.checksumDir, name, sum);
    }
  }

  async #write(name: RecordName, generation: Generation): Promise<ManagerError | undefined> {
    const written = await toResult(writeRecord(this.#places.pvcConfig, name, generation));
    if (!(written instanceof ManagerError)) return undefined;
    this.#onUnrecorded(written);
    return written;
  }
}

type ForgettableState = Pick<ConfigState, "applied" | "accepted" | "lastApplied">;

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
