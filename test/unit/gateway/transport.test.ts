import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type Server, type Socket, connect, createServer } from "node:net";
import { afterEach, describe, expect, jest, test } from "bun:test";
import { readDevice } from "../../../lib/gateway/device.ts";
import { featuresOf } from "../../../lib/gateway/features.ts";
import { toJobSpec } from "../../../lib/cron/job-spec.ts";
import type { CronStore } from "../../../lib/gateway/store.ts";
import { type TransportOptions, createTransport } from "../../../lib/gateway/transport.ts";
import {
  type FakeGateway,
  NEW,
  ODD_NAMES,
  OLD,
  type Reply,
  createScratch,
  define,
  greeting,
  liveJob,
  refusalOf,
  serveGateway,
  thrownBy,
} from "../../support/fakes.ts";
import { until } from "../../support/until.ts";

const TOKEN = "s3cret-token";

/** A transport that is closed with the test, and what it has said. */
function startTransport(url: string, more: Partial<TransportOptions> = {}) {
  const lines: string[] = [];
  const changes: string[] = [];
  const transport = createTransport({
    kind: "gateway",
    url,
    credentials: {
      tokenFile: undefined,
      pvcConfig: "/nonexistent/openclaw.json",
      env: { OPENCLAW_GATEWAY_TOKEN: TOKEN },
    },
    devicePath: "/dev/null/device.pem",
    log: (line) => lines.push(line),
    onChange: (reason) => changes.push(reason),
    onConnect: () => undefined,
    signal: new AbortController().signal,
    ...more,
  });
  return { ...transport, lines, changes, [Symbol.asyncDispose]: () => transport.close() };
}

/** The live jobs of a gateway that answers so. */
async function openStore(answers: FakeGateway["answers"]) {
  const gateway = serveGateway(answers);
  const transport = startTransport(gateway.url);
  const store = await transport.open();
  return {
    gateway,
    transport,
    store,
    async [Symbol.asyncDispose]() {
      await transport.close();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

/** The parameters of each call of this method. */
function paramsOf({ calls }: FakeGateway, method: string): object[] {
  return calls.filter((call) => call.method === method).map(({ params }) => params);
}

const refuse = (message: string, more: object = {}): Reply => {
  return { error: { code: "INVALID_REQUEST", message, ...more } };
};

/** An address at which nobody listens. */
async function findNobody(): Promise<string> {
  const gateway = serveGateway();
  await gateway[Symbol.asyncDispose]();
  return gateway.url;
}

/** Listens on a port that is free; its address, for a WebSocket. */
async function listen(server: Server): Promise<string> {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  return `ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

/** A server that takes connections and says nothing; `met` when the first has come. */
async function serveSilence() {
  const { promise: met, resolve } = Promise.withResolvers<void>();
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    resolve();
  });
  const url = await listen(server);
  return {
    url,
    met,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** A server that cuts off each connection once something has come over it. */
async function serveResets() {
  const server = createServer((socket) => {
    socket.on("error", () => {}).once("data", () => socket.resetAndDestroy());
  });
  const url = await listen(server);
  return {
    url,
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())),
  };
}

/** The way to this gateway, shut at first: who comes before it is opened waits in front of it. */
async function serveDoor(gatewayUrl: string) {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const sockets: Socket[] = [];
  const lead = async (socket: Socket) => {
    sockets.push(socket.on("error", () => {}));
    await opened;
    const onward = connect(Number(new URL(gatewayUrl).port), "127.0.0.1").on("error", () => {});
    sockets.push(onward);
    socket.pipe(onward).pipe(socket);
  };
  const server = createServer((socket) => void lead(socket));
  const url = await listen(server);
  return {
    url,
    open,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

describe("open()", () => {
  test("connects with the token, for all releases, and says so", async () => {
    await using gateway = serveGateway();
    await using transport = startTransport(gateway.url);
    const store = await transport.open();
    expect(store).toMatchObject({ transport: "gateway", version: "2026.9.6", features: NEW });
    expect(paramsOf(gateway, "connect")).toMatchObject([
      { minProtocol: 3, maxProtocol: 4, scopes: ["operator.admin"], auth: { token: TOKEN } },
    ]);
    expect(transport.lines).toEqual([`Connected to gateway: ${gateway.url} (OpenClaw 2026.9.6, protocol 4)`]);
  });

  test("knows what the plan's release cannot do, and tells it from a later one of the same name by its pages", async () => {
    const connect = () => ({ payload: greeting("dev", 3) });
    await using gateway = serveGateway({ connect, "cron.list": () => refuse("unexpected property 'limit'") });
    await using transport = startTransport(gateway.url);
    expect((await transport.open()).features).toEqual(OLD);

    await using later = serveGateway({ connect });
    await using other = startTransport(later.url);
    expect((await other.open()).features).toEqual(featuresOf("2026.2.26", 3));
  });

  test("takes no blank around the token for a part of it", async () => {
    await using gateway = serveGateway();
    const credentials = { tokenFile: undefined, pvcConfig: "/nonexistent", env: { OPENCLAW_GATEWAY_TOKEN: " t\n" } };
    await using transport = startTransport(gateway.url, { credentials });
    await transport.open();
    expect(paramsOf(gateway, "connect")).toMatchObject([{ auth: { token: "t" } }]);
  });

  test("keeps a connection that is up", async () => {
    await using gateway = serveGateway();
    await using transport = startTransport(gateway.url);
    expect(await transport.open()).toBe(await transport.open());
    expect(paramsOf(gateway, "connect")).toHaveLength(1);
    expect(transport.lines).toHaveLength(1);
  });

  test("connects again after a connection that has ended, with the credentials of now", async () => {
    await using gateway = serveGateway();
    await using scratch = await createScratch();
    const tokenFile = scratch.in("token");
    await writeFile(tokenFile, "old");
    await using transport = startTransport(gateway.url, {
      credentials: { tokenFile, pvcConfig: "/nonexistent", env: {} },
    });
    await transport.open();
    gateway.drop();
    await until("the end to be told", () => transport.changes.length > 0);
    await writeFile(tokenFile, "new");
    await transport.open();
    expect(paramsOf(gateway, "connect")).toMatchObject([{ auth: { token: "old" } }, { auth: { token: "new" } }]);
    expect(transport.changes).toEqual(["disconnect"]);
  });

  test("does not connect where the token cannot be had", async () => {
    await using gateway = serveGateway();
    const credentials = { tokenFile: "/nonexistent/token", pvcConfig: "/nonexistent", env: {} };
    await using transport = startTransport(gateway.url, { credentials });
    expect(await refusalOf(transport.open())).toMatchObject({ code: "refused" });
    expect(gateway.calls).toEqual([]);
  });

  test("needs no more of the gateway than that it answers", async () => {
    await using gateway = serveGateway({ "cron.status": () => refuse("unknown method: cron.status") });
    await using transport = startTransport(gateway.url);
    expect(await transport.open()).toMatchObject({ version: "2026.9.6" });
  });

  test("listens over words that it does not know", async () => {
    const noise = [
      "no JSON",
      "[]",
      "null",
      '{"type":"event"}',
      '{"type":"res","id":"nobody","ok":true}',
      '{"type":"new"}',
    ];
    await using gateway = serveGateway({ connect: () => ({ noise }), "cron.status": () => ({ noise }) });
    await using transport = startTransport(gateway.url);
    expect(await transport.open()).toMatchObject({ version: "2026.9.6" });
  });
});

describe("open() where the gateway cannot be reached", () => {
  test("says where it should be", async () => {
    const url = await findNobody();
    await using transport = startTransport(url);
    const refusal = await refusalOf(transport.open());
    expect(refusal.code).toBe("unreachable");
    const { host } = new URL(url);
    expect(refusal.message).toBe(`the gateway at ${url} cannot be reached: connect ECONNREFUSED ${host}`);
    expect(transport.changes).toEqual([]);
  });

  test("tries anew each time it is asked", async () => {
    await using gateway = serveGateway({ connect: () => "drop" });
    await using transport = startTransport(gateway.url);
    for (const attempt of [1, 2]) {
      expect(await refusalOf(transport.open())).toMatchObject({ code: "unreachable" });
      expect(paramsOf(gateway, "connect")).toHaveLength(attempt);
    }
    gateway.answers = {};
    expect(await transport.open()).toMatchObject({ transport: "gateway" });
  });

  test("takes one that is still starting for that, and hands on how long it wants to be left alone", async () => {
    const starting = { code: "UNAVAILABLE", message: "gateway starting", retryable: true, retryAfterMs: 750 };
    await using gateway = serveGateway({ connect: () => ({ error: starting }) });
    await using transport = startTransport(gateway.url);
    expect(await refusalOf(transport.open())).toMatchObject({ code: "unreachable", retryAfterMs: 750 });
  });

  test("takes a web server that is no gateway for that", async () => {
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response("<html>", { status: 200 }),
    });
    await using transport = startTransport(`ws://127.0.0.1:${server.port}`);
    expect(await refusalOf(transport.open())).toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("it answers with HTTP 200, and with no WebSocket"),
    });
  });

  test("says what has happened to a connection that is cut off", async () => {
    await using door = await serveResets();
    await using transport = startTransport(door.url);
    expect(await refusalOf(transport.open())).toMatchObject({
      code: "unreachable",
      message: `the gateway at ${door.url} cannot be reached: read ECONNRESET`,
    });
  });

  test("takes one that goes away after its greeting for that", async () => {
    await using gateway = serveGateway({ "cron.status": () => "drop" });
    await using transport = startTransport(gateway.url);
    expect(await refusalOf(transport.open())).toMatchObject({ code: "unreachable" });
  });

  test("does not wait for ever for one that says nothing", async () => {
    await using silence = await serveSilence();
    await using transport = startTransport(silence.url);
    jest.useFakeTimers();
    try {
      const refusal = refusalOf(transport.open());
      await silence.met;
      jest.advanceTimersByTime(10_000);
      expect(await refusal).toMatchObject({ code: "unreachable", message: expect.stringContaining("no answer") });
    } finally {
      jest.useRealTimers();
    }
  });

  test.each(["ws://gateway.example:18789", "ws://8.8.8.8:18789"])(
    "sends no token over the open net to %s",
    async (url) => {
      await using transport = startTransport(url);
      const refusal = await refusalOf(transport.open());
      expect(refusal.code).toBe("unreachable");
      expect(refusal.message).toContain("plaintext");
      expect(refusal.message).not.toContain(TOKEN);
    },
  );
});

describe("a connection that is up", () => {
  /** Longer than any limit that has begun when the connection was made. */
  const TICK_MS = 60_000;
  const connect = () => ({ payload: { ...greeting(), policy: { tickIntervalMs: TICK_MS } } });

  afterEach(() => jest.useRealTimers());

  test("ends when nothing has been heard for two ticks: the other half of it may be gone", async () => {
    await using gateway = serveGateway({ connect });
    jest.useFakeTimers();
    await using transport = startTransport(gateway.url);
    await transport.open();
    jest.advanceTimersByTime(2 * TICK_MS);
    expect(transport.isConnected()).toBe(true);
    jest.advanceTimersByTime(TICK_MS);
    jest.useRealTimers();
    await until("the end to be told", () => transport.changes.length > 0);
    expect(transport.isConnected()).toBe(false);
  });

  test("stays while ticks come", async () => {
    await using gateway = serveGateway({ connect });
    jest.useFakeTimers();
    await using transport = startTransport(gateway.url);
    const store = await transport.open();
    for (let tick = 1; tick <= 5; tick++) {
      jest.advanceTimersByTime(TICK_MS);
      gateway.emit("tick", { ts: tick });
      await store.listJobs().catch(() => undefined); // what comes over the wire comes in order
    }
    expect(transport.isConnected()).toBe(true);
    expect(transport.changes).toEqual([]);
  });
});

describe("open() where the gateway does not let us in", () => {
  const wrongToken = () => refuse("unauthorized: gateway token mismatch", { details: { code: "AUTH_TOKEN_MISMATCH" } });

  test("says so, with what to do about it", async () => {
    await using gateway = serveGateway({ connect: wrongToken });
    await using transport = startTransport(gateway.url);
    const refusal = await refusalOf(transport.open());
    expect(refusal).toMatchObject({ code: "refused", hint: expect.stringContaining("OPENCLAW_GATEWAY_TOKEN") });
    expect(refusal.message).toStartWith(`the gateway at ${gateway.url} does not let us in: `);
    expect(refusal.message).not.toContain(TOKEN);
    expect(transport.changes).toEqual([]);
    await until("the connection to end", () => gateway.connections === 0);
  });

  test("leaves it alone for a minute: it counts failed logins", async () => {
    await using gateway = serveGateway({ connect: wrongToken });
    let now = 1_000_000;
    await using transport = startTransport(gateway.url, { nowMs: () => now });
    const first = await refusalOf(transport.open());
    now += 59_999;
    expect(await refusalOf(transport.open())).toBe(first);
    expect(paramsOf(gateway, "connect")).toHaveLength(1);
    now += 1;
    gateway.answers = {};
    expect(await transport.open()).toMatchObject({ transport: "gateway" });
  });

  test("leaves it alone for longer where it asks for that", async () => {
    await using gateway = serveGateway({ connect: () => refuse("too many failed logins", { retryAfterMs: 300_000 }) });
    let now = 1_000_000;
    await using transport = startTransport(gateway.url, { nowMs: () => now });
    expect(await refusalOf(transport.open())).toMatchObject({ retryAfterMs: 300_000 });
    now += 299_999;
    await refusalOf(transport.open());
    expect(paramsOf(gateway, "connect")).toHaveLength(1);
    now += 1;
    await refusalOf(transport.open());
    expect(paramsOf(gateway, "connect")).toHaveLength(2);
  });

  test("comes back at once with another token", async () => {
    await using gateway = serveGateway({ connect: wrongToken });
    await using scratch = await createScratch();
    const tokenFile = scratch.in("token");
    await writeFile(tokenFile, "old");
    const credentials = { tokenFile, pvcConfig: "/nonexistent", env: {} };
    await using transport = startTransport(gateway.url, { credentials, nowMs: () => 0 });
    await refusalOf(transport.open());
    gateway.answers = {};
    await refusalOf(transport.open());
    await writeFile(tokenFile, "new");
    expect(await transport.open()).toMatchObject({ transport: "gateway" });
  });

  test("takes one that greets everybody and then lets them do nothing for that, with a device key or without", async () => {
    await using gateway = serveGateway({ "cron.status": () => refuse("missing scope: operator.read") });
    await using scratch = await createScratch();
    await using transport = startTransport(gateway.url, { devicePath: scratch.in("device.pem") });
    expect(await refusalOf(transport.open())).toMatchObject({
      code: "refused",
      message: "the gateway lets us in, but not to cron.status: missing scope: operator.read",
      hint: expect.stringContaining("openclaw devices approve"),
    });
    await until("the connection to end", () => gateway.connections === 0);
    expect(transport.changes).toEqual([]);
  });

  test("comes with a device key where one is wanted, and only there", async () => {
    await using gateway = serveGateway();
    await using scratch = await createScratch();
    const devicePath = scratch.in("device.pem");
    await using first = startTransport(gateway.url, { devicePath });
    await first.open();
    expect(existsSync(devicePath)).toBe(false);

    let isPaired = false;
    gateway.answers = {
      connect(params) {
        isPaired = params.device !== undefined;
        return { payload: greeting("2026.4.15", 3) };
      },
      "cron.status": () => (isPaired ? { payload: {} } : refuse("missing scope: operator.read")),
    };
    await using second = startTransport(gateway.url, { devicePath });
    expect(await second.open()).toMatchObject({ version: "2026.4.15" });
    expect(paramsOf(gateway, "connect").slice(1)).toMatchObject([
      expect.not.objectContaining({ device: expect.anything() }),
      { auth: { token: TOKEN }, device: { id: (await readDevice(devicePath)).deviceId } },
    ]);
    expect(second.lines).toHaveLength(1);
    expect(second.changes).toEqual([]);
  });
});

describe("probe()", () => {
  test("finds the main process up where the gateway answers, even if it does not let us in", async () => {
    await using gateway = serveGateway();
    await using transport = startTransport(gateway.url);
    expect(await transport.probe()).toEqual({ isUp: true });
    await using closed = serveGateway({ connect: () => refuse("unauthorized") });
    await using other = startTransport(closed.url);
    expect(await other.probe()).toEqual({ isUp: true });
  });

  test("finds it not up where nobody answers, and says why", async () => {
    await using transport = startTransport(await findNobody());
    expect(await transport.probe()).toEqual({ isUp: false, reason: expect.stringContaining("cannot be reached") });
  });
});

describe("openConfig()", () => {
  const LONG_MS = 60_000;
  const view = (): Reply => ({ payload: { valid: true, hash: "0123", issues: [], warnings: [] } });

  test("is the way to the config of a gateway that lets us in", async () => {
    await using gateway = serveGateway({ "config.get": view });
    await using transport = startTransport(gateway.url);
    const config = await transport.openConfig(LONG_MS);
    expect(config?.release).toBe("2026.9.6");
    expect(await config?.readView()).toMatchObject({ isValid: true, hash: "0123" });
    expect(paramsOf(gateway, "config.get")).toEqual([{}]);
  });

  test("shares one connection with the jobs, whoever comes first, or both at once", async () => {
    for (const order of ["jobs", "config", "both"] as const) {
      await using gateway = serveGateway({ "config.get": view });
      await using transport = startTransport(gateway.url);
      if (order === "jobs") await transport.open();
      if (order === "config") await transport.openConfig(LONG_MS);
      const [store, config, again] = await Promise.all([
        transport.open(),
        transport.openConfig(LONG_MS),
        transport.open(),
      ]);
      expect(store).toBe(again);
      expect(await config?.readView()).toMatchObject({ isValid: true });
      expect(paramsOf(gateway, "connect")).toHaveLength(1);
      expect(gateway.connections).toBe(1);
      expect(transport.lines).toHaveLength(1);
      expect(await transport.openConfig(LONG_MS)).toBe(config);
    }
  });

  test("is another one on another connection", async () => {
    await using gateway = serveGateway({ "config.get": view });
    await using transport = startTransport(gateway.url);
    const first = await transport.openConfig(LONG_MS);
    gateway.drop();
    await until("the end to be told", () => transport.changes.length > 0);
    expect(await refusalOf(async () => first?.readView())).toMatchObject({ code: "unreachable" });
    const second = await transport.openConfig(LONG_MS);
    expect(second).not.toBe(first);
    expect(await second?.readView()).toMatchObject({ isValid: true });
    expect(paramsOf(gateway, "connect")).toHaveLength(2);
  });

  test("is none where a connection has ended and there is no other", async () => {
    await using gateway = serveGateway({ "config.get": view });
    await using transport = startTransport(gateway.url);
    await transport.openConfig(LONG_MS);
    gateway.answers = { connect: () => "drop" };
    gateway.drop();
    await until("the end to be told", () => transport.changes.length > 0);
    expect(await transport.openConfig(LONG_MS)).toBeUndefined();
  });

  test("is taken up anew by both after a try of both that came to nothing", async () => {
    await using gateway = serveGateway({ connect: () => "drop" });
    await using transport = startTransport(gateway.url);
    const [refusal, config] = await Promise.all([refusalOf(transport.open()), transport.openConfig(LONG_MS)]);
    expect(refusal).toMatchObject({ code: "unreachable" });
    expect(config).toBeUndefined();
    gateway.answers = {};
    expect(await transport.openConfig(LONG_MS)).toBeDefined();
  });

  test("is none where nobody answers, and that is no reason to fail", async () => {
    await using transport = startTransport(await findNobody());
    expect(await transport.openConfig(LONG_MS)).toBeUndefined();
    expect(transport.lines).toEqual([]);
  });

  test("is none where the gateway does not let us in, whatever the CLI could do", async () => {
    for (const kind of ["gateway", "auto"] as const) {
      await using gateway = serveGateway({ connect: () => refuse("unauthorized: gateway token mismatch") });
      await using transport = startTransport(gateway.url, { kind, nowMs: () => 0 });
      for (let attempt = 0; attempt < 2; attempt++) expect(await transport.openConfig(LONG_MS)).toBeUndefined();
      expect(paramsOf(gateway, "connect")).toHaveLength(1);
      expect(transport.lines).toEqual([]);
    }
  });

  test("is none where the gateway lets us in and then do nothing", async () => {
    await using gateway = serveGateway({ "cron.status": () => refuse("missing scope: operator.read") });
    await using transport = startTransport(gateway.url);
    expect(await transport.openConfig(LONG_MS)).toBeUndefined();
    await until("the connection to end", () => gateway.connections === 0);
  });

  test("does not wait longer than it is told to for a gateway that says nothing", async () => {
    await using silence = await serveSilence();
    await using transport = startTransport(silence.url);
    expect(await transport.openConfig(1)).toBeUndefined();
  });

  test("is there the next time, where the gateway took longer than that", async () => {
    await using gateway = serveGateway({ "config.get": view });
    await using door = await serveDoor(gateway.url);
    await using transport = startTransport(door.url);
    expect(await transport.openConfig(1)).toBeUndefined();
    door.open();
    expect((await transport.openConfig(LONG_MS))?.release).toBe("2026.9.6");
    expect(paramsOf(gateway, "connect")).toHaveLength(1);
  });

  test("is none where the CLI is the way that was chosen, and asks nobody", async () => {
    await using gateway = serveGateway();
    await using transport = startTransport(gateway.url, { kind: "cli" });
    expect(await transport.openConfig(LONG_MS)).toBeUndefined();
    expect(gateway.calls).toEqual([]);
  });
});

describe("isRestarting()", () => {
  test("believes for a minute a gateway that says it will be back, and no other", async () => {
    await using gateway = serveGateway();
    let nowMs = 0;
    await using transport = startTransport(gateway.url, { nowMs: () => nowMs });
    expect(transport.isRestarting()).toBeFalse();
    for (const [code, isBelieved] of [
      [undefined, false],
      [1001, false],
      [1012, true],
    ] as const) {
      await transport.open();
      const before = transport.changes.length;
      gateway.drop(code);
      await until("the end to be told", () => transport.changes.length > before);
      expect(transport.isRestarting()).toBe(isBelieved);
    }
    nowMs += 59_999;
    expect(transport.isRestarting()).toBeTrue();
    nowMs += 1;
    expect(transport.isRestarting()).toBeFalse();
  });

  test("is over with the next connection", async () => {
    await using gateway = serveGateway();
    await using transport = startTransport(gateway.url);
    await transport.open();
    gateway.drop(1012);
    await until("the end to be told", () => transport.changes.length > 0);
    expect(transport.isRestarting()).toBeTrue();
    await transport.open();
    expect(transport.isRestarting()).toBeFalse();
  });
});

describe("onConnect()", () => {
  test("is told of each connection once it can be asked, and of no try that came to nothing", async () => {
    await using gateway = serveGateway({ connect: () => "drop" });
    let connects = 0;
    let asked: number[] = [];
    const onConnect = () => {
      connects += 1;
      asked = [...asked, paramsOf(gateway, "cron.status").length];
    };
    await using transport = startTransport(gateway.url, { onConnect });
    await refusalOf(transport.open());
    expect(connects).toBe(0);
    gateway.answers = { "cron.status": () => refuse("missing scope: operator.read") };
    await refusalOf(transport.open());
    expect(connects).toBe(0);
    await using other = startTransport(gateway.url, { onConnect });
    gateway.answers = {};
    await other.open();
    await other.open();
    expect(connects).toBe(1);
    gateway.drop();
    await until("the end to be told", () => other.changes.length > 0);
    await other.open();
    expect(connects).toBe(2);
    // After the first question of each connection.
    expect(asked).toEqual([2, 3]);
  });

  test("is not told of a connection that openConfig() waits for: who made it need not be woken for it", async () => {
    await using gateway = serveGateway();
    let connects = 0;
    await using transport = startTransport(gateway.url, { onConnect: () => (connects += 1) });
    await Promise.all([transport.open(), transport.openConfig(60_000)]);
    expect(connects).toBe(0);
    gateway.drop();
    await until("the end to be told", () => transport.changes.length > 0);
    await transport.openConfig(60_000);
    expect(connects).toBe(0);
  });
});

describe("onChange()", () => {
  test("is told of each job that somebody adds, updates or removes, and of nothing else", async () => {
    await using gateway = serveGateway();
    await using transport = startTransport(gateway.url);
    await transport.open();
    for (const payload of [
      { action: "started" },
      { action: "finished" },
      {},
      null,
      "added",
      { action: ["added"] },
      5,
    ]) {
      gateway.emit("cron", payload);
    }
    gateway.emit("tick", { action: "added" });
    gateway.emit("cron.added", { action: "added" });
    for (const action of ["added", "updated", "removed"]) gateway.emit("cron", { action, jobId: "id-1" });
    await until("three events", () => transport.changes.length >= 3);
    expect(transport.changes).toEqual(["cron-event", "cron-event", "cron-event"]);
  });

  test("is told once that the connection has ended", async () => {
    await using gateway = serveGateway();
    await using transport = startTransport(gateway.url);
    await transport.open();
    gateway.drop();
    await until("the end to be told", () => transport.changes.length > 0);
    await transport.close();
    expect(transport.changes).toEqual(["disconnect"]);
  });

  test("is not told of an end that we brought about", async () => {
    await using gateway = serveGateway();
    const transport = startTransport(gateway.url);
    await transport.open();
    await transport.close();
    await transport.close();
    expect(transport.changes).toEqual([]);
  });
});

describe("the way that is taken", () => {
  /** Starts a transport while this is the only `openclaw` on PATH, or there is none; until it is closed. */
  async function startBesideCli(script: string | undefined, url: string, more: Partial<TransportOptions> = {}) {
    const scratch = await createScratch();
    const path = process.env.PATH;
    if (script) await writeFile(scratch.in("openclaw"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    process.env.PATH = scratch.path;
    const transport = startTransport(url, { kind: "auto", ...more });
    return {
      ...transport,
      async [Symbol.asyncDispose]() {
        await transport.close();
        process.env.PATH = path;
        await scratch[Symbol.asyncDispose]();
      },
    };
  }

  const WORKING = `case $1 in --version) echo "OpenClaw 2026.9.6 (eb377ac)" ;; *) echo '{"jobs": []}' ;; esac`;
  const refusing = () => refuse("unauthorized: gateway token mismatch");

  test("is the gateway where it lets us in, whatever is on PATH", async () => {
    await using gateway = serveGateway();
    await using transport = await startBesideCli(WORKING, gateway.url);
    expect(await transport.open()).toMatchObject({ transport: "gateway" });
  });

  test("is the CLI where the gateway does not, with one WARNING", async () => {
    await using gateway = serveGateway({ connect: refusing });
    await using transport = await startBesideCli(WORKING, gateway.url);
    const store = await transport.open();
    expect(store).toMatchObject({ transport: "cli", version: "2026.9.6" });
    expect(await store.listJobs()).toEqual([]);
    expect(transport.lines).toHaveLength(1);
    await transport.open();
    expect(transport.lines).toEqual([
      expect.stringMatching(/^WARNING: Using the openclaw CLI: the gateway at .* does not/),
    ]);
  });

  test("is the gateway again as soon as that lets us in", async () => {
    await using gateway = serveGateway({ connect: refusing });
    let now = 0;
    await using transport = await startBesideCli(WORKING, gateway.url, { nowMs: () => now });
    await transport.open();
    gateway.answers = {};
    now += 60_000;
    expect(await transport.open()).toMatchObject({ transport: "gateway" });
  });

  test("is none where the gateway is not there: the CLI would not find it either", async () => {
    await using transport = await startBesideCli(WORKING, await findNobody());
    expect(await refusalOf(transport.open())).toMatchObject({ code: "unreachable" });
  });

  test.each([
    ["is not there", undefined],
    ["is killed, for want of memory", "kill -9 $$"],
  ])("is none, for the gateway's reason, where the CLI %s", async (_, script) => {
    await using gateway = serveGateway({ connect: refusing });
    await using transport = await startBesideCli(script, gateway.url);
    expect(await refusalOf(transport.open())).toMatchObject({ code: "refused" });
  });

  test("is never the CLI where the gateway is asked for", async () => {
    await using gateway = serveGateway({ connect: refusing });
    await using transport = await startBesideCli(WORKING, gateway.url, { kind: "gateway" });
    expect(await refusalOf(transport.open())).toMatchObject({ code: "refused" });
  });

  test("is no sign that the main process is up where the CLI does not reach it", async () => {
    const script = `case $1 in --version) echo "2026.2.9" ;; *) echo "Error: gateway closed (1006)" >&2; exit 1 ;; esac`;
    await using transport = await startBesideCli(script, await findNobody(), { kind: "cli" });
    expect(await transport.probe()).toEqual({ isUp: false, reason: expect.stringContaining("gateway closed") });
  });

  test("is never the gateway where the CLI is asked for", async () => {
    await using gateway = serveGateway();
    await using transport = await startBesideCli(WORKING, gateway.url, { kind: "cli" });
    expect(await transport.open()).toMatchObject({ transport: "cli" });
    expect(await transport.probe()).toEqual({ isUp: true });
    expect(gateway.calls).toEqual([]);
  });
});

describe("listJobs()", () => {
  /** A gateway with these jobs, which shows them so many at a time. */
  function paging(ids: string[], size: number, revision?: () => string) {
    return {
      "cron.list": ({ offset }: { offset?: unknown }): Reply => {
        const from = Number(offset ?? 0);
        const jobs = ids.slice(from, from + size).map((id) => liveJob({ id }));
        const next = from + jobs.length;
        const more = { total: ids.length, hasMore: next < ids.length, nextOffset: next < ids.length ? next : null };
        return { payload: { jobs, ...more, ...(revision ? { snapshotRevision: revision() } : {}) } };
      },
    };
  }

  const idsOf = async (store: CronStore) => (await store.listJobs()).map(({ id }) => id);

  test("takes a list without pages whole, and asks for none: 2026.2.9 knows no pages", async () => {
    await using at = await openStore({ "cron.list": () => ({ payload: { jobs: [liveJob()] } }) });
    expect(await idsOf(at.store)).toEqual(["id-1"]);
    expect(paramsOf(at.gateway, "cron.list")).toEqual([{ includeDisabled: true }]);
  });

  test("reads every page", async () => {
    const ids = Array.from({ length: 7 }, (_, index) => `id-${index}`);
    await using at = await openStore(paging(ids, 3, () => "1"));
    expect(await idsOf(at.store)).toEqual(ids);
    expect(paramsOf(at.gateway, "cron.list")).toEqual([
      { includeDisabled: true },
      { includeDisabled: true, limit: 200, offset: 3 },
      { includeDisabled: true, limit: 200, offset: 6 },
    ]);
  });

  test("lets the pages overlap where no revision tells that the list has moved", async () => {
    const ids = Array.from({ length: 7 }, (_, index) => `id-${index}`);
    await using at = await openStore(paging(ids, 3));
    expect(await idsOf(at.store)).toEqual(ids);
    expect(paramsOf(at.gateway, "cron.list").slice(1)).toEqual([
      { includeDisabled: true, limit: 200, offset: 2 },
      { includeDisabled: true, limit: 200, offset: 4 },
    ]);
  });

  test("misses no job where one went from the first page and another came at the end", async () => {
    const ids = ["a", "b", "c", "d"];
    const answers = paging(ids, 2);
    await using at = await openStore({
      "cron.list": (params) => {
        const reply = answers["cron.list"](params);
        if (ids[0] === "a") ids.splice(0, 4, "b", "c", "d", "e"); // as many as before
        return reply;
      },
    });
    expect(await idsOf(at.store)).toEqual(["b", "c", "d", "e"]);
  });

  test("keeps of a job what it does not know", async () => {
    await using at = await openStore({
      "cron.list": () => ({ payload: { jobs: [{ ...liveJob(), scheduledToolPolicy: { mode: "x" } }], new: true } }),
    });
    expect(await at.store.listJobs()).toMatchObject([{ scheduledToolPolicy: { mode: "x" } }]);
  });

  test("reads again where the list has changed between two pages", async () => {
    let revision = 0;
    await using at = await openStore(paging(["a", "b", "c"], 2, () => String(Math.min((revision += 1), 3))));
    expect(await idsOf(at.store)).toEqual(["a", "b", "c"]);
    expect(paramsOf(at.gateway, "cron.list")).toHaveLength(4);
  });

  test("reads again where a page has shifted and shows a job twice", async () => {
    let calls = 0;
    const answers = paging(["a", "b", "c"], 2);
    await using at = await openStore({
      "cron.list": (params) => {
        calls += 1;
        return calls === 2
          ? { payload: { jobs: [liveJob({ id: "b" })], total: 3, hasMore: false } }
          : answers["cron.list"](params);
      },
    });
    expect(await idsOf(at.store)).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["is cut short", () => ({ jobs: [liveJob()], total: 2, hasMore: false })],
    [
      "holds more than it says",
      () => ({ jobs: [liveJob({ id: "a" }), liveJob({ id: "b" })], total: 1, hasMore: false }),
    ],
    ["shows a job twice", () => ({ jobs: [liveJob(), liveJob()], hasMore: false })],
    ["promises more and stays where it is", () => ({ jobs: [liveJob()], hasMore: true })],
    ["shows the same page again and again", () => ({ jobs: [liveJob()], hasMore: true, snapshotRevision: "1" })],
    ["promises more and shows nothing", () => ({ jobs: [], hasMore: true })],
    ["is another each time", revisions()],
  ])("does not act on a list that %s", async (_, answer) => {
    await using at = await openStore({ "cron.list": () => ({ payload: answer() }) });
    expect(await refusalOf(at.store.listJobs())).toMatchObject({
      code: "rejected",
      message: "cron.list: the list kept changing while it was read",
    });
    expect(paramsOf(at.gateway, "cron.list").length).toBeLessThan(20);
  });

  test.each<[string, unknown]>([
    ["the whole of it", null],
    ["the whole of it", "no list"],
    ["jobs", []],
    ["jobs", {}],
    ["jobs", { jobs: null }],
    ["jobs", { jobs: { length: 0 } }],
    ["jobs.0", { jobs: [5] }],
    ["jobs.0.id", { jobs: [{ ...liveJob(), id: "" }] }],
    ["jobs.0.id", { jobs: [{ ...liveJob(), id: 5 }] }],
    ["jobs.0.name", { jobs: [{ ...liveJob(), name: undefined }] }],
    ["jobs.0.schedule", { jobs: [{ ...liveJob(), schedule: "0 3 * * *" }] }],
    ["jobs.1.payload", { jobs: [liveJob(), { ...liveJob(), payload: null }] }],
    ["jobs.0.declarationKey", { jobs: [{ ...liveJob(), declarationKey: 5 }] }],
    ["total", { jobs: [], total: "0" }],
  ])("does not act on a list that makes no sense at %s (case %#)", async (field, payload) => {
    await using at = await openStore({ "cron.list": () => ({ payload }) });
    expect(await refusalOf(at.store.listJobs())).toMatchObject({
      code: "rejected",
      message: `cron.list: the reply makes no sense at ${field}; nothing is changed`,
    });
  });

  test("does not act on a list whose connection is cut in the middle", async () => {
    const answers = paging(["a", "b", "c"], 2);
    await using at = await openStore({
      "cron.list": (params) => (params.offset === undefined ? answers["cron.list"](params) : "drop"),
    });
    expect(await refusalOf(at.store.listJobs())).toMatchObject({ code: "unreachable" });
    await until("the end to be told", () => at.transport.changes.length > 0);
    expect(at.transport.changes).toEqual(["disconnect"]);
    expect(await refusalOf(at.store.listJobs())).toMatchObject({ code: "unreachable" });
  });

  test("says in the gateway's words what it does not like", async () => {
    await using at = await openStore({ "cron.list": () => refuse("cron is disabled") });
    expect(await refusalOf(at.store.listJobs())).toMatchObject({ code: "rejected", message: "cron is disabled" });
  });
});

/** Pages of one job, each of another revision. */
function revisions() {
  let count = 0;
  return () => {
    count += 1;
    return { jobs: [liveJob({ id: `id-${count}` })], hasMore: true, snapshotRevision: String(count) };
  };
}

describe("addJob()", () => {
  test("sends the job, its key, and what the gateway must be told", async () => {
    await using at = await openStore({});
    await at.store.addJob(toJobSpec(define(), NEW), "config-manager:backup");
    await at.store.addJob(toJobSpec(define({ wake: "next-heartbeat" }), NEW));
    expect(paramsOf(at.gateway, "cron.add")).toEqual([
      { ...toJobSpec(define(), NEW), wakeMode: "now", declarationKey: "config-manager:backup" },
      { ...toJobSpec(define(), NEW), wakeMode: "next-heartbeat" },
    ]);
  });

  test("sends no delivery for a main session without: 2026.2.9 refuses it", async () => {
    await using at = await openStore({});
    await at.store.addJob(toJobSpec(define({ systemEvent: "x" }), NEW));
    await at.store.addJob(toJobSpec(define({ systemEvent: "x", delivery: { mode: "announce" } }), NEW));
    const [without, withDelivery] = paramsOf(at.gateway, "cron.add");
    expect(without).not.toHaveProperty("delivery");
    expect(withDelivery).toMatchObject({ delivery: { mode: "announce" } });
  });

  test.each(Object.entries(ODD_NAMES))("sends a name with %s as it is", async (_, name) => {
    await using at = await openStore({});
    await at.store.addJob(toJobSpec(define({ name, command: [name] }), NEW), `config-manager:${name}`);
    expect(paramsOf(at.gateway, "cron.add")).toMatchObject([
      { name, declarationKey: `config-manager:${name}`, payload: { argv: [name] } },
    ]);
  });

  test("says in the gateway's words what it does not like", async () => {
    await using at = await openStore({ "cron.add": () => refuse("invalid cron.add params: bad expression") });
    expect(await refusalOf(at.store.addJob(toJobSpec(define(), NEW)))).toMatchObject({
      code: "rejected",
      message: "invalid cron.add params: bad expression",
      retryAfterMs: undefined,
    });
  });

  test("hands on how long the gateway wants to be left alone", async () => {
    const limited = {
      code: "UNAVAILABLE",
      message: "rate limit exceeded for cron.add",
      retryable: true,
      retryAfterMs: 41_000,
    };
    await using at = await openStore({ "cron.add": () => ({ error: limited }) });
    expect(await refusalOf(at.store.addJob(toJobSpec(define(), NEW)))).toMatchObject({
      code: "rejected",
      retryAfterMs: 41_000,
    });
  });

  test.each([
    ["declaration keys", "at root: unexpected property 'declarationKey'", { ...NEW, declarationKey: false }],
    ["command jobs", "at /payload: unexpected property 'argv'", { ...NEW, commandPayload: false }],
  ])("learns that there are no %s, and asks for another plan", async (_, words, features) => {
    await using at = await openStore({ "cron.add": () => refuse(`invalid cron.add params: ${words}`) });
    expect(await refusalOf(at.store.addJob(toJobSpec(define(), NEW), "key"))).toMatchObject({ code: "conflict" });
    expect(at.store.features).toEqual(features);
    // Said again, it is a refusal like any other, or nobody would ever come to an end.
    expect(await refusalOf(at.store.addJob(toJobSpec(define(), NEW), "key"))).toMatchObject({ code: "rejected" });
  });

  test("does not know what became of it where the connection is cut", async () => {
    await using at = await openStore({ "cron.add": () => "drop" });
    expect(await refusalOf(at.store.addJob(toJobSpec(define(), NEW)))).toMatchObject({ code: "unreachable" });
  });
});

describe("updateJob()", () => {
  test("sends the patch, and the revision where there is one", async () => {
    await using at = await openStore({});
    await at.store.updateJob("id-1", { description: "x", agentId: null }, "sha256:1");
    await at.store.updateJob("id-2", {});
    expect(paramsOf(at.gateway, "cron.update")).toEqual([
      { id: "id-1", patch: { description: "x", agentId: null }, expectedConfigRevision: "sha256:1" },
      { id: "id-2", patch: {} },
    ]);
  });

  test.each([
    ["has changed", { details: { code: "CRON_JOB_CHANGED" } }, "cron job changed"],
    ["is gone (2026.9.6)", { details: { code: "CRON_JOB_NOT_FOUND" } }, "cron job not found"],
    ["is gone (2026.6.11)", {}, "invalid cron.update params: id not found"],
    ["is gone (2026.2.9)", {}, "unknown cron job id: id-1"],
  ])("asks for another plan where the job %s", async (_, more, words) => {
    await using at = await openStore({ "cron.update": () => refuse(words, more) });
    expect(await refusalOf(at.store.updateJob("id-1", {}, "1"))).toMatchObject({ code: "conflict" });
  });

  test("takes no other refusal for that", async () => {
    await using at = await openStore({ "cron.update": () => refuse("bad patch", { details: { code: "BAD_PATCH" } }) });
    expect(await refusalOf(at.store.updateJob("id-1", {}))).toMatchObject({ code: "rejected", message: "bad patch" });
  });
});

describe("removeJob()", () => {
  test("sends the id", async () => {
    await using at = await openStore({ "cron.remove": () => ({ payload: { removed: true } }) });
    await at.store.removeJob("id-1");
    expect(paramsOf(at.gateway, "cron.remove")).toEqual([{ id: "id-1" }]);
  });

  test.each([
    ["2026.9.6", refuse("cron job not found", { details: { code: "CRON_JOB_NOT_FOUND" } })],
    ["2026.6.11", refuse("invalid cron.remove params: id not found")],
    ["2026.2.9", { payload: { removed: false } }],
  ] satisfies [string, Reply][])("is content with a job that is gone already, as %s says it", async (_, reply) => {
    await using at = await openStore({ "cron.remove": () => reply });
    await at.store.removeJob("id-1");
  });

  test("takes no other refusal for that", async () => {
    await using at = await openStore({ "cron.remove": () => refuse("system jobs cannot be removed") });
    expect(await refusalOf(at.store.removeJob("id-1"))).toMatchObject({ code: "rejected" });
  });
});

test("a call after close() says that there is no connection", async () => {
  await using at = await openStore({});
  await at.transport.close();
  expect(await thrownBy(at.store.listJobs())).toMatchObject({ code: "unreachable" });
});
