import { createHash } from "node:crypto";
import { type Server, type Socket, connect, createServer } from "node:net";
import { type FakeGateway, type Reply, serveGateway } from "./fakes.ts";

/** The parameters of each call of this method, in order. */
export function paramsOf({ calls }: FakeGateway, method: string): object[] {
  return calls.filter((call) => call.method === method).map(({ params }) => params);
}

/** An error answer of the gateway. */
export function refuse(message: string, more: object = {}): Reply {
  return { error: { code: "INVALID_REQUEST", message, ...more } };
}

/** A WebSocket address that refuses connections. */
export async function findUnusedUrl(): Promise<string> {
  const gateway = serveGateway();
  await gateway[Symbol.asyncDispose]();
  return gateway.url;
}

/** A server that accepts connections and sends nothing; `accepted` resolves with the first connection. */
export async function serveSilence() {
  const { promise: accepted, resolve } = Promise.withResolvers<void>();
  return { ...(await serve(() => resolve())), accepted };
}

/** A server that resets each connection when the first data arrives. */
export function serveResets() {
  return serve((socket) => void socket.once("data", () => socket.resetAndDestroy()));
}

/** A WebSocket server that sends at most one message after the handshake, and no answer to a close. */
export function serveWithoutClose({ first = "", onCut = () => {} }: { first?: string; onCut?: () => void } = {}) {
  return serve((socket) => {
    socket.on("close", onCut);
    socket.once("data", (request) => {
      const [, key = ""] = /sec-websocket-key: (\S+)/i.exec(request.toString()) ?? [];
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
      socket.write(`${[...head, `Sec-WebSocket-Accept: ${accept}`].join("\r\n")}\r\n\r\n`);
      if (first !== "") socket.write(toTextFrame(first));
    });
  });
}

/** A proxy to this gateway that forwards nothing until `open()` is called. */
export async function serveProxy(gatewayUrl: string) {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const forward = async (socket: Socket) => {
    await opened;
    const onward = connect(Number(new URL(gatewayUrl).port), "127.0.0.1").on("error", () => {});
    socket.on("close", () => onward.destroy());
    socket.pipe(onward).pipe(socket);
  };
  const server = await serve((socket) => void forward(socket));
  return { ...server, open };
}

/** A text message in one WebSocket frame. */
function toTextFrame(text: string): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt8(0x81, 0);
  head.writeUInt8(127, 1);
  head.writeBigUInt64BE(BigInt(Buffer.byteLength(text)), 2);
  return Buffer.concat([head, Buffer.from(text)]);
}

async function serve(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    onConnection(socket);
  });
  return {
    url: await listen(server),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  return `ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}
