import type { Clock } from "../clock.ts";
import { ManagerError } from "../errors.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import { isUnavailable } from "../gateway/refusal.ts";
import { readViewInTime } from "./verdict.ts";

/** How long to wait until the gateway has applied one config before the next one is written, in milliseconds. */
const APPLY_LIMIT_MS = 5_000;

const APPLY_PAUSE_MS = 100;

/** Waits until the gateway has applied the last change. Returns false if it stops answering. */
export async function waitUntilReady(gateway: ConfigGateway, { uptimeMs, pause }: Clock): Promise<boolean> {
  const untilMs = uptimeMs() + APPLY_LIMIT_MS;
  try {
    for (;;) {
      const view = await readViewInTime(gateway, pause);
      if (view?.isApplied !== false || uptimeMs() >= untilMs) return true;
      await pause(APPLY_PAUSE_MS);
    }
  } catch (error) {
    if (!(error instanceof ManagerError)) throw error;
    return error.code !== "unreachable" && error.code !== "interrupted" && !isUnavailable(error);
  }
}
