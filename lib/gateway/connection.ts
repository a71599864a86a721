import { GatewayProtocolClient } from "@openclaw/gateway-client/browser";
import type { GatewayAddress } from "./address.ts";
import type { Credentials } from "./credentials.ts";
import type { Device } from "./device.ts";
import { buildConnectParams } from "./handshake.ts";
import { ManagerError } from "../errors.ts";
import { type Greeting, readGreeting } from "./greeting.ts";
import { GatewayRefusal, UnreadableError, callError, connectError } from "./refusal.ts";
import { type Socket, openSocket } from "./socket.ts";
import { UNREADABLE } from "./websocket.ts";

/** How long the gateway may take from the first packet to the end of the handshake, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** How long it may take to answer one call, in milliseconds; the slowest answer measured took one second. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The most that a request adds to its parameters, in bytes: type, id and method. */
const FRAME_BYTES = 256;

/** WebSocket close code for "the service restarts"; 2026.2.9 and 2026.9.6 send it when they restart in-process. */
const SERVICE_RESTART = 1012;

export interface GatewayOptions extends GatewayAddress {
  credentials: Credentials;
  /** Only for 2026.3 and 2026.4, which accept a token and then refuse it every call; 2026.2.9 refuses a device. */
  device?: Device | undefined;
  /** Called for each event of the gateway, with the event's name. */
  onEvent: (event: string, payload: unknown) => void;
  /**
   * Called once when the connection ends for any reason but {@link Gateway.close}. `isRestart`: the gateway announced
   * that it comes back, as it does when a change of its config takes a restart.
   */
  onClose: (isRestart: boolean) => void;
}

/** One connection to a gateway. It is not reconnected: after it has ended, make another. */
export interface Gateway {
  readonly version: string;
  readonly protocol: number;
  /** When its process started, in milliseconds since 1970; undefined if it does not tell. */
  readonly processStartedMs: number | undefined;
  readonly isOpen: boolean;
  /** How many characters it has sent so far; events, which nobody keeps, do not count. */
  readonly receivedLength: number;
  /**
   * @throws {ManagerError} `interrupted` when the connection has ended, `unreachable` when no answer comes, `refused`
   * when our scopes do not cover the call, else `rejected` with the gateway's own message.
   */
  call(method: string, params: object): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Connects once, with OpenClaw's own protocol client. The caller retries, because it must read the credentials anew.
 *
 * @throws {ManagerError} `unreachable` (nobody there, still starting, no answer) or `refused` (token, password).
 */
export async function connectGateway(options: GatewayOptions): Promise<Gateway> {
  const { url, certificate, hint, credentials, device, onEvent, onClose } = options;
  let isOpen = false;
  let socket: Socket | undefined;
  let receivedLength = 0;
  let events = 0;
  let lastHeardMs = 0;
  let tickWatch: ReturnType<typeof setInterval> | undefined;
  const { promise: greeted, resolve, reject } = Promise.withResolvers<Greeting>();
  const fail = (error: unknown) => reject(connectError({ url, hint }, error));
  const client = new GatewayProtocolClient<object>({
    createSocket: ({ message, ...handlers }) => {
      const count = (text: string) => {
        const before = events;
        message(text);
        if (events === before) receivedLength += text.length;
      };
      return (socket = openSocket({ url, certificate }, { ...handlers, message: count }));
    },
    createRequestId: () => crypto.randomUUID(),
    createRequestError: (error) => new GatewayRefusal(error),
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    handshake: { mode: "require-challenge", timeoutMs: CONNECT_TIMEOUT_MS },
    reconnect: { initialMs: 0, multiplier: 1, maxMs: 0 }, // never used: see resolveClose
    buildConnectPlan: (challenge) => buildConnectParams(credentials, device, challenge),
    buildConnectParams: (params) => params,
    onHello(hello) {
      try {
        resolve(readGreeting(hello));
      } catch (error) {
        fail(error);
      }
    },
    onActivity() {
      lastHeardMs = performance.now();
    },
    onEvent({ event, payload }) {
      events += 1;
      onEvent(event, payload);
    },
    onConnectError: fail,
    onConnectFailure(error) {
      fail(error);
      return { closeCode: 1008, closeReason: "connect failed" };
    },
    // A retry of the client's would use stale credentials.
    resolveClose: ({ code, reason }) => ({
      retry: false,
      notify: true,
      ...(code === UNREADABLE && { pendingError: new UnreadableError(`the gateway at ${url}: ${reason}`) }),
    }),
    onClose({ code, reason }) {
      clearInterval(tickWatch);
      fail(new Error(code === UNREADABLE ? reason : `closed by the gateway (${code} ${reason})`.trim()));
      if (isOpen) onClose(code === SERVICE_RESTART);
      isOpen = false;
    },
  });
  /** Silence is the only sign of a half-open connection. A pending call has a timeout of its own. */
  const watchTicks = (tickMs: number) => {
    const isSilent = () => performance.now() - lastHeardMs > 2 * tickMs;
    tickWatch = setInterval(() => {
      if (isSilent() && !client.hasPendingRequests) client.closeSocket(4000, "tick timeout");
    }, tickMs);
  };
  const close = async () => {
    isOpen = false;
    clearInterval(tickWatch);
    client.stop();
    await socket?.end();
  };
  const timer = setTimeout(() => fail(new Error("no answer")), CONNECT_TIMEOUT_MS);
  try {
    client.start();
    const { version, protocol, uptimeMs, maxBytes, tickMs } = await greeted;
    watchTicks(tickMs);
    isOpen = true;
    return {
      version,
      protocol,
      processStartedMs: uptimeMs === undefined ? undefined : Date.now() - uptimeMs,
      get isOpen() {
        return isOpen;
      },
      get receivedLength() {
        return receivedLength;
      },
      async call(method, params) {
        const bytes = Buffer.byteLength(JSON.stringify(params)) + FRAME_BYTES;
        // The gateway would answer by closing the connection, which fails all other calls too.
        if (bytes > maxBytes) {
          throw new ManagerError("rejected", `${method} of ${bytes} bytes; this gateway takes ${maxBytes} at once`);
        }
        try {
          return await client.request(method, params);
        } catch (error) {
          throw callError(method, error, isOpen);
        }
      },
      close,
    };
  } catch (error) {
    void close();
    throw error instanceof ManagerError ? error : connectError({ url, hint }, error);
  } finally {
    clearTimeout(timer);
  }
}
