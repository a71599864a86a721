import { type Socket as TcpSocket, connect } from "node:net";
import { setImmediate } from "node:timers";
import type { GatewayProtocolSocket, GatewayProtocolSocketHandlers } from "@openclaw/gateway-client/browser";
import { describeError, systemCode } from "../errors.ts";
import { boundText } from "../text/bounded.ts";
import { type Incoming, createFrameReader } from "./frame-reader.ts";
import { OPCODE, encodeClose, encodeFrame } from "./frame-writer.ts";
import { TLS_FAILURE } from "./refusal.ts";
import { createUpgrade } from "./upgrade.ts";

/** How long the other side may take to answer a close, in milliseconds. */
const CLOSE_LIMIT_MS = 250;

/** How much may wait to be sent, in bytes: a peer that reads nothing must not fill our memory. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** The same for answers to pings: only the newest ones matter. */
const MAX_WAITING_PONG_BYTES = 65_536;

/** The code under which {@link WebSocketHandlers.close} tells that we gave up; no peer can send it. */
export const UNREADABLE = 0;

export interface WebSocketAddress {
  url: string;
  /** See {@link connectTls}. */
  certificate?: Buffer | undefined;
}

export interface WebSocketHandlers extends GatewayProtocolSocketHandlers {
  /** Called once, at the end of every connection; with 1006 if it just ended, with {@link UNREADABLE} and why if we did. */
  close: (code: number, reason: string) => void;
}

export interface WebSocketClient extends GatewayProtocolSocket {
  /** Closes the connection because of what the peer has sent, and says so at once: it need not answer. */
  refuse(code: number, problem: string): void;
  /** Closes the connection and waits for the other side to answer, at most 250 ms. */
  end(): Promise<void>;
}

/**
 * Opens a WebSocket (RFC 6455) that holds at most one message of `maxBytes`, over TCP, or over TLS with a certificate
 * that is checked. No handler is called before it returns. How long the other side may take to accept it is up to the
 * caller.
 */
export function openWebSocket(
  { url: address, certificate }: WebSocketAddress,
  maxBytes: number,
  handlers: WebSocketHandlers,
): WebSocketClient {
  const url = new URL(address);
  const upgrade = createUpgrade(url);
  const reader = createFrameReader(maxBytes);
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let state: "connecting" | "open" | "closing" | "closed" = "connecting";
  let phase: Phase = "TCP";
  let tcp: TcpSocket | undefined;

  /** Reports the end, once, when what came with it has been worked off: a refusal often comes in the same piece. */
  function report(code: number, reason: string): void {
    if (state === "closed") return;
    state = "closed";
    setImmediate(() => {
      handlers.close(code, reason);
      end();
    });
  }

  /** Ends a connection that is no WebSocket yet. */
  function fail(problem: string): void {
    if (state !== "connecting") return;
    handlers.error(new Error(boundText(problem)));
    tcp?.destroy();
    report(1006, "");
  }

  function write(opcode: number, data: string | Uint8Array): void {
    tcp?.write(encodeFrame(opcode, data));
  }

  /** Says the last word. A side that does not hang up then would keep the connection, one more at each attempt. */
  function hangUp(code: number | undefined, reason?: string): void {
    write(OPCODE.close, encodeClose(code, reason));
    const timer = setTimeout(() => tcp?.destroy(), CLOSE_LIMIT_MS);
    tcp?.once("close", () => clearTimeout(timer));
  }

  function refuse(code: number, problem: string): void {
    if (state === "open") hangUp(code, problem);
    tcp?.pause(); // what follows stays where it is
    report(UNREADABLE, problem);
  }

  function handle(incoming: Incoming): void {
    switch (incoming.kind) {
      case "message":
        if (state === "open") handlers.message(incoming.text);
        return;
      case "ping":
        if (state === "open" && (tcp?.writableLength ?? 0) < MAX_WAITING_PONG_BYTES) write(OPCODE.pong, incoming.data);
        return;
      case "close":
        if (state === "open") hangUp(incoming.code === 1005 ? undefined : incoming.code);
        tcp?.end();
        report(incoming.code, incoming.reason);
        return;
      case "refused":
        refuse(incoming.code, incoming.problem);
    }
  }

  function receive(chunk: Uint8Array): void {
    if (state === "connecting") {
      const answer = upgrade.read(chunk);
      if (answer.kind === "incomplete") return;
      if (answer.kind === "refused") {
        fail(answer.problem);
        return;
      }
      state = "open";
      handlers.open();
      receive(answer.rest);
      return;
    }
    for (const incoming of reader.read(chunk)) {
      if (state === "closed") return;
      handle(incoming);
    }
  }

  function attach(socket: TcpSocket, isSecure: boolean): void {
    tcp = socket;
    socket.setNoDelay();
    if (isSecure) socket.on("connect", () => (phase = "TLS"));
    socket.on(isSecure ? "secureConnect" : "connect", () => {
      if (socket.destroyed) return; // over its certificate
      phase = "HTTP";
      socket.write(upgrade.request);
    });
    socket.on("data", (chunk: Uint8Array) => {
      if (state !== "closed") receive(chunk);
    });
    socket.on("error", (error) => fail(describeFailure(error, phase, url.host)));
    socket.on("end", () => socket.destroy()); // what we have still to say, nobody waits for
    socket.on("close", () => {
      fail("Connection ended");
      report(1006, "");
    });
  }

  function close(code?: number, reason?: string): void {
    if (state === "connecting") {
      state = "closing";
      tcp?.destroy();
      queueMicrotask(() => report(1006, ""));
    } else if (state === "open") {
      state = "closing";
      hangUp(code, reason);
    }
  }

  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol === "wss:") {
    const open = async () => {
      const { connectTls } = await import("./tls.ts");
      if (state === "connecting") attach(connectTls(host, Number(url.port || 443), certificate), true);
    };
    open().catch((error: unknown) => fail(describeFailure(error, "TLS", url.host)));
  } else {
    attach(connect({ host, port: Number(url.port || 80) }), false);
  }

  return {
    isOpen: () => state === "open",
    send(data) {
      if (state !== "open") return;
      if ((tcp?.writableLength ?? 0) > MAX_WAITING_BYTES) refuse(1008, "it does not read what is sent to it");
      else write(OPCODE.text, data);
    },
    close,
    refuse,
    async end() {
      close();
      await ended;
    },
  };
}

/** How far a connection has come. */
type Phase = "TCP" | "TLS" | "HTTP";

function describeFailure(error: unknown, phase: Phase, host: string): string {
  const code = systemCode(error);
  if (phase === "TCP" && code !== undefined) return `connect ${code} ${host}`;
  const message = describeError(error);
  return phase === "TLS" ? `${TLS_FAILURE}${message}` : message;
}
