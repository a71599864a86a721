import { stat } from "node:fs/promises";
import { type ConfigUpdate, readLiveFile } from "./plan.ts";
import type { ConfigGateway, ConfigView } from "../gateway/config-calls.ts";
import { forgetRejection, isLastGood, keepLastGood, keepRejection, readConfigRecord } from "./record.ts";
import { ManagerError, toResult } from "../errors.ts";
import { isUnavailable } from "../gateway/connection.ts";
import { type Clock, type Verdict, waitUntilApplied, waitForVerdict, readVerdict } from "./verdict.ts";
import { replaceFile } from "../files/replace.ts";

/**
 * How long a gateway goes on with a file after it was written, in milliseconds: 200 until its watcher takes it
 * for whole, 300 of debounce, then the reload. What is put there meanwhile it may read without being asked.
 */
const DIGEST_MS = 1_000;

/**
 * How long a file stays at least, in milliseconds. The watcher of every release (chokidar) is deaf, until the
 * gateway starts anew, once a file has been replaced twice within some 12 ms; the debounce of 300 is far enough.
 */
const REST_MS = 100;

/** How long after it lets us in a gateway may take to watch its file, in milliseconds. */
const WATCH_MS = 2_000;

/** How long a gateway may think about the file that is there, before the next one goes in without it, in milliseconds. */
const LOOK_LIMIT_MS = 3_000;

/** How long a gateway that tells may take to apply one config before the next one goes in, in milliseconds. */
const APPLY_LIMIT_MS = 5_000;

const APPLY_PAUSE_MS = 100;

/** No write war with whatever edits the file: the least time between two healings, in milliseconds. */
const HEAL_INTERVAL_MS = 60_000;

/** A config, and the md5 of its bytes. */
export interface ConfigBytes {
  checksum: string;
  bytes: Uint8Array;
}

/** What became of a config. */
export type Delivery =
  | Extract<Verdict, { kind: "valid" }>
  /** It is in place, and nobody has judged it. The reason is undefined where there is nobody. */
  | { kind: "unknown"; reason: string | undefined }
  /** `restored`: what is in place instead; undefined where there was nothing to put back. */
  | { kind: "invalid"; problems: string[]; restored: Uint8Array | undefined };

/** The live config file, with a gateway beside it that knows what it can read. */
export interface LiveConfig {
  /** Whether an edit may be overwritten again. */
  mayHeal(): boolean;
  /**
   * Waits until the gateway is done with the last change, and tells whether it still answers. One that has
   * gone meanwhile is most likely restarting for that change, and would start with whatever came in now.
   */
  isReady(gateway: ConfigGateway): Promise<boolean>;
  /**
   * Puts the bytes in place and asks the gateway about them; where it finds them invalid, puts back what was
   * there, byte for byte, before the gateway acts on them. Without a gateway they stay.
   *
   * @throws {ManagerError} `file` when the volume refuses.
   */
  deliver(update: ConfigUpdate, gateway: ConfigGateway | undefined): Promise<Delivery>;
  /** Asks about bytes that are in place; where they are invalid, puts back the last good ones. */
  validate(config: ConfigBytes, gateway: ConfigGateway | undefined): Promise<Delivery>;
  /** Waits until the gateway runs on it; `unknown` where that is known already, or cannot be, or `isOver`. */
  confirm(checksum: string, gateway: ConfigGateway, isOver: () => boolean): ReturnType<typeof waitUntilApplied>;
}

export function createLiveConfig(pvcConfig: string, clock: Clock): LiveConfig {
  const { nowMs, pause } = clock;
  let healedMs = Number.NEGATIVE_INFINITY;
  /** By which a view of what was there before the last delivery is told. */
  let stale: { checksum: string; hash: string | undefined; isChange: boolean } | undefined;

  /** Waits until nobody has touched the file for so long. A wrong clock is not waited for. */
  async function awaitAge(restMs: number): Promise<void> {
    const touchedMs = await stat(pvcConfig).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    const ageMs = nowMs() - touchedMs;
    if (ageMs >= 0 && ageMs < restMs) await pause(restMs - ageMs);
  }

  /**
   * What comes in between the moment a gateway reads its file and the moment it begins to watch it, 2026.2.9
   * and 2026.8.2 never learn of. The same bytes once more are a change to a watcher, and none to a gateway that
   * has them.
   */
  async function showAgain({ bytes }: ConfigBytes): Promise<void> {
    await pause(WATCH_MS);
    const live = await readLiveFile(pvcConfig);
    if (live && Buffer.compare(live, bytes) === 0) await replaceFile(pvcConfig, bytes);
  }

  /** What comes in next may be worse. The copy is there already where it was us who put the bytes in place. */
  async function keepIfGood(bytes: Uint8Array, view: ConfigView, gateway: ConfigGateway): Promise<void> {
    if (await isLastGood(pvcConfig, bytes)) return;
    const verdict = await toResult(readVerdict(bytes, view, undefined, gateway));
    if (!(verdict instanceof ManagerError) && verdict?.kind === "valid") await keepLastGood(pvcConfig, bytes);
  }

  async function conclude(
    { bytes, checksum }: ConfigBytes,
    gateway: ConfigGateway | undefined,
    previous: Uint8Array | undefined,
  ): Promise<Delivery> {
    if (!gateway) return { kind: "unknown", reason: undefined };
    const staleHash = stale?.checksum === checksum ? stale.hash : undefined;
    const verdict = await waitForVerdict(bytes, gateway, staleHash, clock);
    switch (verdict.kind) {
      case "unknown":
        return verdict;

      case "valid":
        await keepLastGood(pvcConfig, bytes);
        await forgetRejection(pvcConfig);
        return verdict;

      case "invalid": {
        const { problems } = verdict;
        const restored = previous ?? (await readConfigRecord(pvcConfig)).lastGood;
        await awaitAge(REST_MS);
        const live = await readLiveFile(pvcConfig);
        const isOurs = live === undefined || Buffer.compare(live, bytes) === 0;
        // First of all: there is a debounce to be faster than.
        if (restored && isOurs) await replaceFile(pvcConfig, restored);
        await keepRejection(pvcConfig, { checksum, release: gateway.release, problems });
        if (!isOurs) return { kind: "unknown", reason: "something else has changed the file meanwhile" };
        return { kind: "invalid", problems, restored };
      }
    }
  }

  let confirmed: { checksum: string; gateway: ConfigGateway } | undefined;
  return {
    async confirm(checksum, gateway, isOver) {
      if (confirmed?.checksum === checksum && confirmed.gateway === gateway) return "unknown";
      // 2026.8.2 keeps the hash of one that says the same in other words, and runs on it already.
      const staleHash = stale?.checksum === checksum && stale.isChange ? stale.hash : undefined;
      const force = await waitUntilApplied(gateway, staleHash, isOver, clock);
      if (force !== "unknown") confirmed = { checksum, gateway };
      return force;
    },

    mayHeal: () => nowMs() - healedMs >= HEAL_INTERVAL_MS,

    async isReady(gateway) {
      await awaitAge(DIGEST_MS);
      const untilMs = nowMs() + APPLY_LIMIT_MS;
      try {
        for (;;) {
          const view = await Promise.race([gateway.readView(), pause(LOOK_LIMIT_MS).then(() => undefined)]);
          if (view?.isApplied !== false || nowMs() >= untilMs) return true;
          await pause(APPLY_PAUSE_MS);
        }
      } catch (error) {
        if (!(error instanceof ManagerError)) throw error;
        return error.code !== "unreachable" && !isUnavailable(error);
      }
    },

    async deliver(update, gateway) {
      // To ask first gives a last good copy to start from, and a gateway whose second answer comes at once.
      await awaitAge(gateway ? DIGEST_MS : REST_MS);
      const before = gateway && (await lookBefore(gateway, pause));
      const previous = await readLiveFile(pvcConfig);
      if (gateway && before && previous) await keepIfGood(previous, before, gateway);
      await replaceFile(pvcConfig, update.bytes);
      if (update.isHealing) healedMs = nowMs();
      stale = { checksum: update.checksum, hash: before?.hash, isChange: update.paths.length > 0 };
      return conclude(update, before && gateway, previous);
    },

    async validate(config, gateway) {
      if (gateway) await awaitAge(DIGEST_MS);
      const delivery = await conclude(config, gateway, undefined);
      if (delivery.kind === "valid" && !delivery.isApplied) await showAgain(config);
      return delivery;
    },
  };
}

/** One line of what is not known. */
export function describeNotValidated({ reason }: { reason: string | undefined }): string {
  return `  Not validated by the gateway yet: ${reason ?? "no gateway to ask"}`;
}

/** Undefined where it does not answer: then it is of no use afterwards either. */
async function lookBefore(gateway: ConfigGateway, pause: Clock["pause"]): Promise<ConfigView | undefined> {
  try {
    return await Promise.race([gateway.readView(), pause(LOOK_LIMIT_MS).then(() => undefined)]);
  } catch (error) {
    if (error instanceof ManagerError) return undefined;
    throw error;
  }
}
