import process from "node:process";
import {
  type ErrorShape,
  GATEWAY_CLIENT_MODES,
  GATEWAY_CLIENT_NAMES,
  GatewayProtocolClient,
  GatewayProtocolRequestError,
  PROTOCOL_VERSION,
  buildDeviceAuthPayloadV3,
  buildGatewayConnectAuth,
  formatConnectErrorMessage,
  resolveSafeTimeoutDelayMs,
  selectGatewayConnectAuth,
} from "@openclaw/gateway-client/browser";
import type { Credentials } from "./credentials.ts";
import type { Device } from "./device.ts";
import { ManagerError, describeError } from "../errors.ts";
import { type Socket, openSocket } from "./socket.ts";

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

/** What the gateway itself has answered, rather than something on the way to it. */
export class GatewayRefusal extends GatewayProtocolRequestError {
  constructor(error: Partial<ErrorShape>) {
    super({ ...error, message: formatConnectErrorMessage(error) });
  }
}

/** Who we say that we are, and what for. */
const CLIENT = {
  id: GATEWAY_CLIENT_NAMES.GATEWAY_CLIENT,
  displayName: "config-manager",
  version: "0.0.0",
  platform: process.platform,
  mode: GATEWAY_CLIENT_MODES.BACKEND,
} as const;
const ROLE = "operator";
const SCOPES = ["operator.admin"];

/** Of the gateway's ticks, until it says otherwise, in milliseconds. */
const TICK_INTERVAL_MS = 30_000;

/**
 * Connects with OpenClaw's own protocol client, once: it is the caller who tries again, with credentials read anew.
 *
 * @throws {ManagerError} `unreachable` (nobody there, still starting, no answer) or `refused` (token, password).
 */
export async function connectGateway(options: GatewayOptions): Promise<Gateway> {
  const { url, device, onEvent, onClose } = options;
  const auth = selectGatewayConnectAuth(options.credentials);
  let isOpen = false;
  let socket: Socket | undefined;
  let lastHeardMs = 0;
  let tickWatch: ReturnType<typeof setInterval> | undefined;
  const { promise: greeted, resolve, reject } = Promise.withResolvers<Greeting>();
  const fail = (error: unknown) => reject(connectError(url, error));
  const client = new GatewayProtocolClient<object>({
    createSocket: (handlers) => (socket = openSocket(url, handlers)),
    createRequestId: () => crypto.randomUUID(),
    createRequestError: (error) => new GatewayRefusal(error),
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    handshake: { mode: "require-challenge", timeoutMs: CONNECT_TIMEOUT_MS },
    reconnect: { initialMs: 0, multiplier: 1, maxMs: 0 }, // never: see resolveClose
    buildConnectPlan: async ({ nonce, challengeTs }) => ({
      minProtocol: 3, // 2026.2.9
      maxProtocol: PROTOCOL_VERSION, // 2026.5 and later
      client: CLIENT,
      caps: [],
      auth: buildGatewayConnectAuth(auth),
      role: ROLE,
      scopes: SCOPES,
      ...(device && { device: await signDevice(device, auth.signatureToken, nonce ?? "", challengeTs ?? Date.now()) }),
    }),
    buildConnectParams: (params) => params,
    onHello({ server, protocol, policy }) {
      const told: Partial<typeof policy> = policy ?? {};
      const { tickIntervalMs = TICK_INTERVAL_MS, maxPayload = Number.POSITIVE_INFINITY } = told;
      const tickMs = resolveSafeTimeoutDelayMs(tickIntervalMs, { minMs: 1_000 });
      tickWatch = setInterval(() => {
        // Half a connection looks like one on which nothing happens; a call that is open has a limit of its own.
        const isSilent = Date.now() - lastHeardMs > 2 * tickMs;
        if (isSilent && !client.hasPendingRequests) client.closeSocket(4000, "tick timeout");
      }, tickMs);
      resolve({ version: server?.version ?? "dev", protocol, maxBytes: maxPayload });
    },
    onActivity() {
      lastHeardMs = Date.now();
    },
    onEvent: ({ event, payload }) => onEvent(event, payload),
    onConnectError: fail,
    onConnectFailure(error) {
      fail(error);
      return { closeCode: 1008, closeReason: "connect failed" };
    },
    resolveClose: () => ({ retry: false, notify: true }), // it would come with the credentials of now
    onClose({ code, reason }) {
      clearInterval(tickWatch);
      fail(new Error(`closed by the gateway (${code} ${reason})`.trim()));
      if (isOpen) onClose(code === SERVICE_RESTART);
      isOpen = false;
    },
  });
  const close = async () => {
    isOpen = false;
    clearInterval(tickWatch);
    client.stop();
    await socket?.end();
  };
  const timer = setTimeout(() => fail(new Error("no answer")), CONNECT_TIMEOUT_MS);
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
      close,
    };
  } catch (error) {
    void close();
    throw error instanceof ManagerError ? error : connectError(url, error);
  } finally {
    clearTimeout(timer);
  }
}

/** What shows a gateway that we have the key of this device, and that this moment. */
async function signDevice(device: Device, token: string | undefined, nonce: string, signedAtMs: number) {
  const { encodePublicKey, signPayload } = await import("./device.ts");
  const { id: clientId, mode: clientMode, platform } = CLIENT;
  const { deviceId: id, publicKeyPem, privateKeyPem } = device;
  const who = { deviceId: id, clientId, clientMode, role: ROLE, scopes: SCOPES, platform };
  const payload = buildDeviceAuthPayloadV3({ ...who, signedAtMs, token: token ?? null, nonce });
  const signature = signPayload(privateKeyPem, payload);
  return { id, publicKey: encodePublicKey(publicKeyPem), signature, signedAt: signedAtMs, nonce };
}

const APPROVE_HINT = "approve this container's device: openclaw devices list, then openclaw devices approve ID";

const CONNECT_HINTS: readonly (readonly [RegExp, string])[] = [
  [/pairing required/i, APPROVE_HINT],
  [/token|password|unauthorized|device/i, "give this container the gateway's OPENCLAW_GATEWAY_TOKEN"],
];

function connectError(url: string, error: unknown): ManagerError {
  const isAnswer = error instanceof GatewayRefusal && error.gatewayCode !== "UNAVAILABLE";
  if (isAnswer) {
    const hint = CONNECT_HINTS.find(([pattern]) => pattern.test(error.message))?.[1];
    return new ManagerError("refused", `the gateway at ${url} does not let us in: ${error.message}`, {
      ...(hint === undefined ? {} : { hint }),
      retryAfterMs: error.retryAfterMs,
      cause: error,
    });
  }
  const retryAfterMs = error instanceof GatewayRefusal ? error.retryAfterMs : undefined;
  const message = `the gateway at ${url} cannot be reached: ${describeError(error)}`;
  return new ManagerError("unreachable", message, { retryAfterMs, cause: error });
}

function callError(method: string, error: unknown): ManagerError {
  if (!(error instanceof GatewayRefusal)) {
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
  return cause instanceof GatewayRefusal && /missing scope/.test(cause.message);
}

/** What newer gateways add to a refusal; empty where they add nothing. */
export function refusalDetails(error: unknown): Readonly<Record<string, unknown>> {
  const cause = error instanceof ManagerError ? error.cause : undefined;
  const details = cause instanceof GatewayRefusal ? cause.details : undefined;
  return details && typeof details === "object" ? { ...details } : {};
}

/** Whether the gateway is there, but for the moment not to be asked: it starts, or is about to restart. */
export function isUnavailable(error: unknown): boolean {
  const cause = error instanceof ManagerError ? error.cause : undefined;
  return cause instanceof GatewayRefusal && cause.gatewayCode === "UNAVAILABLE";
}

/** `CRON_JOB_CHANGED` and the like. */
export function refusalCode(error: unknown): string | undefined {
  const { code } = refusalDetails(error);
  return typeof code === "string" ? code : undefined;
}
