// The HTTP port beside clients that mean it no good: kubelet's probes are answered throughout, and nothing grows.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFile, readdir } from "node:fs/promises";
import { connect } from "node:net";
import { openClient } from "../support/http-client.ts";
import { type Mounts, type Sidecar, createMounts, startSidecar } from "../support/sidecar.ts";

const HALF = "GET /healthz HTTP/1.1\r\nHost: a\r\n";
const WHOLE = `${HALF}\r\n`;
const MIB = 1024 * 1024;

let mounts: Mounts;
let sidecar: Sidecar;
let port: number;

beforeEach(async () => {
  mounts = await createMounts();
  const free = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  port = free.port;
  free.stop(true);
  const env = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1", CONFIG_MANAGER_HTTP_PORT: String(port) };
  sidecar = startSidecar(mounts.environment(env));
  await sidecar.waitFor("Starting config-manager-sidecar");
});
afterEach(async () => {
  await sidecar.dispose();
  await mounts.dispose();
});

const residentBytes = async () => {
  const status = await readFile(`/proc/${sidecar.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
};

/** Keeps so many clients open that each send this, and opens another one for each that is dropped, until it is ended. */
function besiege(count: number, text: string) {
  let isOver = false;
  let dropped = 0;
  const sockets = new Set<ReturnType<typeof connect>>();
  const openOne = () => {
    if (isOver) return;
    const socket = connect(port, "127.0.0.1", () => void socket.write(text));
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      dropped += 1;
      setTimeout(openOne, 10);
    });
  };
  for (let index = 0; index < count; index++) openOne();
  return {
    dropped: () => dropped,
    [Symbol.dispose]() {
      isOver = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

test.each([
  ["say nothing", ""],
  ["say half of it", HALF],
  ["ask and ask", WHOLE.repeat(50)],
  ["send headers without end", `GET / HTTP/1.1\r\n${"A: 1\r\n".repeat(5_000)}`],
])("/healthz answers beside 200 clients that %s, and come again", async (_, text) => {
  using siege = besiege(200, text);
  const before = await residentBytes();
  for (let probe = 0; probe < 50 || siege.dropped() < 100; probe++) {
    const { status } = await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { connection: "close" } });
    expect(status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect((await residentBytes()) - before).toBeLessThan(64 * MIB);
  expect((await readdir(`/proc/${sidecar.pid}/fd`)).length).toBeLessThan(600);
});

test("a client that sends one byte after the other is ended", async () => {
  const client = await openClient(port, "");
  const drip = setInterval(() => client.socket.write("x"), 100);
  await client.ended;
  clearInterval(drip);
});
