import { describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { type ConfigPort, findPortMismatch, readConfigPorts } from "../../../lib/commands/gateway-port.ts";
import { createScratch } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

const URL = "ws://127.0.0.1:18789";
const LIVE = "/home/node/.openclaw/openclaw.json";
const live = (port: number): ConfigPort => ({ path: LIVE, port, isLive: true });
const inGit = (port: number): ConfigPort => ({ path: "/etc/openclaw/config.d/openclaw.json", port, isLive: false });

describe("findPortMismatch()", () => {
  test("finds a live config with another port than the address, and says what to set", () => {
    expect(findPortMismatch(URL, [live(19_000), inGit(19_000)], {})).toEqual({
      isLive: true,
      path: LIVE,
      message: `gateway.port of ${LIVE} is another port than that of ${URL}`,
      hint: "OPENCLAW_GATEWAY_PORT=19000",
    });
  });

  test("finds Git's config if the live one has the port of the address, or none", () => {
    for (const ports of [[live(18_789), inGit(19_000)], [inGit(19_000)]]) {
      expect(findPortMismatch(URL, ports, {})).toMatchObject({ isLive: false, path: inGit(0).path });
    }
  });

  test("finds nothing if the ports are the same, or no config has one", () => {
    expect(findPortMismatch(URL, [live(18_789), inGit(18_789)], {})).toBeUndefined();
    expect(findPortMismatch(URL, [], {})).toBeUndefined();
  });

  test("knows the ports that an address leaves out", () => {
    expect(findPortMismatch("ws://localhost", [live(80)], {})).toBeUndefined();
    expect(findPortMismatch("wss://localhost/", [live(443)], {})).toBeUndefined();
    expect(findPortMismatch("wss://[::1]", [live(80)], {})).toBeDefined();
  });

  test.each(["ws://openclaw.openclaw.svc:80", "wss://openclaw.example.com", "ws://10.0.0.7:18789"])(
    "says nothing of %s: a Service or a proxy may have a port of its own",
    (url) => {
      expect(findPortMismatch(url, [live(19_000)], {})).toBeUndefined();
    },
  );

  test("suggests what the address was set with", () => {
    const hintOf = (url: string, env: Record<string, string>) => findPortMismatch(url, [live(19_000)], env)?.hint;
    expect(hintOf("ws://127.0.0.1:1", { OPENCLAW_GATEWAY_PORT: "1" })).toBe("OPENCLAW_GATEWAY_PORT=19000");
    expect(hintOf("ws://localhost:1", { OPENCLAW_GATEWAY_URL: "ws://localhost:1" })).toBe(
      "OPENCLAW_GATEWAY_URL=ws://localhost:19000",
    );
    expect(hintOf("ws://localhost:1/path", { OPENCLAW_GATEWAY_URL: URL })).toBe(
      "--gateway-url=ws://localhost:19000/path",
    );
  });
});

describe("readConfigPorts()", () => {
  test("reads the live config, then Git's", async () => {
    await using scratch = await createScratch();
    const config = await createVolume(scratch.in("config.d"));
    await config.publish({ "openclaw.json": "{gateway: {port: 19000}}" });
    const pvcConfig = scratch.in("openclaw.json");
    await writeFile(pvcConfig, '{"gateway":{"port":18789}}');
    expect(await readConfigPorts({ configDir: config.path, pvcConfig })).toEqual([
      { path: pvcConfig, port: 18_789, isLive: true },
      { path: `${config.path}/openclaw.json`, port: 19_000, isLive: false },
    ]);
  });

  test.each([
    "{",
    "[]",
    "{}",
    "{gateway: 1}",
    '{gateway: {port: "${PORT}"}}',
    "{gateway: {port: 1.5}}",
    "{gateway: {port: 0}}",
    "{gateway: {port: 65536}}",
  ])("reads no port from %s", async (text) => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("config.d"));
    for (const path of [scratch.in("openclaw.json"), scratch.in("config.d", "openclaw.json")]) {
      await writeFile(path, text);
    }
    expect(
      await readConfigPorts({ configDir: scratch.in("config.d"), pvcConfig: scratch.in("openclaw.json") }),
    ).toEqual([]);
  });

  test("reads none where there is no file", async () => {
    expect(await readConfigPorts({ configDir: "/no/config.d", pvcConfig: "/no/openclaw.json" })).toEqual([]);
  });
});
