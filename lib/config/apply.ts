import type { Clock } from "../clock.ts";
import { ManagerError, toResult } from "../errors.ts";
import type { ConfigGateway, ConfigView } from "../gateway/config-calls.ts";
import type { Aside } from "./aside.ts";
import { createFileAge } from "./age.ts";
import { type Application, waitUntilApplied } from "./applied.ts";
import type { Generation } from "./generation.ts";
import type { IncludePlaces } from "../text/include-files.ts";
import { readLiveConfig } from "./observe.ts";
import { waitUntilReady } from "./ready.ts";
import { forgetRejection, keepGood, pathOfRecord, readRecord } from "./record.ts";
import { type Rollback, rollBack } from "./rollback.ts";
import { type Verdict, createMessageRedactor, readVerdict, readViewBefore, waitForVerdict } from "./verdict.ts";
import { type Replaced, writeGeneration, writeSpares } from "./write.ts";

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

/** The outcome of a delivery. */
export type Delivery =
  | Extract<Verdict, { kind: "valid" }>
  /** The file is in place, and no gateway has validated it. The reason is undefined if there is no gateway. */
  | { kind: "unknown"; reason: string | undefined }
  | Extract<Rollback, { kind: "invalid" }>;

/** What to write. */
export interface Writing {
  live: Generation;
  /** What Git says: it is recorded with the verdict. */
  desired: Generation;
  /** Whether more than the formatting changes. */
  isChange: boolean;
  /** Whether a backup of the gateway's is in place, which is no good config to go back to. */
  replacesBackup: boolean;
}

/** Files that are in place. */
type InPlace = Pick<Writing, "live" | "desired">;

/** Writes the live files and asks the gateway for its verdict. */
export interface LiveConfig {
  /**
   * Waits until the gateway has applied the last change. Returns false if it stops answering: most likely it restarts
   * for that change, and would start with a new file that nobody has validated.
   */
  isReady(gateway: ConfigGateway): Promise<boolean>;
  /**
   * Writes the files and waits for the gateway's verdict. If it is invalid, the whole previous generation is put back
   * before the gateway acts on the new one. Without a gateway, the files stay.
   *
   * @throws {ManagerError} `file` if a file cannot be written.
   */
  deliver(writing: Writing, gateway: ConfigGateway | undefined, isNoted?: Promise<void>): Promise<Delivery>;
  /** Waits for the verdict on the files that are in place. If it is invalid, the last good ones are put back. */
  validate(writing: InPlace, gateway: ConfigGateway | undefined): Promise<Delivery>;
  /**
   * Waits until the gateway has applied the files. `unknown` if it did before, does not report it, or `isOver`. If it
   * fails to, they are rolled back like invalid ones. After a timeout, each further call asks once.
   */
  confirm(files: InPlace, gateway: ConfigGateway, isOver: () => boolean): Promise<Confirmation>;
}

export type Confirmation = Exclude<Application, { kind: "failed" }> | Extract<Rollback, { kind: "invalid" }>;

const CHANGED_MEANWHILE = "something else has changed the file meanwhile";

export function createLiveConfig(
  pvcConfig: string,
  places: IncludePlaces,
  clock: Clock,
  { onLoss, onUnrecorded }: Aside,
): LiveConfig {
  const { nowMs, pause } = clock;
  const { readModifiedMs, waitUntilUnmodified } = createFileAge(pvcConfig, clock);
  /** The last delivery. `staleHash`: the hash of the view before it; a later view with this hash is stale. */
  let written: { md5: string; staleHash: string | undefined; isChange: boolean; replaced: Replaced } | undefined;
  /** What has been waited for. `open`: how that ended, if the gateway may still apply it. */
  let confirmed: { md5: string; gateway: ConfigGateway; open: Application | undefined } | undefined;

  /**
   * Writes the same bytes again. 2026.2.9 and 2026.8.2 never notice a file that is written between their first read
   * and the start of their watch. The second write triggers the watcher, and changes nothing for a gateway that has
   * read the file.
   */
  async function rewrite(live: Generation): Promise<void> {
    await pause(WATCH_MS);
    const now = await readLiveConfig(pvcConfig, places);
    if (live.equals(now)) await writeGeneration(pvcConfig, live, now);
  }

  /** Records the files as good. Returns whether they are on the volume now. */
  async function keep(live: Generation, desired?: Generation): Promise<boolean> {
    const kept = await toResult(keepGood(pvcConfig, places, live, desired));
    if (kept instanceof ManagerError) onUnrecorded(kept);
    return !(kept instanceof ManagerError);
  }

  /** Keeps a copy of the current files if they are valid, so that an invalid next generation can be rolled back. */
  async function keepIfValid(live: Generation, view: ConfigView, gateway: ConfigGateway): Promise<boolean> {
    const verdict = await toResult(readVerdict(live, view, undefined, gateway));
    return !(verdict instanceof ManagerError) && verdict?.kind === "valid" && (await keep(live));
  }

  async function conclude(inPlace: InPlace, gateway: ConfigGateway | undefined): Promise<Delivery> {
    if (!gateway) return { kind: "unknown", reason: undefined };
    const { live, desired } = inPlace;
    const staleHash = written?.md5 === live.md5 ? written.staleHash : undefined;
    const verdict = await waitForVerdict(live, gateway, staleHash, clock, [desired, written?.replaced.generation]);
    if (verdict.kind === "unknown") return verdict;
    if (verdict.kind === "invalid") {
      await waitUntilUnmodified(MIN_AGE_MS);
      const rollback = await reject(inPlace, verdict.problems, gateway);
      return rollback.kind === "invalid" ? rollback : { kind: "unknown", reason: CHANGED_MEANWHILE };
    }
    const { start } = gateway;
    const isRunning = verdict.isApplied ?? (!start || (await readModifiedMs()) <= start.readyMs);
    if (isRunning) await keep(live, desired);
    await forgetRejection(pvcConfig);
    return verdict;
  }

  async function reject({ live, desired }: InPlace, problems: string[], gateway: ConfigGateway): Promise<Rollback> {
    const replaced = written?.md5 === live.md5 ? written.replaced : undefined;
    return rollBack(pvcConfig, places, { live, desired, problems, replaced }, gateway, onUnrecorded);
  }

  return {
    async confirm(inPlace, gateway, isOver) {
      const { live, desired } = inPlace;
      const former = confirmed?.md5 === live.md5 && confirmed.gateway === gateway ? confirmed : undefined;
      if (former && !former.open) return { kind: "unknown" };
      let looks = 0;
      // 2026.8.2 keeps the hash if only the formatting changes. It runs on that config already.
      const staleHash = written?.md5 === live.md5 && written.isChange ? written.staleHash : undefined;
      // What the log of a former process says is not about this one. A file from the future was written until now.
      const writtenMs = Math.max(Math.min(await readModifiedMs(), nowMs()), gateway.processStartedMs ?? 0);
      const query = { gateway, staleHash, writtenMs, isOver: former ? () => looks++ > 0 : isOver };
      const looked = await waitUntilApplied(query, clock);
      const application = (isOpen(looked) && former?.open) || looked;
      if (!isOver()) confirmed = { md5: live.md5, gateway, open: isOpen(application) ? application : undefined };
      if (application.kind === "applied") await keep(live, desired);
      if (application.kind !== "failed") return application;
      const redact = createMessageRedactor(live, desired, written?.replaced.generation);
      const rollback = await reject(inPlace, [redact(application.reason)], gateway);
      return rollback.kind === "invalid" ? rollback : { kind: "unknown", isOpen: true };
    },

    async isReady(gateway) {
      await waitUntilUnmodified(DIGEST_MS);
      return waitUntilReady(gateway, clock);
    },

    async deliver(writing, gateway, isNoted) {
      const { live, isChange, replacesBackup } = writing;
      // Read the view first: it tells whether the current file is good, and it makes the gateway's next answer fast.
      await waitUntilUnmodified(gateway ? DIGEST_MS : MIN_AGE_MS);
      const before = gateway && (await readViewBefore(gateway, pause));
      const previous = await readLiveConfig(pvcConfig, places);
      const isKept = gateway && before && previous && !replacesBackup && (await keepIfValid(previous, before, gateway));
      const goodRoot = isKept ? pathOfRecord(pvcConfig, "good") : undefined;
      const spares = before && previous ? await writeSpares(pvcConfig, live, previous, goodRoot) : new Map();
      await isNoted;
      const replaced = { ...(await writeGeneration(pvcConfig, live, previous)), spares };
      replaced.losses.forEach(onLoss);
      written = { md5: live.md5, staleHash: before?.hash, isChange, replaced };
      return conclude(writing, before && gateway);
    },

    async validate(writing, gateway) {
      if (gateway) await waitUntilUnmodified(DIGEST_MS);
      const hasRun = writing.live.equals(await readRecord(pvcConfig, "good", places));
      const delivery = await conclude(writing, gateway);
      if (delivery.kind === "valid" && !delivery.isApplied && !hasRun) await rewrite(writing.live);
      return delivery;
    },
  };
}

/** Whether the gateway may still apply it. */
function isOpen(application: Application): boolean {
  return application.kind === "timeout" || (application.kind === "unknown" && application.isOpen === true);
}
