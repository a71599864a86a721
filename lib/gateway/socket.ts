import process from "node:process";
import type { GatewayProtocolSocket, GatewayProtocolSocketHandlers } from "@openclaw/gateway-client/browser";
import { systemCode } from "../errors.ts";
import { isExposed } from "./exposure.ts";

/** How long the other side may take to agree to an end, in milliseconds. */
const CLOSE_LIMIT_MS = 250;

export interface Socket extends GatewayProtocolSocket {
  /** Ends it, and waits until it has ended, or the other side had its time to agree. */
  end(): Promise<void>;
}

/**
 * A connection for OpenClaw's protocol client. It is the WebSocket that the runtime has itself: the `ws` that OpenClaw's
 * client brings along for Node takes 2 MiB and 3 ms of each start more, with Node's HTTP and TLS around it.
 *
 * @throws {Error} where the token would go over an open net in plain text.
 */
export function openSocket(url: string, handlers: GatewayProtocolSocketHandlers): Socket {
  if (isExposed(url, process.env.OPENCLAW_ALLOW_INSECURE_PRIVATE_WS === "1")) {
    throw new Error(
      "the token would go out in plaintext; use wss://, or, on a private network, OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1",
    );
  }
  const socket = new WebSocket(url);
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  socket.addEventListener("open", () => handlers.open());
  socket.addEventListener("message", ({ data }) => handlers.message(String(data)));
  socket.addEventListener("error", (event) => {
    handlers.error(new Error(describeFailure(event, new URL(url).host)));
  });
  socket.addEventListener("close", ({ code, reason }) => {
    end();
    handlers.close(code, reason);
  });
  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
    async end() {
      socket.close();
      const timer = setTimeout(end, CLOSE_LIMIT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Bun 1.4.5 puts the address before what has failed, and tells the code of the system call beside it. */
function describeFailure({ error, message }: ErrorEvent, host: string): string {
  const code = systemCode(error);
  const words = message.replace(/^WebSocket connection to '.*?' failed: (?:Connection ended: (?=\w+ E[A-Z]+$))?/, "");
  if (code !== undefined && words === "Failed to connect") return `connect ${code} ${host}`;
  const status = /^Expected 101 status code: (\d+)/.exec(words)?.[1];
  return status === undefined ? words : `it answers with HTTP ${status}, and with no WebSocket`;
}
