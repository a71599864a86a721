import { setTimeout as sleep } from "node:timers/promises";
import type { Runtime } from "./runtime.ts";

/** The pause between two probes, in milliseconds. */
const PROBE_PAUSE_MS = 1_000;

/** Waits until the gateway answers, `limitSeconds` are over, or the program is stopping. A refusal is an answer. */
export async function waitForMainProcess(
  { transport, log, warnings, state, signal }: Pick<Runtime, "transport" | "log" | "warnings" | "state" | "signal">,
  limitSeconds: number,
): Promise<void> {
  log("Waiting for openclaw main process to start...");
  const waiting = state.filter(({ reconciler }) => reconciler.needsGateway);
  for (let waitCount = 0; waitCount < limitSeconds && !signal.aborted; waitCount += 1) {
    for (const { heartbeat } of waiting) heartbeat.beat();
    const { isUp, reason } = await transport.probe();
    if (isUp) {
      log("Main process detected");
      return;
    }
    warnings.warnOnce("main process", [`  Not yet: ${reason}`]);
    await sleep(PROBE_PAUSE_MS, undefined, { signal }).catch(() => undefined); // aborted: stopping
  }
}
