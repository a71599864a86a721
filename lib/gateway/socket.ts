import process from "node:process";
import type { GatewayProtocolSocket, GatewayProtocolSocketHandlers } from "@openclaw/gateway-client/browser";
import { systemCode } from "../errors.ts";
import { boundText } from "../text/bounded.ts";
import { isExposed } from "./exposure.ts";
import { findFrameProblem } from "./frame.ts";

/** How long the other side may take to answer a close, in milliseconds. */
const CLOSE_LIMIT_MS = 250;

/** The code with which we close a connection over which a message came that is not read; the reason says why. */
export const UNREADABLE = 4009;

/** Bun's own option, which others ignore: no message that unpacks to a thousand times its size is offered. */
const PLAIN = { perMessageDeflate: false };

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
  const socket = new WebSocket(url, PLAIN as object as string[]);
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let isUnreadable = false;
  socket.addEventListener("open", () => handlers.open());
  socket.addEventListener("message", ({ data }) => {
    if (isUnreadable || typeof data !== "string") return; // the protocol has no binary messages
    const problem = findFrameProblem(data);
    if (problem === undefined) {
      handlers.message(data);
      return;
    }
    isUnreadable = true;
    close(UNREADABLE);
    handlers.close(UNREADABLE, problem); // at once: whoever sends such a message need not answer a close
  });
  socket.addEventListener("error", (event) => {
    if (!isUnreadable) handlers.error(new Error(describeFailure(event, new URL(url).host)));
  });
  socket.addEventListener("close", ({ code, reason }) => {
    end();
    if (!isUnreadable) handlers.close(code, reason);
  });
  /** A side that never answers the close would keep the connection, one more at each attempt. */
  function close(code?: number, reason?: string): void {
    socket.close(code, reason);
    const timer = setTimeout(() => terminate(socket), CLOSE_LIMIT_MS);
    void ended.then(() => clearTimeout(timer));
  }

  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    send: (data) => socket.send(data),
    close,
    async end() {
      close();
      const timer = setTimeout(end, CLOSE_LIMIT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Cuts the connection, by a method of Bun's own: the standard has none, and other runtimes have a limit themselves. */
function terminate(socket: WebSocket & { terminate?(): void }): void {
  socket.terminate?.();
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
