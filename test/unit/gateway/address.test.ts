import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { X509Certificate } from "node:crypto";
import { dirname } from "node:path";
import { describe, expect, test } from "bun:test";
import { type AddressSources, findAddress } from "../../../lib/gateway/address.ts";
import { LOCAL, OTHER } from "../../support/certificates.ts";
import { mustRun } from "../../support/process.ts";
import { createScratch } from "../../support/fakes.ts";

const WS = "ws://127.0.0.1:18789";
const WSS = "wss://127.0.0.1:18789";
const { raw } = new X509Certificate(LOCAL.cert);

/** A state directory in a home, with this `gateway.tls` in the live config and these files. */
async function layOut(tls: unknown, files: Record<string, string> = {}) {
  const scratch = await createScratch();
  const pvcConfig = scratch.in(".openclaw/openclaw.json");
  const all = { ".openclaw/openclaw.json": `// JSON5\n${JSON.stringify({ gateway: { tls } })}`, ...files };
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(scratch.in(name)), { recursive: true });
    await writeFile(scratch.in(name), text);
  }
  const find = (more: Partial<AddressSources> = {}) =>
    findAddress({ url: WS, isDefault: true, pvcConfig, env: {}, ...more });
  return { scratch, find, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

const MADE = ".openclaw/gateway/tls/gateway-cert.pem";

describe("findAddress()", () => {
  test.each([[undefined], [null], [{}], [{ enabled: false }], [{ enabled: "true" }], [[]]])(
    "is the setting where gateway.tls is %j",
    async (tls) => {
      await using at = await layOut(tls, { [MADE]: LOCAL.cert });
      expect(await at.find()).toEqual({ url: WS });
      expect(await at.find({ url: WSS, isDefault: false })).toEqual({ url: WSS });
    },
  );

  test("is wss:// with the certificate that the gateway has made, where nobody has set it", async () => {
    await using at = await layOut({ enabled: true, autoGenerate: true }, { [MADE]: LOCAL.cert });
    expect(await at.find()).toEqual({ url: WSS, certificate: raw });
    expect(await at.find({ url: WSS, isDefault: false })).toEqual({ url: WSS, certificate: raw });
    expect(await at.find({ url: "wss://localhost:1", isDefault: false })).toMatchObject({ certificate: raw });
    expect(await at.find({ url: "wss://[::1]:1", isDefault: false })).toMatchObject({ certificate: raw });
  });

  test("stays ws:// where that is set, and says what to set", async () => {
    await using at = await layOut({ enabled: true }, { [MADE]: LOCAL.cert });
    const hint = `the gateway speaks TLS: set OPENCLAW_GATEWAY_URL=${WSS}`;
    expect(await at.find({ isDefault: false })).toEqual({ url: WS, hint });
  });

  test("takes no certificate from the config for another host", async () => {
    await using at = await layOut({ enabled: true }, { [MADE]: LOCAL.cert });
    for (const url of ["wss://openclaw.openclaw.svc:18789", "wss://10.0.0.7", "wss://localhost.example.com"]) {
      expect(await at.find({ url, isDefault: false })).toEqual({ url });
    }
  });

  test("finds the certificate that the config names, the first of a chain, and through the links of a Secret", async () => {
    await using at = await layOut(
      { enabled: true, certPath: " ~/tls/tls.crt " },
      { "tls/data": LOCAL.cert + OTHER.cert },
    );
    await symlink("data", at.scratch.in("tls/tls.crt"));
    expect(await at.find()).toEqual({ url: WSS, certificate: raw });
    await using absolute = await layOut({ enabled: true, certPath: at.scratch.in("tls/tls.crt") });
    expect(await absolute.find()).toEqual({ url: WSS, certificate: raw });
    await using state = await layOut({ enabled: true, certPath: "" });
    const env = { OPENCLAW_STATE_DIR: at.scratch.in("state") };
    await mkdir(at.scratch.in("state/gateway/tls"), { recursive: true });
    await writeFile(at.scratch.in("state/gateway/tls/gateway-cert.pem"), LOCAL.cert);
    expect(await state.find({ env })).toEqual({ url: WSS, certificate: raw });
  });

  test.each<[string, (path: string) => unknown]>([
    ["not there", () => undefined],
    ["no certificate", (path) => writeFile(path, LOCAL.key)],
    ["far too large", (path) => writeFile(path, LOCAL.cert + "x".repeat(100_000))],
    ["a directory", (path) => mkdir(path)],
    ["a pipe", (path) => mustRun("mkfifo", [path])],
    ["a device", (path) => symlink("/dev/zero", path)],
  ])("says which file to make readable where it is %s", async (_, plant) => {
    await using at = await layOut({ enabled: true }, { [MADE]: "" });
    await rm(at.scratch.in(MADE));
    await plant(at.scratch.in(MADE));
    expect(await at.find()).toEqual({ url: WSS, hint: `make ${at.scratch.in(MADE)} readable in this container` });
  });
});
