import type { Clock } from "../clock.ts";
import { ManagerError, toResult } from "../errors.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import { isUnavailable } from "../gateway/refusal.ts";
import type { Log } from "../log.ts";
import type { Held } from "../reconcile/reconciler.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import type { Settings } from "../settings.ts";
import type { Aside } from "./aside.ts";
import { readReloadMode } from "./document.ts";
import type { Generation } from "./generation.ts";
import { isLetIn, readHeld, removeHeld, writeHeld } from "./held-change.ts";
import * as messages from "./messages.ts";
import type { ConfigUpdate } from "./plan.ts";
import { type PathChange, forecastReloads } from "./reload.ts";

/**
 * How long what is held waits for a gateway that does not answer, in milliseconds. A connection may break in the midst
 * of a run; a gateway that is gone for so long has none, and may need the change to start.
 */
const ABSENCE_LIMIT_MS = 60_000;

/** Holds a change that restarts the gateway, whole, while the gateway has work. */
export interface RestartGate {
  /** What is held; undefined if nothing is. */
  readonly held: Held | undefined;
  /**
   * Decides whether an update goes in now. @returns what is held instead
   * @throws {ManagerError} as the gateway's calls do
   */
  admit(
    update: ConfigUpdate,
    observed: Generation | undefined,
    gateway: ConfigGateway | undefined,
  ): Promise<Held | undefined>;
  /** To be called when there is nothing to deliver. */
  clear(): Promise<void>;
}

export interface RestartGateOptions {
  settings: { checksumDir: string } & Partial<Pick<Settings, "restart" | "restartDeadline">>;
  log: Log;
  warnings: Warnings;
  clock: Pick<Clock, "nowMs" | "uptimeMs">;
  onUnrecorded: Aside["onUnrecorded"];
}

/** Why an update goes in, or what it waits for. */
type Decision = { kind: "in"; why: string } | { kind: "held"; work: readonly string[]; changes: readonly PathChange[] };

export function createRestartGate({ settings, log, warnings, clock, onUnrecorded }: RestartGateOptions): RestartGate {
  const { checksumDir, restart = "now", restartDeadline = 0 } = settings;
  const { nowMs, uptimeMs } = clock;
  let held: Held | undefined;
  /** When what is held goes in at the latest, by the monotonic clock. A newer change does not move it. */
  let endMs = 0;
  let answeredMs = uptimeMs();
  let isRestored = false;
  /** Whether this process has told of `held`. */
  let isTold = false;
  let forecast: { key: string; changes: PathChange[] } | undefined;

  /** Takes over what a former container has held. */
  async function restore(): Promise<void> {
    if (isRestored) return;
    isRestored = true;
    held = await readHeld(checksumDir);
    if (held) endMs = uptimeMs() + Math.min(Math.max(held.untilMs - nowMs(), 0), restartDeadline * 1000);
  }

  async function forecastOnce(update: ConfigUpdate, observed: Generation | undefined, gateway: ConfigGateway) {
    const key = `${observed?.md5}:${update.target.live.md5}`;
    if (forecast?.key !== key) forecast = { key, changes: await forecastReloads(update.paths, gateway, uptimeMs) };
    return forecast.changes;
  }

  async function decide(
    update: ConfigUpdate,
    observed: Generation | undefined,
    gateway: ConfigGateway | undefined,
  ): Promise<Decision> {
    if (!gateway) {
      const isGone = uptimeMs() - answeredMs >= ABSENCE_LIMIT_MS || uptimeMs() >= endMs;
      if (!held || isGone) return { kind: "in", why: "the gateway does not answer" };
      return { kind: "held", work: ["a gateway that does not answer now"], changes: [] };
    }
    answeredMs = uptimeMs();
    const changes = await forecastOnce(update, observed, gateway);
    if (!mayRestart(changes, observed, update.target.live)) return { kind: "in", why: "it restarts nothing" };
    if (await isLetIn(checksumDir, update.desired.md5)) return { kind: "in", why: "a person lets it in" };
    const work = await toResult(gateway.readActiveWork());
    if (work instanceof ManagerError) {
      if (isUnavailable(work)) return { kind: "held", work: ["a gateway that restarts"], changes };
      if (work.code !== "rejected") throw work;
      warnings.warnOnce("restart", [messages.describeUnknownWork(gateway.release)]);
      return { kind: "in", why: "the gateway does not say whether it has work" };
    }
    if (work.isPartial) warnings.warnOnce("restart", [messages.describePartialWork(gateway.release)]);
    if (work.what.length === 0) return { kind: "in", why: "the gateway has no work" };
    if (held && uptimeMs() >= endMs)
      return { kind: "in", why: `the deadline of ${restartDeadline} s is over, with ${work.what.join(", ")}` };
    return { kind: "held", work: work.what, changes };
  }

  async function hold(
    { desired: { md5: checksum }, paths }: ConfigUpdate,
    { work, changes }: Extract<Decision, { kind: "held" }>,
  ): Promise<Held> {
    if (held?.checksum === checksum && (isTold || changes.length === 0)) return held;
    if (!held) endMs = uptimeMs() + restartDeadline * 1000;
    held = { checksum, paths, untilMs: Math.round(nowMs() + endMs - uptimeMs()) };
    const written = await toResult(writeHeld(checksumDir, held)); // first: who reads the line may let it in at once
    if (written instanceof ManagerError) onUnrecorded(written);
    isTold = changes.length > 0;
    if (isTold) log(messages.describeHeld(work, changes, held.untilMs));
    return held;
  }

  async function release(): Promise<void> {
    if (held) await removeHeld(checksumDir);
    held = undefined;
    isTold = false;
  }

  return {
    get held() {
      return held;
    },
    async admit(update, observed, gateway) {
      await restore();
      const decision: Decision =
        restart === "now" ? { kind: "in", why: "--restart is now" } : await decide(update, observed, gateway);
      if (decision.kind === "held") return hold(update, decision);
      if (held) log(`Held config change goes in: ${decision.why}`);
      await release();
      return undefined;
    },
    async clear() {
      await restore();
      if (held && isTold) log("Held config change is withdrawn: Git says something else, or it is in place");
      await release();
    },
  };
}

/** Whether the gateway restarts for it. `gateway.reload.mode` is that of a running gateway, or of the one to come. */
function mayRestart(changes: readonly PathChange[], observed: Generation | undefined, target: Generation): boolean {
  const modes = [observed, target].map((each) => (each ? readReloadMode(each.value) : undefined));
  if (modes.every((mode) => mode === "off" || mode === "hot")) return false;
  const always = modes.includes("restart");
  return changes.some(({ reload }) => reload === "restart" || (always && reload === "hot"));
}
