import process from "node:process";
import type { GatewayProtocolSocketHandlers } from "@openclaw/gateway-client/browser";
import { isExposed } from "./exposure.ts";
import { MAX_MESSAGE_BYTES, findFrameProblem } from "./frame.ts";
import { type WebSocketAddress, type WebSocketClient, openWebSocket } from "./websocket.ts";

export type Socket = WebSocketClient;

/**
 * Opens a WebSocket for OpenClaw's protocol client. What it must not parse is not handed on: the connection is closed.
 *
 * @throws {Error} when the token would cross a public network in plaintext.
 */
export function openSocket(address: WebSocketAddress, handlers: GatewayProtocolSocketHandlers): Socket {
  if (isExposed(address.url, process.env.OPENCLAW_ALLOW_INSECURE_PRIVATE_WS === "1")) {
    throw new Error(
      "the token would go out in plaintext; use wss://, or, on a private network, OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1",
    );
  }
  const socket = openWebSocket(address, MAX_MESSAGE_BYTES, {
    ...handlers,
    message(text) {
      const problem = findFrameProblem(text);
      if (problem === undefined) handlers.message(text);
      else socket.refuse(1008, problem);
    },
  });
  return socket;
}
