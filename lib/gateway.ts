import { GatewayClient, GatewayClientRequestError } from "@openclaw/gateway-client";
import { PROTOCOL_VERSION } from "@openclaw/gateway-protocol/version";
import type { Credentials } from "./credentials.ts";
import { ManagerError, describeError } from "./errors.ts";

/** How long a gateway may take from the first packet to its greeting, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** How long it may take over one call; the slowest ever seen took one second. */
const REQUEST_TIMEOUT_MS = 30_000;

/** WebSocket's close code of a service that will be back; 2026.2.9 and 2026.9.6 give it when they restart in-process. */
const SERVICE_RESTART = 1012;

export interface GatewayOptions {
  url: string;
  credentials: Credentials;
  /** An event of the gateway, by its name. */
  onEvent: (event: string, payload: unknown) => void;
  /**
   * The connection has ended, for whatever reason; called once, and not for {@link Gateway.close}. A gateway
   * that means to be back says so: it applies a change of its config that takes a restart.
   */
  onClose: (isRestart: boolean) => void;
}

/** One connection to a gateway: made once, and of no more use when it has ended. */
export interface Gateway {
  readonly version: string;
  readonly protocol: number;
  readonly isOpen: boolean;
  /**
   * @throws {ManagerError} `unreachable` when the connection ends or the answer does not come, `refused` when
   * our scopes do not reach so far, else `rejected` with the gateway's own words.
   */
  call(method: string, params: object): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Connects with OpenClaw's own client, once: it is the caller who tries again, with credentials read anew.
 *
 * @throws {ManagerError} `unreachable` (nobody there, still starting, no answer) or `refused` (token, password).
 */
export async function connectGateway({ url, credentials, onEvent, onClose }: GatewayOptions): Promise<Gateway> {
  let isOpen = false;
  const { promise: greeted, resolve, reject } = Promise.withResolvers<{ version: string; protocol: number }>();
  const client = new GatewayClient({
    url,
    ...credentials,
    minProtocol: 3, // 2026.2.9
    maxProtocol: PROTOCOL_VERSION, // 2026.5 and later
    scopes: ["operator.admin"],
    deviceIdentity: null,
    clientDisplayName: "config-manager",
    connectChallengeTimeoutMs: CONNECT_TIMEOUT_MS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    notifyOnStartupRetry: true,
    hostDeps: { logDebug: () => undefined, logError: () => undefined },
    onHelloOk: ({ server, protocol }) => resolve({ version: server?.version ?? "dev", protocol }),
    onEvent: ({ event, payload }) => onEvent(event, payload),
    onConnectError: (error) => reject(connectError(url, error)),
    onClose: (code, reason, info) => {
      reject(connectError(url, info?.connectError ?? new Error(`closed by the gateway (${code} ${reason})`.trim())));
      // The client would connect again by itself, with the credentials of now.
      client.stop();
      if (isOpen) onClose(code === SERVICE_RESTART);
      isOpen = false;
    },
  });
  const timer = setTimeout(() => reject(connectError(url, new Error("no answer"))), CONNECT_TIMEOUT_MS);
  try {
    client.start();
    const { version, protocol } = await greeted;
    isOpen = true;
    return {
      version,
      protocol,
      get isOpen() {
        return isOpen;
      },
      async call(method, params) {
        try {
          return await client.request(method, params);
        } catch (error) {
          throw callError(method, error);
        }
      },
      async close() {
        isOpen = false;
        await client.stopAndWait().catch(() => undefined);
      },
    };
  } catch (error) {
    client.stop();
    throw error instanceof ManagerError ? error : connectError(url, error);
  } finally {
    clearTimeout(timer);
  }
}

function connectError(url: string, error: unknown): ManagerError {
  const isAnswer = error instanceof GatewayClientRequestError && error.gatewayCode !== "UNAVAILABLE";
  if (isAnswer) {
    const isKeyWrong = /token|password|unauthorized|device/i.test(error.message);
    return new ManagerError("refused", `the gateway at ${url} does not let us in: ${error.message}`, {
      ...(isKeyWrong ? { hint: "give this container the gateway's OPENCLAW_GATEWAY_TOKEN" } : {}),
      retryAfterMs: error.retryAfterMs,
      cause: error,
    });
  }
  const retryAfterMs = error instanceof GatewayClientRequestError ? error.retryAfterMs : undefined;
  const message = `the gateway at ${url} cannot be reached: ${describeError(error)}`;
  return new ManagerError("unreachable", message, { retryAfterMs, cause: error });
}

function callError(method: string, error: unknown): ManagerError {
  if (!(error instanceof GatewayClientRequestError)) {
    return new ManagerError("unreachable", `${method}: ${describeError(error)}`, { cause: error });
  }
  if (/missing scope/.test(error.message)) {
    return new ManagerError("refused", `the gateway lets us in, but not to ${method}: ${error.message}`, {
      hint: "releases 2026.3 and 2026.4 ask for a paired device; the openclaw CLI in this container has one",
      cause: error,
    });
  }
  return new ManagerError("rejected", error.message, { retryAfterMs: error.retryAfterMs, cause: error });
}

/** What newer gateways add to a refusal; empty where they add nothing. */
export function refusalDetails(error: unknown): Readonly<Record<string, unknown>> {
  const cause = error instanceof ManagerError ? error.cause : undefined;
  const details = cause instanceof GatewayClientRequestError ? cause.details : undefined;
  return details && typeof details === "object" ? { ...details } : {};
}

/** Whether the gateway is there, but for the moment not to be asked: it starts, or is about to restart. */
export function isUnavailable(error: unknown): boolean {
  const cause = error instanceof ManagerError ? error.cause : undefined;
  return cause instanceof GatewayClientRequestError && cause.gatewayCode === "UNAVAILABLE";
}

/** `CRON_JOB_CHANGED` and the like. */
export function refusalCode(error: unknown): string | undefined {
  const { code } = refusalDetails(error);
  return typeof code === "string" ? code : undefined;
}
