import { ManagerError } from "../errors.ts";
import type { Clock } from "../clock.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";

/** How long a gateway may take to apply a valid config before a WARNING, in milliseconds. */
export const APPLY_TIMEOUT_MS = 30_000;

/** How long after a write the log of a gateway that does not report what it runs on is watched, in milliseconds. */
const RELOAD_LIMIT_MS = 4_000;

const ASK_PAUSE_MS = 100;

/** How often to look into the gateway's log, in milliseconds. */
const LOG_PAUSE_MS = 500;

/** What has become of a config that the gateway has found valid. */
export type Application =
  | { kind: "applied" }
  /** The gateway could not apply it, and runs on the former one. The reason may quote a value. */
  | { kind: "failed"; reason: string }
  | { kind: "timeout" }
  /** The gateway does not report it. `isOpen`: it has gone away, or nobody waits any longer, so it may be asked again. */
  | { kind: "unknown"; isOpen?: true };

export interface ApplicationQuery {
  gateway: ConfigGateway;
  /** The hash of the previous files: a view with it is stale. Undefined if these have been in place for long. */
  staleHash: string | undefined;
  /** When the files were written, in milliseconds since 1970. */
  writtenMs: number;
  isOver: () => boolean;
}

/** Waits until the gateway has applied the config that it sees, or has failed to. */
export async function waitUntilApplied(
  query: ApplicationQuery,
  { nowMs, uptimeMs, pause }: Clock,
): Promise<Application> {
  const { gateway, staleHash, writtenMs, isOver } = query;
  const beganMs = uptimeMs();
  const ageMs = Math.max(0, nowMs() - writtenMs); // a file may be from the future
  let lookedMs = Number.NEGATIVE_INFINITY;
  try {
    while (!isOver()) {
      const { isApplied, hash } = await gateway.readView();
      if (isApplied && (staleHash === undefined || hash !== staleHash)) return { kind: "applied" };
      const isLookDue = uptimeMs() - lookedMs >= LOG_PAUSE_MS;
      const outcome = isLookDue ? await gateway.readReload(writtenMs) : undefined;
      if (isLookDue) lookedMs = uptimeMs();
      if (outcome?.kind === "failed") return outcome;
      if (isApplied === undefined && outcome?.kind === "applied") return outcome;
      if (isApplied === undefined && ageMs + uptimeMs() - beganMs > RELOAD_LIMIT_MS) return { kind: "unknown" };
      if (uptimeMs() - beganMs > APPLY_TIMEOUT_MS) return { kind: "timeout" };
      await pause(ASK_PAUSE_MS);
    }
  } catch (error) {
    if (!(error instanceof ManagerError)) throw error;
  }
  return { kind: "unknown", isOpen: true };
}
