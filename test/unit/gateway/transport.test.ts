import { describe, expect, test } from "bun:test";
import { createSystemClock } from "../../../lib/clock.ts";
import { type TransportOptions, createTransport } from "../../../lib/gateway/transport.ts";
import { type Reply, clockAt, refusalOf, serveGateway } from "../../support/fakes.ts";
import { installCli } from "../../support/fake-cli.ts";
import { findUnusedUrl, paramsOf, refuse, serveProxy, serveSilence } from "../../support/fake-servers.ts";
import { until } from "../../support/until.ts";

/** A transport that is closed with the test, and what it has logged and reported. */
function startTransport(url: string, more: Partial<TransportOptions> = {}) {
  const lines: string[] = [];
  const events: string[] = [];
  const transport = createTransport({
    kind: "gateway",
    address: { url, isDefault: false, pvcConfig: "/nonexistent/openclaw.json", env: {} },
    credentials: { tokenFile: undefined, pvcConfig: "/nonexistent/openclaw.json", env: {} },
    devicePath: "/dev/null/device.pem",
    mayCreate: true,
    clock: createSystemClock(),
    log: (line) => lines.push(line),
    onEvent: (reason) => events.push(reason),
    signal: new AbortController().signal,
    memoryLimit: async () => undefined,
    ...more,
  });
  return { ...transport, lines, events, [Symbol.asyncDispose]: () => transport.close() };
}

const refusing = () => refuse("unauthorized: gateway token mismatch");

describe("open()", () => {
  /** Starts a transport beside this CLI: see {@link installCli}. */
  async function startBesideCli(script: string | undefined, url: string, more: Partial<TransportOptions> = {}) {
    const cli = await installCli(script);
    const transport = startTransport(url, { kind: "auto", ...more });
    return {
      ...transport,
      async [Symbol.asyncDispose]() {
        await transport.close();
        await cli[Symbol.asyncDispose]();
      },
    };
  }

  const WORKING = `case $1 in --version) echo "OpenClaw 2026.9.6 (eb377ac)" ;; *) echo '{"jobs": []}' ;; esac`;

  test("auto uses a gateway that accepts us, and not the CLI", async () => {
    await using gateway = serveGateway();
    await using transport = await startBesideCli(WORKING, gateway.url);
    expect(await transport.open()).toMatchObject({ transport: "gateway" });
    expect(transport.isConnected()).toBe(true);
  });

  test("auto falls back to the CLI when the gateway refuses us, with one WARNING", async () => {
    await using gateway = serveGateway({ connect: refusing });
    await using transport = await startBesideCli(WORKING, gateway.url);
    const store = await transport.open();
    expect(store).toMatchObject({ transport: "cli", version: "2026.9.6" });
    expect(await store.listJobs()).toEqual([]);
    expect(store.findExposed?.({ payload: { input: "s3cret" } })).toHaveLength(1);
    expect(await transport.open()).toBe(store);
    expect(transport.isConnected()).toBe(false);
    expect(transport.lines).toEqual([
      expect.stringMatching(/^WARNING: Using the openclaw CLI: the gateway at .* does not/),
    ]);
  });

  test("cli writes a job's secrets as arguments, since that is asked for", async () => {
    await using gateway = serveGateway();
    await using transport = await startBesideCli(WORKING, gateway.url, { kind: "cli" });
    expect((await transport.open()).findExposed).toBeUndefined();
  });

  test("auto returns to the gateway as soon as it accepts us", async () => {
    await using gateway = serveGateway({ connect: refusing });
    let now = 0;
    await using transport = await startBesideCli(WORKING, gateway.url, { clock: clockAt(() => now) });
    await transport.open();
    gateway.answers = {};
    now += 60_000;
    expect(await transport.open()).toMatchObject({ transport: "gateway" });
  });

  test("auto does not try the CLI when the gateway is unreachable: the CLI could not reach it either", async () => {
    await using transport = await startBesideCli(WORKING, await findUnusedUrl());
    expect(await refusalOf(transport.open())).toMatchObject({ code: "unreachable" });
  });

  test.each([
    ["is not installed", undefined],
    ["is killed, for want of memory", "kill -9 $$"],
  ])("auto gives the gateway's reason when the CLI %s", async (_, script) => {
    await using gateway = serveGateway({ connect: refusing });
    await using transport = await startBesideCli(script, gateway.url);
    expect(await refusalOf(transport.open())).toMatchObject({ code: "refused" });
  });

  test("auto does not try the CLI in a container that is too small for it, and cli does", async () => {
    await using gateway = serveGateway({ connect: refusing });
    const memoryLimit = async () => 128 * 1024 ** 2;
    await using transport = await startBesideCli(WORKING, gateway.url, { memoryLimit });
    const refusal = await refusalOf(transport.open());
    expect(refusal).toMatchObject({ code: "refused", hint: expect.stringContaining("OPENCLAW_GATEWAY_TOKEN") });
    expect(refusal.message).toMatch(
      /does not let us in: .*token mismatch.*; the openclaw CLI is not tried in a container of 128 MiB$/,
    );
    expect(transport.lines).toEqual([]);
    await using asked = await startBesideCli(WORKING, gateway.url, { kind: "cli", memoryLimit });
    expect(await asked.open()).toMatchObject({ transport: "cli" });
  });

  test("auto tries the CLI in a container that is large enough", async () => {
    await using gateway = serveGateway({ connect: refusing });
    const memoryLimit = async () => 512 * 1024 ** 2;
    await using transport = await startBesideCli(WORKING, gateway.url, { memoryLimit });
    expect(await transport.open()).toMatchObject({ transport: "cli" });
  });

  test("gateway never uses the CLI", async () => {
    await using gateway = serveGateway({ connect: refusing });
    await using transport = await startBesideCli(WORKING, gateway.url, { kind: "gateway" });
    expect(await refusalOf(transport.open())).toMatchObject({ code: "refused" });
  });

  test("starts the CLI once for callers that come at the same time, and logs one WARNING", async () => {
    await using gateway = serveGateway({ connect: refusing });
    await using transport = await startBesideCli(WORKING, gateway.url);
    const stores = await Promise.all([transport.open(), transport.open(), transport.open()]);
    expect(new Set(stores).size).toBe(1);
    expect(transport.lines).toHaveLength(1);
  });

  test("cli never uses the gateway", async () => {
    await using gateway = serveGateway();
    await using transport = await startBesideCli(WORKING, gateway.url, { kind: "cli" });
    expect(await transport.open()).toMatchObject({ transport: "cli" });
    expect(await transport.probe()).toEqual({ isUp: true });
    expect(await transport.openConfig(60_000)).toBeUndefined();
    expect(gateway.calls).toEqual([]);
  });

  test("probe() asks the gateway through the CLI, and not only the CLI for its version", async () => {
    const script = `case $1 in --version) echo "2026.2.9" ;; *) echo "Error: gateway closed (1006)" >&2; exit 1 ;; esac`;
    await using transport = await startBesideCli(script, await findUnusedUrl(), { kind: "cli" });
    expect(await transport.probe()).toEqual({ isUp: false, reason: expect.stringContaining("gateway closed") });
  });

  test.each([
    ["is killed", "kill -9 $$"],
    ["is refused", `echo "Error: pairing required" >&2; exit 1`],
    ["is not there", undefined],
  ])("probe() waits for nothing when the CLI %s: a pass tells why", async (_, list) => {
    const script = list && `case $1 in --version) echo "2026.2.9" ;; *) ${list} ;; esac`;
    await using transport = await startBesideCli(script, await findUnusedUrl(), { kind: "cli" });
    expect(await transport.probe()).toEqual({ isUp: true });
  });

  test("probe() of auto asks a gateway that refuses us, and starts no CLI", async () => {
    await using gateway = serveGateway({ connect: refusing });
    await using transport = await startBesideCli("kill -9 $$", gateway.url);
    expect(await transport.probe()).toEqual({ isUp: true });
    expect(transport.lines).toEqual([]);
  });
});

describe("probe()", () => {
  test("is up when the gateway answers, even if it refuses us", async () => {
    await using gateway = serveGateway();
    await using transport = startTransport(gateway.url);
    expect(await transport.probe()).toEqual({ isUp: true });
    await using other = serveGateway({ connect: refusing });
    await using refused = startTransport(other.url);
    expect(await refused.probe()).toEqual({ isUp: true });
  });

  test("is not up when nobody answers, and says why", async () => {
    await using transport = startTransport(await findUnusedUrl());
    expect(await transport.probe()).toEqual({ isUp: false, reason: expect.stringContaining("cannot be reached") });
  });
});

describe("openConfig()", () => {
  const LONG_MS = 60_000;
  const view = (): Reply => ({ payload: { valid: true, hash: "0123", issues: [], warnings: [] } });

  test("reads the config of a gateway that accepts us", async () => {
    await using gateway = serveGateway({ "config.get": view });
    await using transport = startTransport(gateway.url);
    const config = await transport.openConfig(LONG_MS);
    expect(config?.release).toBe("2026.9.6");
    expect(await config?.readView()).toMatchObject({ isValid: true, hash: "0123" });
    expect(paramsOf(gateway, "config.get")).toEqual([{}]);
  });

  test.each(["jobs", "config", "both"] as const)("shares one connection with the jobs (first: %s)", async (first) => {
    await using gateway = serveGateway({ "config.get": view });
    await using transport = startTransport(gateway.url);
    if (first === "jobs") await transport.open();
    if (first === "config") await transport.openConfig(LONG_MS);
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
  });

  test("opens another after the connection has ended", async () => {
    await using gateway = serveGateway({ "config.get": view });
    await using transport = startTransport(gateway.url);
    const first = await transport.openConfig(LONG_MS);
    gateway.drop();
    await until("the disconnect", () => transport.events.length > 0);
    expect(await refusalOf(async () => first?.readView())).toMatchObject({ code: "interrupted" });
    const second = await transport.openConfig(LONG_MS);
    expect(second).not.toBe(first);
    expect(await second?.readView()).toMatchObject({ isValid: true });
    expect(paramsOf(gateway, "connect")).toHaveLength(2);
  });

  test("is undefined after the connection has ended and while there is no other", async () => {
    await using gateway = serveGateway({ "config.get": view });
    await using transport = startTransport(gateway.url);
    await transport.openConfig(LONG_MS);
    gateway.answers = { connect: () => "drop" };
    gateway.drop();
    await until("the disconnect", () => transport.events.includes("disconnect"));
    expect(await transport.openConfig(LONG_MS)).toBeUndefined();
  });

  test("tries again after a login for jobs and config failed", async () => {
    await using gateway = serveGateway({ connect: () => "drop" });
    await using transport = startTransport(gateway.url);
    const [refusal, config] = await Promise.all([refusalOf(transport.open()), transport.openConfig(LONG_MS)]);
    expect(refusal).toMatchObject({ code: "unreachable" });
    expect(config).toBeUndefined();
    gateway.answers = {};
    expect(await transport.openConfig(LONG_MS)).toBeDefined();
  });

  test("is undefined, and throws and logs nothing, when the gateway is unreachable", async () => {
    await using transport = startTransport(await findUnusedUrl());
    expect(await transport.openConfig(LONG_MS)).toBeUndefined();
    expect(transport.lines).toEqual([]);
  });

  test.each(["gateway", "auto"] as const)("is undefined when the gateway refuses us (%s)", async (kind) => {
    await using gateway = serveGateway({ connect: refusing });
    await using transport = startTransport(gateway.url, { kind, clock: clockAt(() => 0) });
    for (let attempt = 0; attempt < 2; attempt++) expect(await transport.openConfig(LONG_MS)).toBeUndefined();
    expect(paramsOf(gateway, "connect")).toHaveLength(1);
    expect(transport.lines).toEqual([]);
  });

  test("is undefined when the gateway accepts us and refuses every call", async () => {
    await using gateway = serveGateway({ "cron.status": () => refuse("missing scope: operator.read") });
    await using transport = startTransport(gateway.url);
    expect(await transport.openConfig(LONG_MS)).toBeUndefined();
    await until("the connection to end", () => gateway.connections === 0);
  });

  test("waits no longer than its limit for a gateway that says nothing", async () => {
    await using silence = await serveSilence();
    await using transport = startTransport(silence.url);
    expect(await transport.openConfig(1)).toBeUndefined();
  });

  test("uses the next time a connection that took longer than the limit", async () => {
    await using gateway = serveGateway({ "config.get": view });
    await using proxy = await serveProxy(gateway.url);
    await using transport = startTransport(proxy.url);
    expect(await transport.openConfig(1)).toBeUndefined();
    proxy.open();
    expect((await transport.openConfig(LONG_MS))?.release).toBe("2026.9.6");
    expect(paramsOf(gateway, "connect")).toHaveLength(1);
  });
});

describe("onEvent()", () => {
  test("reports connect when only open() waits for it", async () => {
    await using gateway = serveGateway();
    await using transport = startTransport(gateway.url);
    await transport.open();
    expect(transport.events).toEqual(["login", "connect"]);
  });

  test("does not report connect to an openConfig() that waits for it, and reports everything else", async () => {
    await using gateway = serveGateway();
    await using transport = startTransport(gateway.url);
    await Promise.all([transport.open(), transport.openConfig(60_000)]);
    expect(transport.events).toEqual(["login"]);
    gateway.emit("cron", { action: "added" });
    await until("the event", () => transport.events.length > 1);
    gateway.drop(1012);
    await until("the disconnect", () => transport.events.length > 2);
    expect(transport.isRestarting()).toBe(true);
    await transport.openConfig(60_000);
    expect(transport.isRestarting()).toBe(false);
    expect(transport.events).toEqual(["login", "cron-event", "disconnect", "login"]);
  });

  test("reports connect when openConfig() has given up waiting", async () => {
    await using gateway = serveGateway();
    await using proxy = await serveProxy(gateway.url);
    await using transport = startTransport(proxy.url);
    expect(await transport.openConfig(1)).toBeUndefined();
    proxy.open();
    await transport.open();
    expect(transport.events).toEqual(["login", "connect"]);
  });
});
