import { stat } from "node:fs/promises";
import { ManagerError, toResult } from "../errors.ts";
import { replaceFile } from "../files/replace.ts";
import type { ConfigGateway, ConfigView } from "../gateway/config-calls.ts";
import { isUnavailable } from "../gateway/refusal.ts";
import type { ConfigFile } from "./config-file.ts";
import { readLiveConfig } from "./observe.ts";
import type { ConfigUpdate } from "./plan.ts";
import { forgetRejection, isLastGood, keepLastGood, keepRejection, readConfigRecord } from "./record.ts";
import { type Clock, type Verdict, readVerdict, waitForVerdict, waitUntilApplied } from "./verdict.ts";

/**
 * How long a gateway works on a file after it was written, in milliseconds: 200 until its watcher takes it for
 * whole, 300 of debounce, then the reload. A file that is put there meanwhile it may read without being asked.
 */
const DIGEST_MS = 1_000;

/**
 * How long a file stays at least, in milliseconds. The watcher of every release (chokidar) goes deaf, until the
 * gateway starts anew, when a file is replaced twice within some 12 ms; the debounce of 300 leaves room for this.
 */
const MIN_AGE_MS = 100;

/** How long a gateway may take after the login to watch its file, in milliseconds. */
const WATCH_MS = 2_000;

/** How long a gateway may think about the present file before the next one goes in without it, in milliseconds. */
const LOOK_LIMIT_MS = 3_000;

/** How long a gateway that tells may take to apply one config before the next one goes in, in milliseconds. */
const APPLY_LIMIT_MS = 5_000;

const APPLY_PAUSE_MS = 100;

/** The least time between two healings, in milliseconds: no write war with whatever edits the file. */
const HEAL_INTERVAL_MS = 60_000;

/** What became of a config. */
export type Delivery =
  | Extract<Verdict, { kind: "valid" }>
  /** It is in place, and no gateway has validated it. The reason is undefined where there is no gateway. */
  | { kind: "unknown"; reason: string | undefined }
  /** `restored`: what is in place instead; undefined where there was nothing to put back. */
  | { kind: "invalid"; problems: string[]; restored: ConfigFile | undefined };

/** The live config file, and a gateway that can tell what it makes of it. */
export interface LiveConfig {
  /** Whether an edit may be overwritten again. */
  mayHeal(): boolean;
  /**
   * Waits until the gateway is done with the last change, and tells whether it still answers. One that has gone
   * meanwhile is most likely restarting for that change, and would start with whatever came in now.
   */
  isReady(gateway: ConfigGateway): Promise<boolean>;
  /**
   * Puts the file in place and asks the gateway about it. An invalid one is replaced by what was there before,
   * byte for byte, before the gateway acts on it. Without a gateway the file stays.
   *
   * @throws {ManagerError} `file` when the volume refuses.
   */
  deliver(update: ConfigUpdate, gateway: ConfigGateway | undefined): Promise<Delivery>;
  /** Asks about a file that is in place; an invalid one is replaced by the last good one. */
  validate(file: ConfigFile, gateway: ConfigGateway | undefined): Promise<Delivery>;
  /** Waits until the gateway runs on it; `unknown` where that is known already, or cannot be, or `isOver`. */
  confirm(file: ConfigFile, gateway: ConfigGateway, isOver: () => boolean): ReturnType<typeof waitUntilApplied>;
}

export function createLiveConfig(pvcConfig: string, clock: Clock): LiveConfig {
  const { nowMs, pause } = clock;
  let healedMs = Number.NEGATIVE_INFINITY;
  /** The hash by which a view of what was there before the last delivery is told. */
  let stale: { md5: string; hash: string | undefined; isChange: boolean } | undefined;
  let confirmed: { md5: string; gateway: ConfigGateway } | undefined;

  /** Waits until nobody has touched the file for so long. A wrong clock is not waited for. */
  async function waitForAge(minAgeMs: number): Promise<void> {
    const touchedMs = await stat(pvcConfig).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    const ageMs = nowMs() - touchedMs;
    if (ageMs >= 0 && ageMs < minAgeMs) await pause(minAgeMs - ageMs);
  }

  /**
   * 2026.2.9 and 2026.8.2 never learn of a file that comes in between their first read and their watch. The same
   * bytes once more are a change to a watcher, and none to a gateway that has them.
   */
  async function showAgain(file: ConfigFile): Promise<void> {
    await pause(WATCH_MS);
    if (file.equals(await readLiveConfig(pvcConfig))) await replaceFile(pvcConfig, file.bytes);
  }

  /** What comes in next may be worse, so there must be a good copy. A file of ours has one already. */
  async function keepIfGood(file: ConfigFile, view: ConfigView, gateway: ConfigGateway): Promise<void> {
    if (await isLastGood(pvcConfig, file)) return;
    const verdict = await toResult(readVerdict(file, view, undefined, gateway));
    if (!(verdict instanceof ManagerError) && verdict?.kind === "valid") await keepLastGood(pvcConfig, file);
  }

  async function conclude(
    file: ConfigFile,
    gateway: ConfigGateway | undefined,
    previous: ConfigFile | undefined,
  ): Promise<Delivery> {
    if (!gateway) return { kind: "unknown", reason: undefined };
    const staleHash = stale?.md5 === file.md5 ? stale.hash : undefined;
    const verdict = await waitForVerdict(file, gateway, staleHash, clock);
    switch (verdict.kind) {
      case "unknown":
        return verdict;

      case "valid":
        await keepLastGood(pvcConfig, file);
        await forgetRejection(pvcConfig);
        return verdict;

      case "invalid": {
        const { problems } = verdict;
        const restored = previous ?? (await readConfigRecord(pvcConfig)).lastGood;
        await waitForAge(MIN_AGE_MS);
        const live = await readLiveConfig(pvcConfig);
        const isOurs = live === undefined || file.equals(live);
        // First of all: the gateway's debounce is running.
        if (restored && isOurs) await replaceFile(pvcConfig, restored.bytes);
        await keepRejection(pvcConfig, { checksum: file.md5, release: gateway.release, problems });
        if (!isOurs) return { kind: "unknown", reason: "something else has changed the file meanwhile" };
        return { kind: "invalid", problems, restored };
      }
    }
  }

  return {
    async confirm(file, gateway, isOver) {
      if (confirmed?.md5 === file.md5 && confirmed.gateway === gateway) return "unknown";
      // 2026.8.2 keeps the hash of a file that says the same in other words, and runs on it already.
      const staleHash = stale?.md5 === file.md5 && stale.isChange ? stale.hash : undefined;
      const applied = await waitUntilApplied(gateway, staleHash, isOver, clock);
      if (applied !== "unknown") confirmed = { md5: file.md5, gateway };
      return applied;
    },

    mayHeal: () => nowMs() - healedMs >= HEAL_INTERVAL_MS,

    async isReady(gateway) {
      await waitForAge(DIGEST_MS);
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
      // Asking first gives a last good copy to start from, and a gateway whose second answer comes at once.
      await waitForAge(gateway ? DIGEST_MS : MIN_AGE_MS);
      const before = gateway && (await lookBefore(gateway, pause));
      const previous = await readLiveConfig(pvcConfig);
      if (gateway && before && previous) await keepIfGood(previous, before, gateway);
      await replaceFile(pvcConfig, update.file.bytes);
      if (update.isHealing) healedMs = nowMs();
      stale = { md5: update.file.md5, hash: before?.hash, isChange: update.paths.length > 0 };
      return conclude(update.file, before && gateway, previous);
    },

    async validate(file, gateway) {
      if (gateway) await waitForAge(DIGEST_MS);
      const delivery = await conclude(file, gateway, undefined);
      if (delivery.kind === "valid" && !delivery.isApplied) await showAgain(file);
      return delivery;
    },
  };
}

/** Undefined where the gateway does not answer: then it cannot validate the next file either. */
async function lookBefore(gateway: ConfigGateway, pause: Clock["pause"]): Promise<ConfigView | undefined> {
  try {
    return await Promise.race([gateway.readView(), pause(LOOK_LIMIT_MS).then(() => undefined)]);
  } catch (error) {
    if (error instanceof ManagerError) return undefined;
    throw error;
  }
}
