import { GatewayClient, GatewayClientRequestError } from "@openclaw/gateway-client";
import { PROTOCOL_VERSION } from "@openclaw/gateway-protocol/version";
import type { Credentials } from "./credentials.ts";
import { type Device, encodePublicKey, signPayload } from "./device.ts";
import { ManagerError, describeError } from "./errors.ts";

/** How long a gateway may take from the first packet to its greeting, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** How long it may take over one call; the slowest ever seen took one second. */
const REQUEST_TIMEOUT_MS = 30_000;

/** What stands around the parameters of a call, in bytes, at most: its type, its id, its method. */
const FRAME_BYTES = 256;

/** WebSocket's close code of a service that will be back; 2026.2.9 and 2026.9.6 give it when they restart in-process. */
const SERVICE_RESTART = 1012;

interface Greeting {
  version: string;
  protocol: number;
  /** The largest message that it takes: 512 KiB on 2026.2.9, 25 MiB from 2026.2.26. */
  maxBytes: number;
}

export interface GatewayOptions {
  url: string;
  credentials: Credentials;
  /** For 2026.3 and 2026.4, which let a token in and refuse it everything; 2026.2.9 refuses a device. */
  device?: Device | undefined;
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
export async function connectGateway(options: GatewayOptions): Promise<Gateway> {
  const { url, credentials, device, onEvent, onClose } = options;
  let isOpen = false;
  const { promise: greeted, resolve, reject } = Promise.withResolvers<Greeting>();
  const client = new GatewayClient({
    url,
    ...credentials,
    minProtocol: 3, // 2026.2.9
    maxProtocol: PROTOCOL_VERSION, // 2026.5 and later
    scopes: ["operator.admin"],
    deviceIdentity: device ?? null,
    clientDisplayName: "config-manager",
    connectChallengeTimeoutMs: CONNECT_TIMEOUT_MS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    notifyOnStartupRetry: true,
    hostDeps: {
      logDebug: () => undefined,
      logError: () => undefined,
      signDevicePayload: signPayload,
      publicKeyRawBase64UrlFromPem: encodePublicKey,
    },
    onHelloOk: ({ server, protocol, policy }) =>
      resolve({
        version: server?.version ?? "dev",
        protocol,
        maxBytes: policy?.maxPayload ?? Number.POSITIVE_INFINITY,
      }),
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
    const { version, protocol, maxBytes } = await greeted;
    isOpen = true;
    return {
      version,
      protocol,
      get isOpen() {
        return isOpen;
      },
      async call(method, params) {
        const bytes = Buffer.byteLength(JSON.stringify(params)) + FRAME_BYTES;
        // It would close the connection on us, for this call and all others.
        if (bytes > maxBytes) {
          throw new ManagerError("rejected", `${method} of ${bytes} bytes; this gateway takes ${maxBytes} at once`);
        }
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

const APPROVE_HINT = "approve this container's device: openclaw devices list, then openclaw devices approve ID";

const CONNECT_HINTS: readonly (readonly [RegExp, string])[] = [
  [/pairing required/i, APPROVE_HINT],
  [/token|password|unauthorized|device/i, "give this container the gateway's OPENCLAW_GATEWAY_TOKEN"],
];

function connectError(url: string, error: unknown): ManagerError {
  const isAnswer = error instanceof GatewayClientRequestError && error.gatewayCode !== "UNAVAILABLE";
  if (isAnswer) {
    const hint = CONNECT_HINTS.find(([pattern]) => pattern.test(error.message))?.[1];
    return new ManagerError("refused", `the gateway at ${url} does not let us in: ${error.message}`, {
      ...(hint === undefined ? {} : { hint }),
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
      hint: APPROVE_HINT,
      cause: error,
    });
  }
  return new ManagerError("rejected", error.message, { retryAfterMs: error.retryAfterMs, cause: error });
}

/** Whether the gateway has greeted us, and refuses the calls themselves. */
export function isScopeMissing(error: unknown): boolean {
  const cause = error instanceof ManagerError ? error.cause : undefined;
  return cause instanceof GatewayClientRequestError && /missing scope/.test(cause.message);
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
