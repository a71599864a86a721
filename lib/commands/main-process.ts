import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import type { Environment } from "../setting-sources.ts";
import type { Settings } from "../settings.ts";
import { findPortMismatch, readConfigPorts } from "./gateway-port.ts";
import type { Runtime } from "./runtime.ts";

/** The pause between two probes, in milliseconds. */
const PROBE_PAUSE_MS = 1_000;

export interface WaitDependencies extends Pick<Runtime, "log" | "warnings" | "state" | "signal"> {
  settings: Pick<Settings, "gatewayUrl" | "configDir" | "pvcConfig">;
  transport: Pick<Runtime["transport"], "probe">;
  clock: Pick<Clock, "uptimeMs">;
}

/** Waits until the gateway answers, `limitSeconds` are over, or the program is stopping. A refusal is an answer. */
export async function waitForMainProcess(
  { settings, transport, clock, log, warnings, state, signal }: WaitDependencies,
  limitSeconds: number,
  env: Environment = process.env,
): Promise<void> {
  log("Waiting for openclaw main process to start...");
  const waiting = state.filter(({ reconciler }) => reconciler.needsGateway);
  const endMs = clock.uptimeMs() + limitSeconds * 1000; // a probe may take seconds itself
  while (clock.uptimeMs() < endMs && !signal.aborted) {
    for (const { heartbeat } of waiting) heartbeat.beat();
    const { isUp, reason } = await transport.probe();
    if (isUp) {
      log("Main process detected");
      return;
    }
    const mismatch = findPortMismatch(settings.gatewayUrl, await readConfigPorts(settings), env);
    const cause = mismatch ? `; ${mismatch.message} (${mismatch.hint})` : "";
    warnings.warnOnce("main process", [`  Not yet: ${reason}${cause}`]);
    await sleep(PROBE_PAUSE_MS, undefined, { signal }).catch(() => undefined); // aborted: stopping
  }
}
