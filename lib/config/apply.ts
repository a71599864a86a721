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
 * How long a gateway may work on a file after a write, in milliseconds: 200 until its watcher considers the file
 * complete, 300 of debounce, then the reload. It may read a file that is written meanwhile before we can validate it.
 */
const DIGEST_MS = 1_000;

/**
 * The least time between two writes, in milliseconds. In every release, the watcher (chokidar) misses all further
 * changes until the gateway restarts if a file is replaced twice within some 12 ms. The debounce of 300 leaves room
 * for this pause.
 */
const MIN_AGE_MS = 100;

/** How long after the login a gateway may begin to watch its file, in milliseconds. */
const WATCH_MS = 2_000;

/** How long to wait for the gateway's view of the current file before the next one is written, in milliseconds. */
const VIEW_LIMIT_MS = 3_000;

/** How long to wait until the gateway has applied one config before the next one is written, in milliseconds. */
const APPLY_LIMIT_MS = 5_000;

const APPLY_PAUSE_MS = 100;

/** The least time between two self-healings, in milliseconds. It avoids a write war with another editor. */
const HEAL_INTERVAL_MS = 60_000;

/** The outcome of a delivery. */
export type Delivery =
  | Extract<Verdict, { kind: "valid" }>
  /** The file is in place, and no gateway has validated it. The reason is undefined if there is no gateway. */
  | { kind: "unknown"; reason: string | undefined }
  /** `restored`: the file that was put back; undefined if there was none. */
  | { kind: "invalid"; problems: string[]; restored: ConfigFile | undefined };

/** Writes the live config file and asks the gateway for its verdict. */
export interface LiveConfig {
  /** Returns whether the last self-healing is long enough ago for the next one. */
  mayHeal(): boolean;
  /**
   * Waits until the gateway has applied the last change. Returns false if it stops answering: most likely it restarts
   * for that change, and would start with a new file that nobody has validated.
   */
  isReady(gateway: ConfigGateway): Promise<boolean>;
  /**
   * Writes the file and waits for the gateway's verdict. If it is invalid, the previous bytes are put back before the
   * gateway acts on the new ones. Without a gateway, the file stays.
   *
   * @throws {ManagerError} `file` if the file cannot be written.
   */
  deliver(update: ConfigUpdate, gateway: ConfigGateway | undefined): Promise<Delivery>;
  /** Waits for the verdict on the file that is in place. If it is invalid, the last good file is put back. */
  validate(file: ConfigFile, gateway: ConfigGateway | undefined): Promise<Delivery>;
  /** Waits until the gateway has applied the file; `unknown` if it did before, does not report it, or `isOver`. */
  confirm(file: ConfigFile, gateway: ConfigGateway, isOver: () => boolean): ReturnType<typeof waitUntilApplied>;
}

export function createLiveConfig(pvcConfig: string, clock: Clock): LiveConfig {
  const { nowMs, pause } = clock;
  let healedMs = Number.NEGATIVE_INFINITY;
  /** The hash of the view before the last delivery: a later view with this hash is stale. */
  let stale: { md5: string; hash: string | undefined; isChange: boolean } | undefined;
  let confirmed: { md5: string; gateway: ConfigGateway } | undefined;

  /** Waits until the file has been unmodified for `minAgeMs`. A modification time in the future is ignored. */
  async function waitUntilUnmodified(minAgeMs: number): Promise<void> {
    const modifiedMs = await stat(pvcConfig).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    const ageMs = nowMs() - modifiedMs;
    if (ageMs >= 0 && ageMs < minAgeMs) await pause(minAgeMs - ageMs);
  }

  /**
   * Writes the same bytes again. 2026.2.9 and 2026.8.2 never notice a file that is written between their first read
   * and the start of their watch. The second write triggers the watcher, and changes nothing for a gateway that has
   * read the file.
   */
  async function rewrite(file: ConfigFile): Promise<void> {
    await pause(WATCH_MS);
    if (file.equals(await readLiveConfig(pvcConfig))) await replaceFile(pvcConfig, file.bytes);
  }

  /** Keeps a copy of the current file if it is valid, so that an invalid next file can be rolled back. */
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
        await waitUntilUnmodified(MIN_AGE_MS);
        const live = await readLiveConfig(pvcConfig);
        const isOurs = live === undefined || file.equals(live);
        // Roll back before anything else: the gateway's debounce is running.
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
      // 2026.8.2 keeps the hash if only the formatting changes. It runs on that config already.
      const staleHash = stale?.md5 === file.md5 && stale.isChange ? stale.hash : undefined;
      const applied = await waitUntilApplied(gateway, staleHash, isOver, clock);
      if (applied !== "unknown") confirmed = { md5: file.md5, gateway };
      return applied;
    },

    mayHeal: () => nowMs() - healedMs >= HEAL_INTERVAL_MS,

    async isReady(gateway) {
      await waitUntilUnmodified(DIGEST_MS);
      const untilMs = nowMs() + APPLY_LIMIT_MS;
      try {
        for (;;) {
          const view = await readViewInTime(gateway, pause);
          if (view?.isApplied !== false || nowMs() >= untilMs) return true;
          await pause(APPLY_PAUSE_MS);
        }
      } catch (error) {
        if (!(error instanceof ManagerError)) throw error;
        return error.code !== "unreachable" && !isUnavailable(error);
      }
    },

    async deliver(update, gateway) {
      // Read the view first: it tells whether the current file is good, and it makes the gateway's next answer fast.
      await waitUntilUnmodified(gateway ? DIGEST_MS : MIN_AGE_MS);
      const before = gateway && (await readViewBefore(gateway, pause));
      const previous = await readLiveConfig(pvcConfig);
      if (gateway && before && previous) await keepIfGood(previous, before, gateway);
      await replaceFile(pvcConfig, update.file.bytes);
      if (update.isHealing) healedMs = nowMs();
      stale = { md5: update.file.md5, hash: before?.hash, isChange: update.paths.length > 0 };
      return conclude(update.file, before && gateway, previous);
    },

    async validate(file, gateway) {
      if (gateway) await waitUntilUnmodified(DIGEST_MS);
      const delivery = await conclude(file, gateway, undefined);
      if (delivery.kind === "valid" && !delivery.isApplied) await rewrite(file);
      return delivery;
    },
  };
}

/** Returns undefined if the gateway does not answer: then it cannot validate the next file either. */
async function readViewBefore(gateway: ConfigGateway, pause: Clock["pause"]): Promise<ConfigView | undefined> {
  const view = await toResult(readViewInTime(gateway, pause));
  return view instanceof ManagerError ? undefined : view;
}

/** Returns undefined if the gateway takes longer than {@link VIEW_LIMIT_MS}. */
function readViewInTime(gateway: ConfigGateway, pause: Clock["pause"]): Promise<ConfigView | undefined> {
  return Promise.race([gateway.readView(), pause(VIEW_LIMIT_MS).then(() => undefined)]);
}
