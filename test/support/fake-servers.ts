import { createHash } from "node:crypto";
import { type Server, type Socket, connect, createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type FakeGateway, type Reply, greeting } from "./fakes.ts";
import { findFreePort } from "./free-port.ts";

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
  return `ws://127.0.0.1:${await findFreePort()}`;
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

/** A WebSocket server that does the handshake, and leaves the rest to `onOpen`. */
export function serveWebSocket(onOpen: (socket: Socket) => void) {
  return serve((socket) => {
    socket.once("data", (request) => {
      const [, key = ""] = /sec-websocket-key: (\S+)/i.exec(request.toString()) ?? [];
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
      socket.write(`${[...head, `Sec-WebSocket-Accept: ${accept}`].join("\r\n")}\r\n\r\n`);
      onOpen(socket);
    });
  });
}

/** A WebSocket server that sends at most one message after the handshake, and no answer to a close. */
export function serveWithoutClose({ first = "", onCut = () => {} }: { first?: string; onCut?: () => void } = {}) {
  return serveWebSocket((socket) => {
    socket.on("close", onCut);
    if (first !== "") socket.write(toTextFrame(first));
  });
}

/** A server that lets us in as a gateway does, and answers the first call with one message of this size, each time. */
export async function serveFlood(bytes: number) {
  let floods = 0;
  const server = await serveWebSocket((socket) => {
    const challenge = { type: "event", event: "connect.challenge", payload: { nonce: "nonce", ts: 1 } };
    socket.write(toTextFrame(JSON.stringify(challenge)));
    socket.once("data", (request: Buffer) => {
      const { id } = JSON.parse(readMasked(request)) as { id: string };
      socket.write(toTextFrame(JSON.stringify({ type: "res", id, ok: true, payload: greeting() })));
      socket.once("data", () => {
        floods += 1;
        flood(socket, bytes);
      });
    });
  });
  return {
    ...server,
    /** How many messages it has begun. */
    get floods() {
      return floods;
    },
  };
}

/** Sends a message piece by piece, as fast as it is read. */
function flood(socket: Socket, bytes: number): void {
  const piece = Buffer.alloc(65_536, "x");
  const send = (rest: number) => {
    if (rest > 0) socket.write(piece.subarray(0, rest), (error) => !error && send(rest - piece.length));
  };
  socket.write(toTextHead(bytes));
  send(bytes);
}

/** The text of a client's frame. */
export function readMasked(bytes: Uint8Array): string {
  const frame = Buffer.from(bytes);
  const start = { 126: 4, 127: 10 }[frame.readUInt8(1) & 0x7f] ?? 2;
  const key = frame.subarray(start, start + 4);
  return Buffer.from(frame.subarray(start + 4).map((byte, at) => byte ^ (key[at % 4] ?? 0))).toString();
}

/** The same server over TLS. */
export async function serveTls(url: string, { key, cert }: { key: string; cert: string }) {
  const server = createTlsServer({ key, cert }, (socket) => {
    const onward = connect(Number(new URL(url).port), "127.0.0.1").on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy()).on("close", () => onward.destroy());
    socket.pipe(onward).pipe(socket);
  });
  return {
    url: (await listen(server)).replace("ws:", "wss:"),
    async [Symbol.asyncDispose]() {
      await new Promise((closed) => server.close(closed));
    },
  };
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
export function toTextFrame(text: string): Buffer {
  return Buffer.concat([toTextHead(Buffer.byteLength(text)), Buffer.from(text)]);
}

/** A close frame, with a reason of at most 123 bytes. */
export function toCloseFrame(code: number, reason = ""): Buffer {
  const data = Buffer.from([code >> 8, code & 0xff, ...Buffer.from(reason)]);
  return Buffer.concat([Buffer.from([0x88, data.length]), data]);
}

/** The head of a text message of this many bytes in one frame. */
export function toTextHead(bytes: number): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt8(0x81, 0);
  head.writeUInt8(127, 1);
  head.writeBigUInt64BE(BigInt(bytes), 2);
  return head;
}

/** A server that hands each connection to `onConnection`, and cuts them all at its end. */
export async function serve(onConnection: (socket: Socket) => void) {
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
