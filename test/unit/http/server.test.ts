import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type HttpServer, openHttpServer } from "../../../lib/http/server.ts";
import { refusalOf, thrownBy } from "../../support/fakes.ts";
import { openClient } from "../../support/http-client.ts";

/** More than the kernel buffers for a client that does not read. */
const HUGE = "x".repeat(64 * 1024 * 1024);

const PAGES = {
  "/fine": () => ({ status: 200, type: "text/plain; charset=utf-8", body: "größe 1\n" }),
  "/bad": async () => ({ status: 503, type: "text/plain; charset=utf-8", body: "not ok\n" }),
  "/huge": () => ({ status: 200, type: "text/plain", body: HUGE }),
  "/bug": () => Promise.reject(new Error("a secret")),
};

let server: HttpServer;
beforeEach(async () => {
  server = await openHttpServer(0, PAGES);
});
afterEach(() => server.close());

const at = (path: string, host = "127.0.0.1") => `http://${host}:${server.port}${path}`;

/** The loopback addresses of this machine. */
const loopbacks = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .filter(({ internal, address }) => internal && (address === "127.0.0.1" || address === "::1"))
  .map(({ family, address }) => [family, family === "IPv6" ? `[${address}]` : address] as const);

const open = (text: string, options?: { isDeaf: boolean }) => openClient(server.port, text, options);

const HALF = "GET /fine HTTP/1.1\r\nHost: a\r\n";

describe("openHttpServer()", () => {
  test.each(loopbacks)("answers over %s, at %s", async (_, host) => {
    const response = await fetch(at("/fine", host));
    expect([response.status, await response.text()]).toEqual([200, "größe 1\n"]);
  });

  test("renders the page at each request, with its type and length, and forbids caching", async () => {
    const response = await fetch(at("/bad"));
    expect(response.status).toBe(503);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "content-length": "7",
      "cache-control": "no-store",
    });
    expect(await response.text()).toBe("not ok\n");
  });

  test("answers HEAD with everything but the body", async () => {
    const { ended } = await open("HEAD /fine HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const answer = await ended;
    expect(answer).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(answer).toContain("content-length: 10\r\n");
    expect(answer).toEndWith("\r\n\r\n");
    expect((await fetch(at("/bad"), { method: "HEAD" })).status).toBe(503);
  });

  test.each(["/fine?", "/fine?a=1&b=%00", "/fine?/bad"])("ignores the query of %s", async (path) => {
    expect(await (await fetch(at(path))).text()).toBe("größe 1\n");
  });

  test.each(["/", "/Fine", "/fine/", "/fine/x", "/%66ine", "/constructor", "/__proto__", "/marked?/fine"])(
    "has no page at %s, lists the pages, and does not repeat the path",
    async (path) => {
      const response = await fetch(at(path));
      expect([response.status, await response.text()]).toEqual([
        404,
        "not found; there are /fine, /bad, /huge, /bug\n",
      ]);
    },
  );

  test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])(
    "rejects %s, and names the allowed methods",
    async (method) => {
      const response = await fetch(at("/fine"), { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
      await response.text();
    },
  );

  test("does not wait for the body of a rejected request", async () => {
    const { ended } = await open("POST /fine HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nabc");
    expect(await ended).toStartWith("HTTP/1.1 405 ");
  });

  test("answers 500 for a page that throws, without the reason, and goes on", async () => {
    const response = await fetch(at("/bug"));
    expect([response.status, await response.text()]).toEqual([500, "this page cannot be shown\n"]);
    expect((await fetch(at("/fine"))).status).toBe(200);
  });

  test.each([
    ["no HTTP", "\u0016\u0003\u0001 hello\r\n\r\n"],
    ["headers without end", `GET /fine HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(20_000)}`],
    ["no host", "GET /fine HTTP/1.1\r\n\r\n"],
  ])("drops a client that speaks %s", async (_, text) => {
    const { ended } = await open(text);
    expect(await ended).not.toContain("200 OK");
    expect((await fetch(at("/fine"))).status).toBe(200);
  });

  test("serves others while clients say nothing, or half of it, or do not read", async () => {
    await Promise.all([open(""), open("G"), open(HALF)]);
    await open("GET /huge HTTP/1.1\r\nHost: a\r\n\r\n", { isDeaf: true });
    expect((await fetch(at("/fine"))).status).toBe(200);
  });

  test.each([
    ["say nothing", ""],
    ["say half of it", HALF],
  ])("answers beside 200 clients that %s", async (_, text) => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => open(text)));
    for (let probes = 0; probes < 20; probes++) expect((await fetch(at("/fine"))).status).toBe(200);
    for (const { socket } of clients) socket.destroy();
  });

  test("answers one request per connection", async () => {
    const { ended } = await open("GET /fine HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1_000));
    expect((await ended).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1);
  });

  test("closes every connection and the port", async () => {
    const clients = await Promise.all([open(""), open(HALF), open("GET /fine HTTP/1.1\r\nHost: a\r\n\r\n")]);
    expect((await fetch(at("/fine"))).status).toBe(200);
    server.close();
    // A connection without a request is still in the kernel's queue, and ends at its first byte.
    clients[0].socket.write(HALF);
    await Promise.all(clients.map(({ ended }) => ended));
    expect(await thrownBy(fetch(at("/fine")))).toBeInstanceOf(Error);
    const again = await openHttpServer(server.port, PAGES);
    expect(again.port).toBe(server.port);
    again.close();
  });

  test("reports a port that is in use, with a hint", async () => {
    expect(await refusalOf(openHttpServer(server.port, PAGES))).toMatchObject({
      code: "port",
      message: `cannot listen on port ${server.port}: EADDRINUSE`,
      hint: "something else in this Pod listens there: choose another one with --http-port",
    });
    expect((await fetch(at("/fine"))).status).toBe(200);
  });
});
