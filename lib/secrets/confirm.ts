import { ManagerError, describeError, toResult } from "../errors.ts";
import type { Gateway } from "../gateway/connection.ts";
import { reloadSecrets } from "../gateway/secret-calls.ts";
import type { Log } from "../log.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { FAILED, NOT_VALIDATED } from "../reconcile/pass.ts";
import type { Warnings } from "../reconcile/warnings.ts";

export interface ConfirmDependencies {
  transport: { openCalls(limitMs: number): Promise<Gateway | undefined> };
  connectLimitMs: number;
  log: Log;
  warnings: Warnings;
}

/** Tells the gateway that the copies have changed, and says whether it has taken them over. */
export interface Confirmation {
  /**
   * @param sinceMs when the copies were last changed, in milliseconds since 1970
   * @returns `isConfirmed`: a gateway that has started or reloaded since then holds what the copies say
   * @throws {ManagerError} `interrupted` if the connection ended first: ask again, over another
   */
  confirm(sinceMs: number): Promise<{ isConfirmed: boolean; outcome: PassOutcome }>;
}

const EQUAL: PassOutcome = { kind: "equal" };

export function createConfirmation({ transport, connectLimitMs, log, warnings }: ConfirmDependencies): Confirmation {
  /** The connections whose gateway has no such call. The next one is to a gateway that has started anew. */
  let unable: { gateway: Gateway; sinceMs: number } | undefined;

  return {
    async confirm(sinceMs) {
      const gateway = await transport.openCalls(connectLimitMs);
      if (!gateway) return { isConfirmed: false, outcome: NOT_VALIDATED };
      const isNewer = gateway.processStartedMs !== undefined && gateway.processStartedMs > sinceMs;
      if (isNewer || (unable && unable.sinceMs === sinceMs && unable.gateway !== gateway)) {
        return { isConfirmed: true, outcome: EQUAL };
      }
      const reply = await toResult(reloadSecrets(gateway));
      if (reply instanceof ManagerError) return { isConfirmed: false, outcome: fail(reply) };
      if (reply.kind === "unsupported") {
        unable = { gateway, sinceMs };
        const told = `OpenClaw ${gateway.version} has no secrets.reload: a changed secret counts from its next start`;
        warnings.warnOnce("reload", [`WARNING: ${told}`]);
        return { isConfirmed: false, outcome: EQUAL };
      }
      log("Secrets reloaded by the gateway");
      if (reply.warnings === 0) warnings.clear("reload");
      else warnings.warnOnce("reload", [describeDegraded(reply.warnings)], String(sinceMs));
      return { isConfirmed: true, outcome: EQUAL };
    },
  };

  function fail(error: ManagerError): PassOutcome {
    if (error.code === "interrupted" || error.code === "aborted") throw error;
    warnings.warnOnce("reload", [`WARNING: Failed to reload secrets: ${describeError(error)}${advise(error)}`]);
    return { ...FAILED, retryAfterMs: error.retryAfterMs };
  }
}

/** 2026.9.6 says no more than `secrets.reload failed`; while it restarts it says that, and logs nothing. */
function advise({ code, message }: ManagerError): string {
  const hasTried = code === "rejected" && !message.includes("unavailable during gateway restart");
  return hasTried ? "; the gateway keeps the former values, and its log has the reason" : "";
}

function describeDegraded(count: number): string {
  const warnings = count === 1 ? "1 warning" : `${count} warnings`;
  return `WARNING: The gateway has reloaded its secrets with ${warnings}: what it cannot read stays as it was; its log has the reason`;
}
