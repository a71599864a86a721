import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { OPCODE, encodeFrame } from "../../../lib/gateway/frame-writer.ts";
import { UNREADABLE, openWebSocket } from "../../../lib/gateway/websocket.ts";
import { LOCAL, OTHER } from "../../support/certificates.ts";
import {
  readMasked,
  serve,
  serveSilence,
  serveTls,
  serveWebSocket,
  toTextFrame,
  toTextHead,
} from "../../support/fake-servers.ts";
import { serveGateway } from "../../support/fakes.ts";
import { until } from "../../support/until.ts";

const MAX_BYTES = 1_000;
const MIB = 1024 * 1024;

/** Opens a WebSocket and records what it reports. */
function open(url: string, onMessage: (text: string) => void = () => {}, certificate?: Buffer) {
  const reports: string[] = [];
  const { promise: opened, resolve: onOpen } = Promise.withResolvers<void>();
  const { promise: closed, resolve: onClose } = Promise.withResolvers<[number, string]>();
  const socket = openWebSocket({ url, certificate }, MAX_BYTES, {
    open() {
      reports.push("open");
      onOpen();
    },
    message(text) {
      reports.push(text);
      onMessage(text);
    },
    error: ({ message }) => reports.push(`error: ${message}`),
    close(code, reason) {
      reports.push(`close: ${code} ${reason}`.trim());
      onClose([code, reason]);
    },
  });
  return { socket, reports, opened, closed, [Symbol.asyncDispose]: () => socket.end() };
}

/** A server that keeps the sockets that it has, and what each of them has sent. */
async function serveRecorded(onOpen: (socket: Socket) => void = () => {}) {
  const received: Buffer[] = [];
  const { promise: cut, resolve } = Promise.withResolvers<void>();
  const server = await serveWebSocket((socket) => {
    socket.on("data", (bytes: Buffer) => received.push(bytes)).on("close", () => resolve());
    onOpen(socket);
  });
  return { ...server, cut, received: () => Buffer.concat(received) };
}

/** A frame without a mask, as a server sends it; of at most 125 bytes. */
const frame = (opcode: number, data: string | Uint8Array) =>
  Buffer.concat([Buffer.from([0x80 | opcode, Buffer.byteLength(data)]), Buffer.from(data)]);
const toClose = (code: number, reason = "") => Buffer.from([code >> 8, code & 0xff, ...Buffer.from(reason)]);

describe("openWebSocket()", () => {
  test("delivers messages in order, in whatever pieces they come", async () => {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    await using server = await serveRecorded((socket) => {
      socket.setNoDelay();
      const stream = Buffer.concat([toTextFrame("one"), toTextFrame(""), toTextFrame("zwölf €")]);
      void (async () => {
        for (const byte of stream) await new Promise((sent) => socket.write(Buffer.from([byte]), sent));
      })();
    });
    await using at = open(server.url, (text) => text.startsWith("z") && resolve());
    await done;
    expect(at.reports).toEqual(["open", "one", "", "zwölf €"]);
  });

  test("has the messages that come with the answer to the handshake", async () => {
    await using server = await serveRecorded((socket) => socket.write(toTextFrame("{}")));
    await using at = open(server.url);
    await until("the message", () => at.reports.includes("{}"));
  });

  test("answers a ping with its data, masked", async () => {
    await using server = await serveRecorded((socket) => socket.write(frame(OPCODE.ping, "are you there?")));
    await using at = open(server.url);
    await until("the pong", () => server.received().length >= 20);
    expect(server.received()[0]).toBe(0x80 | OPCODE.pong);
    expect(readMasked(server.received())).toBe("are you there?");
    expect(at.socket.isOpen()).toBe(true);
  });

  test("sends messages masked, and none once it is closed", async () => {
    await using server = await serveRecorded();
    await using at = open(server.url);
    await at.opened;
    at.socket.send("secret");
    await until("the message", () => server.received().length >= 12);
    expect(server.received().includes("secret")).toBe(false);
    expect(readMasked(server.received())).toBe("secret");
    at.socket.close();
    at.socket.send("more");
    await server.cut;
    expect(server.received().length).toBe(12 + 6);
  });

  test("answers a close with its code, and reports it once", async () => {
    await using server = await serveRecorded((socket) => socket.write(frame(OPCODE.close, toClose(1012, "restart"))));
    await using at = open(server.url);
    expect(await at.closed).toEqual([1012, "restart"]);
    await server.cut;
    expect(readMasked(server.received())).toBe(toClose(1012).toString());
    expect(at.reports).toEqual(["open", "close: 1012 restart"]);
  });

  test("closes with a code and a reason, and takes the answer for the end", async () => {
    await using server = serveGateway();
    await using at = open(server.url);
    await at.opened;
    at.socket.close(4000, "tick timeout");
    expect(at.socket.isOpen()).toBe(false);
    expect(await at.closed).toEqual([4000, "tick timeout"]);
    await until("the connection to end", () => server.connections === 0);
  });

  test.each(["while it connects", "while the server says nothing"])(
    "closed %s, cuts the connection and reports an end",
    async (moment) => {
      await using silence = await serveSilence();
      const at = open(silence.url);
      if (!moment.startsWith("while it")) await silence.accepted;
      at.socket.close();
      expect(at.reports).toEqual([]); // a caller that is closing does not expect to be called
      await at.socket.end();
      expect(at.reports).toEqual(["close: 1006"]);
    },
  );
});

describe("a peer that breaks the rules", () => {
  test.each<[string, number, Buffer]>([
    [
      "it breaks the WebSocket protocol: a masked frame from the server",
      1002,
      Buffer.from(encodeFrame(OPCODE.text, "{}")),
    ],
    ["it sent a binary message", 1003, frame(OPCODE.binary, "{}")],
    ["it sent text that is not UTF-8", 1007, frame(OPCODE.text, Buffer.from([0xff]))],
    ["it sent 1001 bytes at once; at most 1000 are read", 1009, toTextHead(1_001)],
  ])("is left at once: %s", async (problem, code, bytes) => {
    await using server = await serveRecorded((socket) => socket.write(Buffer.concat([bytes, toTextFrame("more")])));
    const at = open(server.url);
    expect(await at.closed).toEqual([UNREADABLE, problem]);
    expect(at.socket.isOpen()).toBe(false);
    await server.cut;
    expect(at.reports).toEqual(["open", `close: ${UNREADABLE} ${problem}`]);
    expect(readMasked(server.received())).toBe(Buffer.from([...toClose(code), ...Buffer.from(problem)]).toString());
  });

  test("is not read on: what it sends meanwhile stays with it", async () => {
    let sent = 0;
    await using server = await serveRecorded((socket) => {
      socket.write(toTextHead(100 * MIB));
      const piece = Buffer.alloc(MIB);
      const send = () => void socket.write(piece, (error) => !error && sent++ < 100 && send());
      send();
    });
    const at = open(server.url);
    await at.closed;
    await server.cut;
    expect(sent).toBeLessThan(30);
  });

  test.each<[string, (socket: Socket) => void, string]>([
    ["hangs up", (socket) => socket.end(), "error: Connection ended"],
    ["hangs up within its answer", (socket) => socket.end("HTTP/1.1 101 x\r\nUpg"), "error: Connection ended"],
    ["speaks something else", (socket) => socket.write("SSH-2.0-OpenSSH\r\n"), "error: Invalid response"],
    [
      "answers without an end",
      (socket) => socket.write(`HTTP/1.1 101 x\r\nx: ${"x".repeat(20_000)}`),
      "error: it answers with a head of more than 16384 bytes",
    ],
  ])("and %s, is reported with the reason, once", async (_, answer, error) => {
    await using server = await serve((socket) => void socket.once("data", () => answer(socket)));
    await using at = open(server.url);
    await at.closed;
    expect(at.reports).toEqual([error, "close: 1006"]);
  });

  test.each<[string, (socket: Socket) => void]>([
    ["cuts the connection", (socket) => socket.destroy()],
    ["resets it", (socket) => socket.resetAndDestroy()],
    ["hangs up without a close", (socket) => socket.end()],
    ["ends within a frame", (socket) => socket.end(toTextHead(10))],
  ])("and %s, is reported as an end", async (_, act) => {
    await using server = await serveRecorded((socket) => setTimeout(() => act(socket), 1));
    await using at = open(server.url);
    await at.opened;
    expect(await at.closed).toEqual([1006, ""]);
    expect(at.reports).toEqual(["open", "close: 1006"]);
  });

  test("and reads nothing, fills no memory: it is left once too much waits for it", async () => {
    await using server = await serveWebSocket((socket) => socket.pause());
    const at = open(server.url);
    await at.opened;
    const text = "x".repeat(MIB);
    for (let sent = 0; sent < 60 && at.socket.isOpen(); sent++) at.socket.send(text);
    expect(await at.closed).toEqual([UNREADABLE, "it does not read what is sent to it"]);
    await at.socket.end();
  });

  test("and pings without reading the answers, gets few of them", async () => {
    const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(OPCODE.ping, "x".repeat(125))));
    const rounds = 300;
    let answered = 0;
    let peer: Socket | undefined;
    await using server = await serveWebSocket((socket) => {
      peer = socket.pause();
      const send = (left: number) =>
        void socket.write(left > 0 ? pings : toTextFrame("all"), (error) => !error && left > 0 && send(left - 1));
      send(rounds);
    });
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const at = open(server.url, () => resolve());
    await done;
    expect(at.socket.isOpen()).toBe(true);
    peer?.on("data", (bytes: Buffer) => (answered += bytes.length)).resume();
    await at.socket.end();
    expect(answered).toBeLessThan((rounds * pings.length) / 2);
  });
});

describe("openWebSocket() over TLS", () => {
  test("names what is wrong with the certificate", async () => {
    await using gateway = serveGateway();
    await using server = await serveTls(gateway.url, OTHER);
    await using at = open(server.url);
    await at.closed;
    expect(at.reports).toEqual(["error: TLS handshake failed: self signed certificate", "close: 1006"]);
    expect(gateway.connections).toBe(0);
  });

  test("accepts the certificate that it is given, whatever its name and authority, and no other", async () => {
    const { raw } = new X509Certificate(OTHER.cert);
    await using gateway = serveGateway();
    await using server = await serveTls(gateway.url, OTHER);
    await using at = open(server.url, () => {}, raw);
    await at.opened;
    await using impostor = await serveTls(gateway.url, LOCAL);
    await using refused = open(impostor.url, () => {}, raw);
    await refused.closed;
    expect(refused.reports).toEqual([
      "error: TLS handshake failed: the certificate is not the one that gateway.tls of the live config names",
      "close: 1006",
    ]);
    expect(gateway.connections).toBe(1);
  });

  test("names a server that speaks no TLS, and one that nobody listens for", async () => {
    await using plain = await serve((socket) => void socket.once("data", () => socket.end("HTTP/1.1 400 x\r\n\r\n")));
    await using at = open(plain.url.replace("ws:", "wss:"));
    await at.closed;
    expect(at.reports[0]).toStartWith("error: TLS handshake failed: ");
    await using nobody = open("wss://127.0.0.1:1");
    await nobody.closed;
    expect(nobody.reports[0]).toBe("error: connect ECONNREFUSED 127.0.0.1:1");
  });
});
