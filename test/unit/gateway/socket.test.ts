import { describe, expect, test } from "bun:test";
import { openSocket } from "../../../lib/gateway/socket.ts";
import { UNREADABLE } from "../../../lib/gateway/websocket.ts";
import { serveGateway, thrownBy } from "../../support/fakes.ts";
import { findUnusedUrl, serveResets, serveWithoutClose } from "../../support/fake-servers.ts";

/** Opens a socket and resolves with the first message, or rejects with the first error. */
async function receive(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = openSocket({ url }, { open: () => {}, message: resolve, error: reject, close: () => {} });
  try {
    return await promise;
  } finally {
    await socket.end();
  }
}

const failureOf = async (url: string) => {
  const error = await thrownBy(receive(url));
  return error instanceof Error ? error.message : undefined;
};

describe("openSocket()", () => {
  test("delivers messages as text", async () => {
    await using gateway = serveGateway();
    expect(JSON.parse(await receive(gateway.url))).toMatchObject({ event: "connect.challenge" });
  });

  test("names the system error and the host when nobody listens", async () => {
    const url = await findUnusedUrl();
    expect(await failureOf(url)).toBe(`connect ECONNREFUSED ${new URL(url).host}`);
  });

  test("names the system error when the connection is reset", async () => {
    await using server = await serveResets();
    expect(await failureOf(server.url)).toBe("read ECONNRESET");
  });

  test("names the HTTP status of a server without WebSockets", async () => {
    using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("<html>", { status: 200 }) });
    expect(await failureOf(`ws://127.0.0.1:${server.port}`)).toBe("it answers with HTTP 200, and with no WebSocket");
  });

  test.each(["ws://gateway.example:18789", "ws://8.8.8.8:18789"])("refuses plaintext to %s", async (url) => {
    expect(await failureOf(url)).toContain("plaintext");
  });
});

describe("a message that is not read", () => {
  test("closes the connection with the reason, at once, and cuts it if the other side does not answer", async () => {
    const { promise: cut, resolve: onCut } = Promise.withResolvers<void>();
    await using server = await serveWithoutClose({ first: "[".repeat(1_000), onCut });
    const { promise: closed, resolve: close } = Promise.withResolvers<unknown[]>();
    const messages: string[] = [];
    openSocket(
      { url: server.url },
      {
        open: () => {},
        message: (text) => messages.push(text),
        error: () => {},
        close: (...reason) => close(reason),
      },
    );
    expect(await closed).toEqual([UNREADABLE, "it sent a message nested more than 256 deep"]);
    expect(messages).toEqual([]);
    await cut;
  });

  test("is not compressed: compression is not offered", async () => {
    const { promise: extensions, resolve } = Promise.withResolvers<string | null>();
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        resolve(request.headers.get("sec-websocket-extensions"));
        return new Response("no gateway", { status: 503 });
      },
    });
    await failureOf(`ws://127.0.0.1:${server.port}`);
    expect(await extensions).toBeNull();
  });
});

describe("end()", () => {
  test("waits 250 ms for a server that does not answer the close", async () => {
    await using server = await serveWithoutClose();
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const socket = openSocket({ url: server.url }, { open, message: () => {}, error: () => {}, close: () => {} });
    await opened;
    const startMs = performance.now();
    await socket.end();
    const elapsedMs = performance.now() - startMs;
    expect(elapsedMs).toBeGreaterThan(200);
    expect(elapsedMs).toBeLessThan(2_000);
  });
});
