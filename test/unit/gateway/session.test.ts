import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { createSystemClock } from "../../../lib/clock.ts";
import { type SessionOptions, createSessionKeeper } from "../../../lib/gateway/session.ts";
import { clockAt, createClock, createScratch, greeting, refusalOf, serveGateway } from "../../support/fakes.ts";
import { findUnusedUrl, paramsOf, refuse, serveProxy } from "../../support/fake-servers.ts";
import { until } from "../../support/until.ts";

const NO_CREDENTIALS = { tokenFile: undefined, pvcConfig: "/nonexistent/openclaw.json", env: {} };

/** A session keeper that is closed with the test, and what it has logged and reported. */
function startKeeper(url: string, more: Partial<SessionOptions> = {}) {
  const lines: string[] = [];
  const events: string[] = [];
  const keeper = createSessionKeeper({
    address: { url, isDefault: false, pvcConfig: "/nonexistent/openclaw.json", env: {} },
    credentials: NO_CREDENTIALS,
    devicePath: "/dev/null/device.pem",
    mayCreate: true,
    clock: createSystemClock(),
    log: (line) => lines.push(line),
    onEvent: (reason) => events.push(reason),
    ...more,
  });
  return { keeper, lines, events, [Symbol.asyncDispose]: () => keeper.close() };
}

/** Ends all connections of the gateway and waits until the keeper has reported it. */
async function disconnect(gateway: { drop(code?: number): void }, events: string[], code?: number): Promise<void> {
  const count = events.length;
  gateway.drop(code);
  await until("the disconnect", () => events.length > count);
}

describe("open()", () => {
  test("logs in and logs the release", async () => {
    await using gateway = serveGateway();
    await using at = startKeeper(gateway.url);
    expect(at.keeper.current).toBeUndefined();
    const session = await at.keeper.open();
    expect(session).toMatchObject({ gateway: { version: "2026.9.6" }, cron: { transport: "gateway" } });
    expect(session.config.release).toBe("2026.9.6");
    expect(at.keeper.current).toBe(session);
    expect(at.lines).toEqual([`Connected to gateway: ${gateway.url} (OpenClaw 2026.9.6, protocol 4)`]);
  });

  test("keeps a connection that is up", async () => {
    await using gateway = serveGateway();
    await using at = startKeeper(gateway.url);
    expect(await at.keeper.open()).toBe(await at.keeper.open());
    expect(paramsOf(gateway, "connect")).toHaveLength(1);
    expect(at.lines).toHaveLength(1);
  });

  test("logs ten connections in ten minutes, and no more", async () => {
    await using gateway = serveGateway();
    const clock = createClock();
    await using at = startKeeper(gateway.url, { clock });
    for (const [minutes, lines] of [
      [0, 10],
      [10, 11],
    ] as const) {
      clock.advance(minutes * 60_000);
      for (let times = 0; times < (minutes === 0 ? 12 : 1); times++) {
        await at.keeper.open();
        await disconnect(gateway, at.events);
      }
      expect(at.lines).toHaveLength(lines);
    }
  });

  test("joins a login in progress", async () => {
    await using gateway = serveGateway();
    await using proxy = await serveProxy(gateway.url);
    await using at = startKeeper(proxy.url);
    const sessions = [at.keeper.open(), at.keeper.open()];
    proxy.open();
    const [one, other] = await Promise.all(sessions);
    expect(one).toBe(other);
    expect(paramsOf(gateway, "connect")).toHaveLength(1);
  });

  test("logs in again after the connection has ended, with credentials read anew", async () => {
    await using gateway = serveGateway();
    await using scratch = await createScratch();
    const tokenFile = scratch.in("token");
    await writeFile(tokenFile, "old");
    await using at = startKeeper(gateway.url, { credentials: { ...NO_CREDENTIALS, tokenFile } });
    const first = await at.keeper.open();
    await disconnect(gateway, at.events);
    expect(at.keeper.current).toBeUndefined();
    await writeFile(tokenFile, "new");
    expect(await at.keeper.open()).not.toBe(first);
    expect(paramsOf(gateway, "connect")).toMatchObject([{ auth: { token: "old" } }, { auth: { token: "new" } }]);
  });

  test("does not connect when the token cannot be read", async () => {
    await using gateway = serveGateway();
    await using at = startKeeper(gateway.url, { credentials: { ...NO_CREDENTIALS, tokenFile: "/nonexistent/token" } });
    expect(await refusalOf(at.keeper.open())).toMatchObject({ code: "refused" });
    expect(gateway.calls).toEqual([]);
  });

  test("asks an unreachable gateway again each time", async () => {
    await using gateway = serveGateway({ connect: () => "drop" });
    await using at = startKeeper(gateway.url, { clock: clockAt(() => 0) });
    for (const attempt of [1, 2]) {
      expect(await refusalOf(at.keeper.open())).toMatchObject({ code: "unreachable" });
      expect(paramsOf(gateway, "connect")).toHaveLength(attempt);
    }
    gateway.answers = {};
    expect((await at.keeper.open()).gateway.isOpen).toBe(true);
  });
});

describe("the start of the gateway", () => {
  const upFor = (uptimeMs: number) => ({ connect: () => ({ payload: { ...greeting(), snapshot: { uptimeMs } } }) });

  test("is that of its process, up to our login", async () => {
    await using gateway = serveGateway(upFor(20_000));
    await using at = startKeeper(gateway.url);
    const { config } = await at.keeper.open();
    const { sinceMs, readyMs } = config.start ?? { sinceMs: 0, readyMs: 0 };
    expect(Date.now() - (config.processStartedMs ?? 0)).toBeWithin(20_000, 25_000);
    // A start before that may have failed, after it had changed the config.
    expect((config.processStartedMs ?? 0) - sinceMs).toBe(120_000);
    expect(Date.now() - readyMs).toBeWithin(0, 5_000);
  });

  test("ends two minutes after it began: a gateway that we meet later was ready before", async () => {
    await using gateway = serveGateway(upFor(3_600_000));
    await using at = startKeeper(gateway.url);
    const { config } = await at.keeper.open();
    const { readyMs } = config.start ?? { readyMs: 0 };
    expect(readyMs - (config.processStartedMs ?? 0)).toBe(120_000);
    expect(Date.now() - readyMs).toBeGreaterThan(3_000_000);
  });

  test("is unknown at the first login to a gateway that does not tell", async () => {
    await using gateway = serveGateway();
    await using at = startKeeper(gateway.url);
    const { config } = await at.keeper.open();
    expect([config.start, config.processStartedMs]).toEqual([undefined, undefined]);
  });

  test("is at the end of the last connection if it restarted in its process, or does not tell", async () => {
    for (const answers of [upFor(3_600_000), {}]) {
      await using gateway = serveGateway(answers);
      let now = Date.now();
      await using at = startKeeper(gateway.url, { clock: clockAt(() => now) });
      await at.keeper.open();
      await disconnect(gateway, at.events);
      const endedMs = now;
      now += 15_000;
      const { config } = await at.keeper.open();
      expect(config.start).toEqual({ sinceMs: endedMs, readyMs: now });
      // It is still the same process.
      const isKnown = config.processStartedMs !== undefined;
      expect(isKnown && Date.now() - (config.processStartedMs ?? 0) > 3_000_000).toBe(isKnown);
    }
  });
});

describe("open() after a refusal", () => {
  const wrongToken = () => refuse("unauthorized: gateway token mismatch", { details: { code: "AUTH_TOKEN_MISMATCH" } });

  test("asks again only after 60 s: the gateway counts failed logins", async () => {
    await using gateway = serveGateway({ connect: wrongToken });
    let now = 1_000_000;
    await using at = startKeeper(gateway.url, { clock: clockAt(() => now) });
    const first = await refusalOf(at.keeper.open());
    expect(first.code).toBe("refused");
    now += 59_999;
    expect(await refusalOf(at.keeper.open())).toBe(first);
    expect(paramsOf(gateway, "connect")).toHaveLength(1);
    now += 1;
    gateway.answers = {};
    expect((await at.keeper.open()).gateway.isOpen).toBe(true);
  });

  test.each([-3_600_000, 3_600_000])("asks again after 60 s if the clock is set by %d ms", async (stepMs) => {
    await using gateway = serveGateway({ connect: wrongToken });
    const clock = createClock();
    await using at = startKeeper(gateway.url, { clock });
    const first = await refusalOf(at.keeper.open());
    clock.step(stepMs);
    clock.advance(59_999);
    expect(await refusalOf(at.keeper.open())).toBe(first);
    clock.advance(1);
    expect(await refusalOf(at.keeper.open())).not.toBe(first);
  });

  test("waits longer when the gateway asks for it", async () => {
    await using gateway = serveGateway({ connect: () => refuse("too many failed logins", { retryAfterMs: 300_000 }) });
    let now = 1_000_000;
    await using at = startKeeper(gateway.url, { clock: clockAt(() => now) });
    expect(await refusalOf(at.keeper.open())).toMatchObject({ retryAfterMs: 300_000 });
    now += 299_999;
    await refusalOf(at.keeper.open());
    expect(paramsOf(gateway, "connect")).toHaveLength(1);
    now += 1;
    await refusalOf(at.keeper.open());
    expect(paramsOf(gateway, "connect")).toHaveLength(2);
  });

  test("asks at once with another token", async () => {
    await using gateway = serveGateway({ connect: wrongToken });
    await using scratch = await createScratch();
    const tokenFile = scratch.in("token");
    await writeFile(tokenFile, "old");
    const credentials = { ...NO_CREDENTIALS, tokenFile };
    await using at = startKeeper(gateway.url, { credentials, clock: clockAt(() => 0) });
    await refusalOf(at.keeper.open());
    gateway.answers = {};
    await refusalOf(at.keeper.open());
    await writeFile(tokenFile, "new");
    expect((await at.keeper.open()).gateway.isOpen).toBe(true);
  });

  test("forgets the refusal with the next session", async () => {
    await using gateway = serveGateway({ connect: wrongToken });
    let now = 0;
    await using at = startKeeper(gateway.url, { clock: clockAt(() => now) });
    await refusalOf(at.keeper.open());
    gateway.answers = {};
    now = 60_000;
    await at.keeper.open();
    await disconnect(gateway, at.events);
    now = 0;
    expect((await at.keeper.open()).gateway.isOpen).toBe(true);
  });
});

describe("isRestarting()", () => {
  test.each([
    ["cut", undefined, false],
    ["closed with 1001", 1001, false],
    ["closed with 1012, service restart", 1012, true],
  ])("after the connection was %s", async (_, code, isRestarting) => {
    await using gateway = serveGateway();
    await using at = startKeeper(gateway.url);
    await at.keeper.open();
    expect(at.keeper.isRestarting()).toBe(false);
    await disconnect(gateway, at.events, code);
    expect(at.keeper.isRestarting()).toBe(isRestarting);
  });

  test("ends after 60 s", async () => {
    await using gateway = serveGateway();
    let now = 0;
    await using at = startKeeper(gateway.url, { clock: clockAt(() => now) });
    await at.keeper.open();
    await disconnect(gateway, at.events, 1012);
    now = 59_999;
    expect(at.keeper.isRestarting()).toBe(true);
    now = 60_000;
    expect(at.keeper.isRestarting()).toBe(false);
  });

  test.each([-3_600_000, 3_600_000])("lasts no longer and no shorter if the clock is set by %d ms", async (stepMs) => {
    await using gateway = serveGateway();
    const clock = createClock();
    await using at = startKeeper(gateway.url, { clock });
    await at.keeper.open();
    await disconnect(gateway, at.events, 1012);
    clock.step(stepMs);
    clock.advance(59_999);
    expect(at.keeper.isRestarting()).toBe(true);
    clock.advance(1);
    expect(at.keeper.isRestarting()).toBe(false);
  });

  test("ends with the next session", async () => {
    await using gateway = serveGateway();
    await using at = startKeeper(gateway.url);
    await at.keeper.open();
    await disconnect(gateway, at.events, 1012);
    expect(at.keeper.isRestarting()).toBe(true);
    await at.keeper.open();
    expect(at.keeper.isRestarting()).toBe(false);
  });
});

describe("onEvent()", () => {
  test("reports connect for each new session, after its first call was answered", async () => {
    await using gateway = serveGateway();
    const callsBefore: number[] = [];
    const events: string[] = [];
    await using at = startKeeper(gateway.url, {
      onEvent(reason) {
        if (reason === "connect") callsBefore.push(paramsOf(gateway, "cron.status").length);
        events.push(reason);
      },
    });
    await at.keeper.open();
    await at.keeper.open();
    await disconnect(gateway, events);
    await at.keeper.open();
    expect(events).toEqual(["connect", "disconnect", "connect"]);
    expect(callsBefore).toEqual([1, 2]);
  });

  test("reports nothing of a login that failed", async () => {
    await using at = startKeeper(await findUnusedUrl());
    await refusalOf(at.keeper.open());
    await using gateway = serveGateway({ "cron.status": () => refuse("missing scope: operator.read") });
    await using other = startKeeper(gateway.url);
    await refusalOf(other.keeper.open());
    await until("the connection to end", () => gateway.connections === 0);
    expect([...at.events, ...other.events]).toEqual([]);
    expect([...at.lines, ...other.lines]).toEqual([]);
  });

  test("reports a cron-event for each job that is added, updated or removed, and for nothing else", async () => {
    await using gateway = serveGateway();
    await using at = startKeeper(gateway.url);
    await at.keeper.open();
    const others = [{ action: "started" }, { action: "finished" }, {}, null, "added", { action: ["added"] }, 5];
    for (const payload of others) gateway.emit("cron", payload);
    gateway.emit("tick", { action: "added" });
    gateway.emit("cron.added", { action: "added" });
    for (const action of ["added", "updated", "removed"]) gateway.emit("cron", { action, jobId: "id-1" });
    await until("three events", () => at.events.length >= 4);
    expect(at.events).toEqual(["connect", "cron-event", "cron-event", "cron-event"]);
  });

  test("reports disconnect once, and not for close()", async () => {
    await using gateway = serveGateway();
    await using at = startKeeper(gateway.url);
    await at.keeper.open();
    await disconnect(gateway, at.events);
    await at.keeper.close();
    expect(at.events).toEqual(["connect", "disconnect"]);
    await at.keeper.open();
    await at.keeper.close();
    await at.keeper.close();
    expect(at.events).toEqual(["connect", "disconnect", "connect"]);
  });
});

describe("close()", () => {
  test("ends the session", async () => {
    await using gateway = serveGateway();
    await using at = startKeeper(gateway.url);
    const { cron } = await at.keeper.open();
    await at.keeper.close();
    expect(at.keeper.current).toBeUndefined();
    expect(await refusalOf(cron.listJobs())).toMatchObject({ code: "interrupted" });
    await until("the connection to end", () => gateway.connections === 0);
  });

  test("does nothing without a session", async () => {
    await using at = startKeeper(await findUnusedUrl());
    await at.keeper.close();
    expect(at.events).toEqual([]);
  });
});
