import { afterEach, describe, expect, jest, test } from "bun:test";
import { type GatewayOptions, connectGateway } from "../../../lib/gateway/connection.ts";
import { type FakeGateway, greeting, refusalOf, serveGateway } from "../../support/fakes.ts";
import {
  findUnusedUrl,
  paramsOf,
  readMasked,
  refuse,
  serveResets,
  serveSilence,
  serveWebSocket,
  toCloseFrame,
  toTextFrame,
} from "../../support/fake-servers.ts";
import { until } from "../../support/until.ts";

const TOKEN = "s3cret-token";

/** Connects and records what the connection reports. */
async function connect(url: string, more: Partial<GatewayOptions> = {}) {
  const events: [string, unknown][] = [];
  const ends: { isRestart: boolean }[] = [];
  const gateway = await connectGateway({
    url,
    credentials: { token: TOKEN },
    onEvent: (event, payload) => events.push([event, payload]),
    onClose: (isRestart) => ends.push({ isRestart }),
    ...more,
  });
  return { gateway, events, ends, [Symbol.asyncDispose]: () => gateway.close() };
}

/** A connection to a fake gateway with these answers. */
async function connectTo(answers: FakeGateway["answers"]) {
  const server = serveGateway(answers);
  const connection = await connect(server.url);
  return {
    ...connection,
    server,
    async [Symbol.asyncDispose]() {
      await connection.gateway.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

afterEach(() => jest.useRealTimers());

describe("connectGateway()", () => {
  test("has the release and the protocol of the gateway", async () => {
    await using at = await connectTo({ connect: () => ({ payload: greeting("2026.4.15", 3) }) });
    expect(at.gateway).toMatchObject({ version: "2026.4.15", protocol: 3, isOpen: true });
  });

  test("calls a release that does not give its name dev", async () => {
    await using at = await connectTo({ connect: () => ({ payload: { ...greeting(), server: undefined } }) });
    expect(at.gateway.version).toBe("dev");
  });

  test("knows when the process of the gateway started, if the gateway tells", async () => {
    const connect = () => ({ payload: { ...greeting(), snapshot: { uptimeMs: 90_000 } } });
    await using at = await connectTo({ connect });
    expect(Date.now() - (at.gateway.processStartedMs ?? 0)).toBeWithin(90_000, 95_000);
  });

  test.each([{}, undefined, { uptimeMs: "90000" }, { uptimeMs: null }])(
    "does not know it from the snapshot %j",
    async (snapshot) => {
      await using at = await connectTo({ connect: () => ({ payload: { ...greeting(), snapshot } }) });
      expect(at.gateway.processStartedMs).toBeUndefined();
    },
  );

  test("is unreachable after a greeting that makes no sense", async () => {
    await using server = serveGateway({ connect: () => ({ payload: { ...greeting(), protocol: "4" } }) });
    expect(await refusalOf(connect(server.url))).toMatchObject({
      code: "unreachable",
      message: `the gateway at ${server.url} cannot be reached: its greeting makes no sense at protocol`,
    });
  });

  test("ignores messages that are not part of the protocol", async () => {
    const noise = [
      "no JSON",
      "[]",
      "null",
      '{"type":"event"}',
      '{"type":"res","id":"nobody","ok":true}',
      '{"type":"new"}',
    ];
    await using at = await connectTo({ connect: () => ({ noise }), "cron.status": () => ({ noise }) });
    expect(await at.gateway.call("cron.status", {})).toEqual({});
  });

  test("forwards events with their payload", async () => {
    await using at = await connectTo({});
    at.server.emit("cron", { action: "added" });
    await until("the event", () => at.events.some(([event]) => event === "cron"));
    expect(at.events).toContainEqual(["cron", { action: "added" }]);
  });
});

describe("connectGateway() to an unreachable gateway", () => {
  test("names the address and the system error when nobody listens", async () => {
    const url = await findUnusedUrl();
    expect(await refusalOf(connect(url))).toMatchObject({
      code: "unreachable",
      message: `the gateway at ${url} cannot be reached: connect ECONNREFUSED ${new URL(url).host}`,
    });
  });

  test("names the system error when the connection is reset", async () => {
    await using server = await serveResets();
    expect(await refusalOf(connect(server.url))).toMatchObject({
      code: "unreachable",
      message: `the gateway at ${server.url} cannot be reached: read ECONNRESET`,
    });
  });

  test("is unreachable when a web server answers that is no gateway", async () => {
    using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("<html>", { status: 200 }) });
    expect(await refusalOf(connect(`ws://127.0.0.1:${server.port}`))).toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("it answers with HTTP 200, and with no WebSocket"),
    });
  });

  test("is unreachable while the gateway starts, and keeps the delay that it asks for", async () => {
    const starting = { code: "UNAVAILABLE", message: "gateway starting", retryable: true, retryAfterMs: 750 };
    await using server = serveGateway({ connect: () => ({ error: starting }) });
    expect(await refusalOf(connect(server.url))).toMatchObject({ code: "unreachable", retryAfterMs: 750 });
  });

  test("gives up after 10 s without an answer", async () => {
    await using silence = await serveSilence();
    jest.useFakeTimers();
    const refusal = refusalOf(connect(silence.url));
    await silence.accepted;
    jest.advanceTimersByTime(10_000);
    expect(await refusal).toMatchObject({ code: "unreachable", message: expect.stringContaining("no answer") });
  });

  test.each(["ws://gateway.example:18789", "ws://8.8.8.8:18789"])("sends no token in plaintext to %s", async (url) => {
    const refusal = await refusalOf(connect(url));
    expect(refusal.code).toBe("unreachable");
    expect(refusal.message).toContain("plaintext");
    expect(refusal.message).not.toContain(TOKEN);
  });

  test("reports no end of a connection that was never made", async () => {
    const ends: boolean[] = [];
    await using server = serveGateway({ connect: () => "drop" });
    await refusalOf(connect(server.url, { onClose: (isRestart) => ends.push(isRestart) }));
    expect(ends).toEqual([]);
  });
});

describe("connectGateway() to a gateway that refuses us", () => {
  test("is refused with a hint and without the token, and closes the connection", async () => {
    const details = { code: "AUTH_TOKEN_MISMATCH" };
    await using server = serveGateway({
      connect: () => refuse("unauthorized: gateway token mismatch", { details }),
    });
    const refusal = await refusalOf(connect(server.url));
    expect(refusal).toMatchObject({ code: "refused", hint: expect.stringContaining("OPENCLAW_GATEWAY_TOKEN") });
    expect(refusal.message).toStartWith(`the gateway at ${server.url} does not let us in: `);
    expect(refusal.message).not.toContain(TOKEN);
    await until("the connection to end", () => server.connections === 0);
  });

  // A gateway that refuses us sends both at once; on a slow machine they come in one piece.
  test("is refused in its words where the end of the connection comes with them", async () => {
    await using server = await serveWebSocket((socket) => {
      const challenge = { type: "event", event: "connect.challenge", payload: { nonce: "nonce", ts: 1 } };
      socket.write(toTextFrame(JSON.stringify(challenge)));
      socket.once("data", (request: Buffer) => {
        const { id } = JSON.parse(readMasked(request)) as { id: string };
        const error = { code: "INVALID_REQUEST", message: "unauthorized: gateway token mismatch" };
        const refusal = toTextFrame(JSON.stringify({ type: "res", id, ok: false, error }));
        socket.write(Buffer.concat([refusal, toCloseFrame(1008, "unauthorized: gateway token mismatch")]));
      });
    });
    expect(await refusalOf(connect(server.url))).toMatchObject({ code: "refused" });
  });
});

describe("call()", () => {
  test("returns the payload of the answer", async () => {
    await using at = await connectTo({ "cron.status": () => ({ payload: { enabled: true } }) });
    expect(await at.gateway.call("cron.status", { a: 1 })).toEqual({ enabled: true });
    expect(paramsOf(at.server, "cron.status")).toEqual([{ a: 1 }]);
  });

  test("is rejected in the gateway's words", async () => {
    await using at = await connectTo({ "cron.list": () => refuse("cron is disabled") });
    expect(await refusalOf(at.gateway.call("cron.list", {}))).toMatchObject({
      code: "rejected",
      message: "cron is disabled",
    });
  });

  test("is interrupted when the connection ends before the answer", async () => {
    await using at = await connectTo({ "cron.list": () => "drop" });
    expect(await refusalOf(at.gateway.call("cron.list", {}))).toMatchObject({ code: "interrupted" });
  });

  test("is rejected after an answer that is not read, with the reason, and ends the connection", async () => {
    await using at = await connectTo({ "cron.list": () => ({ noise: ["[".repeat(1_000)] }) });
    expect(await refusalOf(at.gateway.call("cron.list", {}))).toMatchObject({
      code: "rejected",
      message: `the gateway at ${at.server.url}: it sent a message nested more than 256 deep`,
    });
    expect(at.ends).toEqual([{ isRestart: false }]);
    expect(at.gateway.receivedLength).toBeLessThan(1_000);
  });

  test("blames no call for an answer that is not read: nobody knows whose it was", async () => {
    await using at = await connectTo({
      "cron.status": () => "none",
      "config.get": () => ({ noise: ["[".repeat(1_000)] }),
    });
    const calls = [at.gateway.call("cron.status", {}), at.gateway.call("config.get", {})];
    const [first, second] = await Promise.all(calls.map((call) => refusalOf(call)));
    expect(first?.message).toBe(second?.message);
  });

  test("does not count events as part of an answer", async () => {
    await using at = await connectTo({});
    for (let sent = 0; sent < 10; sent += 1) at.server.emit("cron", { padding: "x".repeat(1_000) });
    await at.gateway.call("cron.list", {});
    expect(at.gateway.receivedLength).toBeLessThan(1_000);
  });

  test("is interrupted after close()", async () => {
    await using at = await connectTo({});
    await at.gateway.close();
    expect(at.gateway.isOpen).toBe(false);
    expect(await refusalOf(at.gateway.call("cron.list", {}))).toMatchObject({ code: "interrupted" });
  });

  test("does not send a message that is larger than the gateway accepts, and keeps the connection", async () => {
    const policy = { tickIntervalMs: 30_000, maxPayload: 1_000 };
    await using at = await connectTo({ connect: () => ({ payload: { ...greeting(), policy } }) });
    expect(await refusalOf(at.gateway.call("cron.add", { name: "x".repeat(1_000) }))).toMatchObject({
      code: "rejected",
      message: "cron.add of 1267 bytes; this gateway takes 1000 at once",
    });
    expect(paramsOf(at.server, "cron.add")).toEqual([]);
    expect(await at.gateway.call("cron.add", { name: "x" })).toEqual({});
  });
});

describe("onClose()", () => {
  test.each([
    ["cut", undefined, false],
    ["closed with 1001", 1001, false],
    ["closed with 1012, service restart", 1012, true],
  ])("is called once when the connection is %s", async (_, code, isRestart) => {
    await using at = await connectTo({});
    at.server.drop(code);
    await until("the end", () => at.ends.length > 0);
    await at.gateway.close();
    expect(at.ends).toEqual([{ isRestart }]);
    expect(at.gateway.isOpen).toBe(false);
  });

  test("is not called for close()", async () => {
    await using at = await connectTo({});
    await at.gateway.close();
    await at.gateway.close();
    expect(at.ends).toEqual([]);
  });
});

describe("a connection without ticks", () => {
  /** Longer than each timeout that starts with the connection. */
  const TICK_MS = 60_000;
  const answers = { connect: () => ({ payload: { ...greeting(), policy: { tickIntervalMs: TICK_MS } } }) };

  test("is closed after two ticks of silence, as it may be half open", async () => {
    jest.useFakeTimers();
    await using at = await connectTo(answers);
    jest.advanceTimersByTime(2 * TICK_MS);
    expect(at.gateway.isOpen).toBe(true);
    jest.advanceTimersByTime(TICK_MS);
    jest.useRealTimers();
    await until("the end", () => at.ends.length > 0);
    expect(at.gateway.isOpen).toBe(false);
  });

  test("stays open while a call is pending, which has a timeout of its own", async () => {
    const tickIntervalMs = 5_000;
    jest.useFakeTimers();
    await using at = await connectTo({ connect: () => ({ payload: { ...greeting(), policy: { tickIntervalMs } } }) });
    const reply = at.gateway.call("cron.status", {});
    jest.advanceTimersByTime(4 * tickIntervalMs);
    expect(await reply).toEqual({});
    expect(at.gateway.isOpen).toBe(true);
  });

  test("stays open while ticks arrive", async () => {
    jest.useFakeTimers();
    await using at = await connectTo(answers);
    for (let tick = 1; tick <= 5; tick++) {
      jest.advanceTimersByTime(TICK_MS);
      at.server.emit("tick", { ts: tick });
      await at.gateway.call("cron.status", {}); // the tick arrives before this answer
    }
    expect(at.gateway.isOpen).toBe(true);
    expect(at.ends).toEqual([]);
  });
});
