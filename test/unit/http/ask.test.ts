import type { Socket } from "node:net";
import { describe, expect, test } from "bun:test";
import { askStatus } from "../../../lib/http/ask.ts";
import { serve } from "../../support/fake-servers.ts";
import { findFreePort } from "../../support/free-port.ts";

const TOLD = { checksum: "a1", state: "in-sync", problems: [] };
const BODY = JSON.stringify({ config: TOLD });
const SECRET = "s3cret";

const ask = (url: string, limitMs = 60_000) => askStatus(new URL(url.replace("ws:", "http:")), SECRET, limitMs);

/** Asks a server that does this with each connection. */
async function askThis(onConnection: (socket: Socket) => void, limitMs?: number) {
  await using server = await serve(onConnection);
  return await ask(server.url, limitMs); // before the server goes
}

/** Asks a server that answers with these bytes, and then ends the connection. */
const askFor = (answer: string) => askThis((socket) => void socket.once("data", () => socket.end(answer)));
const ok = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const chunked = (body: string) =>
  `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const CLOSING = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";

/** Sends pieces as fast as they are read. */
function flood(socket: Socket, head: string, piece: string): void {
  const send = () => {
    if (!socket.destroyed) socket.write(piece, () => setImmediate(send));
  };
  socket.once("data", () => {
    socket.write(head);
    send();
  });
}

describe("askStatus()", () => {
  test("sends one GET with the token, and reads what each kind says", async () => {
    let request = "";
    await using server = await serve((socket) =>
      socket.once("data", (data: Buffer) => {
        request = data.toString();
        socket.end(ok(BODY));
      }),
    );
    expect(await ask(`${server.url}/prefix/`)).toEqual({ kind: "told", standings: new Map([["config", TOLD]]) });
    expect(request).toStartWith("GET /prefix/status HTTP/1.1\r\n");
    expect(request).toContain(`\r\nauthorization: Bearer ${SECRET}\r\n`);
  });

  test.each([
    ["without a length", CLOSING + BODY],
    ["in chunks", chunked(BODY)],
    ["with more in it than is known", ok(JSON.stringify({ config: { ...TOLD, since: 1 } }))],
  ])("reads an answer %s", async (_, answer) => {
    expect(await askFor(answer)).toEqual({ kind: "told", standings: new Map([["config", TOLD]]) });
  });

  test.each([
    ["the name of a Pod", "openclaw-5d9-x2z", { pod: "openclaw-5d9-x2z" }],
    ["what could lead to another path", "a/../../secrets", {}],
    ["an empty name", "", {}],
    ["a long name", "a".repeat(300), {}],
  ])("takes %s for what it is", async (_, name, pod) => {
    const answer = ok(BODY).replace("\r\n", `\r\nconfig-manager-pod: ${name}\r\n`);
    expect(await askFor(answer)).toEqual({ kind: "told", standings: new Map([["config", TOLD]]), ...pod });
  });

  test("keeps a hundred problems and one more", async () => {
    const problems = Array.from({ length: 500 }, (_, index) => `problem ${index}`);
    const answer = await askFor(ok(JSON.stringify({ config: { ...TOLD, problems } })));
    expect(answer.kind === "told" && answer.standings.get("config")?.problems).toEqual(problems.slice(0, 101));
  });

  test.each([
    ["401", "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", { kind: "refused" }],
    ["503", "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", { kind: "away", reason: "HTTP 503" }],
    ["404", "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", { kind: "strange", reason: "HTTP 404" }],
    ["an answer that is cut off", `HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n${BODY}`, { kind: "away" }],
    ["no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", { kind: "strange" }],
    ["a page", ok("<html>"), { kind: "strange", reason: "an answer that is no status" }],
    ["a list", ok("[]"), { kind: "strange" }],
    ["null", ok("null"), { kind: "strange" }],
    ["a kind that is none", ok('{"config":{"checksum":1,"state":"in-sync","problems":[]}}'), { kind: "strange" }],
    ["a status with other fields", ok('{"healthy":true}'), { kind: "strange" }],
    ["deep nesting", ok("[".repeat(3_000_000)), { kind: "strange", reason: "an answer that is no status" }],
    ["very many values", ok(`{"config":[${"0,".repeat(100_000)}0]}`), { kind: "strange" }],
  ])("tells %s", async (_, answer, told) => {
    expect(await askFor(answer)).toMatchObject(told);
  });

  test("follows no redirect: who is there must not get the token", async () => {
    let visits = 0;
    await using other = await serve(() => (visits += 1));
    const target = other.url.replace("ws:", "http:");
    const answer = await askFor(`HTTP/1.1 307 There\r\nlocation: ${target}/status\r\ncontent-length: 0\r\n\r\n`);
    expect(answer).toEqual({ kind: "strange", reason: "HTTP 307; redirects are not followed" });
    expect(visits).toBe(0);
  });

  test.each([
    ["hangs up", (socket: Socket) => void socket.destroy()],
    ["resets the connection", (socket: Socket) => void socket.once("data", () => socket.resetAndDestroy())],
  ])("is told that a peer is away that %s", async (_, onConnection) => {
    expect(await askThis(onConnection)).toMatchObject({ kind: "away", reason: "ECONNRESET" });
  });

  test("is told that nobody is there", async () => {
    const port = await findFreePort();
    expect(await ask(`http://127.0.0.1:${port}`)).toEqual({ kind: "away", reason: "ECONNREFUSED" });
    expect(await ask("http://no-such-host.invalid")).toMatchObject({ kind: "away" });
  });

  test("ends with a peer that says nothing, or one byte after the other", async () => {
    const late = { kind: "away", reason: "no whole answer within 1 s" } as const;
    expect(await askThis(() => undefined, 300)).toEqual(late);
    const drip = (socket: Socket) => {
      const timer = setInterval(() => socket.write("x"), 20);
      socket.once("close", () => clearInterval(timer));
      socket.write(CLOSING);
    };
    expect(await askThis(drip, 300)).toEqual(late);
  });

  test.each([
    ["a body", CLOSING, "x".repeat(65_536), "an answer of more than 4194304 bytes"],
    ["a head", "HTTP/1.1 200 OK\r\n", `a: ${"x".repeat(65_536)}\r\n`, "HPE_HEADER_OVERFLOW"],
  ])("stops reading %s without end", async (_, head, piece, reason) => {
    expect(await askThis((socket) => flood(socket, head, piece))).toEqual({ kind: "strange", reason });
  });
});
