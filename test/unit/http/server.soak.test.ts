// How the server gets rid of clients: it waits for them, and so does this.

import { expect, test } from "bun:test";
import { openHttpServer } from "../../../lib/http/server.ts";
import { openClient } from "../../support/http-client.ts";

/** More than the kernel keeps for a client that does not read. */
const HUGE = "x".repeat(64 * 1024 * 1024);

test("openHttpServer() lets go of clients that say nothing, or half of it, or do not read", async () => {
  const server = await openHttpServer(0, {
    "/fine": () => ({ status: 200, type: "text/plain", body: "fine\n" }),
    "/huge": () => ({ status: 200, type: "text/plain", body: HUGE }),
  });
  const { port } = server;
  try {
    const clients = await Promise.all([
      openClient(port, ""),
      openClient(port, "G"),
      openClient(port, "GET /fine HTTP/1.1\r\nHost: a\r\n"),
      openClient(port, "GET /fine HTTP/1.1\r\nHost: a\r\n\r\n"), // and then keeps the connection
    ]);
    const deaf = await openClient(port, "GET /huge HTTP/1.1\r\nHost: a\r\n\r\n", { isDeaf: true });
    const answers = await Promise.all(clients.map(({ ended }) => ended));
    expect(answers.filter((answer) => answer.includes("200 OK"))).toHaveLength(1);
    // What the kernel holds for it can still be read, and that is not all.
    let bytes = 0;
    deaf.socket.on("data", (chunk: Buffer) => (bytes += chunk.length));
    await deaf.ended;
    expect(bytes).toBeLessThan(HUGE.length);
  } finally {
    server.close();
  }
});
