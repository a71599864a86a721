import { ManagerError } from "../errors.ts";
import { MissingApprovalsError } from "../gateway/approvals-calls.ts";
import type { Gateway } from "../gateway/connection.ts";
import type { CronStore } from "../gateway/store.ts";

/** What this kind needs of the connection. {@link Transport} of lib/gateway implements it. */
export interface ApprovalsTransport {
  open(): Promise<Pick<CronStore, "transport">>;
  openCalls(limitMs: number): Promise<Gateway | undefined>;
}

/**
 * Opens the gateway's calls.
 *
 * @throws {MissingApprovalsError} `refused` where only the openclaw CLI is used; {@link ManagerError} as the transport
 */
export async function openGateway(transport: ApprovalsTransport, limitMs: number): Promise<Gateway> {
  const gateway = await transport.openCalls(limitMs);
  if (gateway) return gateway;
  // It throws why there is none.
  const { transport: way } = await transport.open();
  if (way === "cli") {
    throw new MissingApprovalsError("refused", "the openclaw CLI is in use, and has no call for them", {
      hint: "let this container log in to the gateway; CONFIG_MANAGER_TRANSPORT=gateway says why it cannot",
    });
  }
  const joined = await transport.openCalls(limitMs);
  if (joined) return joined;
  throw new ManagerError("unreachable", "the connection to the gateway has ended");
}
