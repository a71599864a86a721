import process from "node:process";
import type { GatewayProtocolSocket, GatewayProtocolSocketHandlers } from "@openclaw/gateway-client/browser";
import { systemCode } from "../errors.ts";
import { boundText } from "../text/bounded.ts";
import { isExposed } from "./exposure.ts";

/** How long the other side may take to answer a close, in milliseconds. */
const CLOSE_LIMIT_MS = 250;

export interface Socket extends GatewayProtocolSocket {
  /** Closes the connection and waits for the other side to answer, at most 250 ms. */
  end(): Promise<void>;
}

/**
 * Opens a WebSocket for OpenClaw's protocol client. It is the runtime's own: the `ws` package that OpenClaw's client
 * uses on Node costs 2 MiB and 3 ms more at each start, for Node's HTTP and TLS.
 *
 * @throws {Error} when the token would cross a public network in plaintext.
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

/** Bun 1.4.5 puts the address before the reason, and has the code of the system call in a field of its own. */
function describeFailure({ error, message }: ErrorEvent, host: string): string {
  const code = systemCode(error);
  const words = boundText(message).replace(
    /^WebSocket connection to '.*?' failed: (?:Connection ended: (?=\w+ E[A-Z]+$))?/,
    "",
  );
  if (code !== undefined && words === "Failed to connect") return `connect ${code} ${host}`;
  const status = /^Expected 101 status code: (\d+)/.exec(words)?.[1];
  return status === undefined ? words : `it answers with HTTP ${status}, and with no WebSocket`;
}
