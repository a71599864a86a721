import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { chmod, lstat, mkdir, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { devicePathOf, encodePublicKey, readDevice, signPayload } from "../../../lib/gateway/device.ts";
import { mustRun } from "../../support/process.ts";
import { asOrdinaryUser, createScratch, refusalOf } from "../../support/fakes.ts";

describe("readDevice()", () => {
  test("creates a key with mode 0600, once", async () => {
    await using scratch = await createScratch();
    const path = scratch.in("new", "device.pem");
    const device = await readDevice(path, { mayCreate: true });
    expect(device.deviceId).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readDevice(path, { mayCreate: true })).toEqual(device);
    expect(await readdir(scratch.in("new"))).toEqual(["device.pem"]);
  });

  test("creates a different key at another path", async () => {
    await using scratch = await createScratch();
    const [one, other] = [
      await readDevice(scratch.in("one.pem"), { mayCreate: true }),
      await readDevice(scratch.in("other.pem"), { mayCreate: true }),
    ];
    expect(one.deviceId).not.toBe(other.deviceId);
  });

  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  test.each([
    ["nothing", ""],
    ["half of a key", "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n"],
    ["something else", "not a key"],
    ["another kind of key", rsa.privateKey.export({ type: "pkcs8", format: "pem" })],
  ])("does not replace a file with %s, and does not quote it", async (_, content) => {
    await using scratch = await createScratch();
    const path = scratch.in("device.pem");
    await writeFile(path, content);
    const refusal = await refusalOf(readDevice(path, { mayCreate: true }));
    expect(refusal).toMatchObject({ code: "file", hint: "remove it, and another one is made" });
    expect(refusal.message).toStartWith(`cannot use the device key ${path}: `);
    expect(refusal.message).not.toMatch(/PRIVATE|not a key/);
    expect(await readFile(path, "utf8")).toBe(content);
  });

  test("creates none for a command that writes nothing, and uses one that is there", async () => {
    await using scratch = await createScratch();
    const path = scratch.in("device.pem");
    expect(await refusalOf(readDevice(path, { mayCreate: false }))).toMatchObject({
      code: "refused",
      message: `the gateway wants a device key, and there is none at ${path}`,
      hint: "the sidecar makes it; this command writes nothing",
    });
    expect(await readdir(scratch.path)).toEqual([]);
    const device = await readDevice(path, { mayCreate: true });
    expect(await readDevice(path, { mayCreate: false })).toEqual(device);
  });

  test.each<[string, (path: string) => unknown]>([
    ["a pipe", (path) => mustRun("mkfifo", [path])],
    ["a link to a key", (path) => symlink("other.pem", path)],
    ["a directory", (path) => mkdir(path)],
  ])("does not read or replace %s", async (_, plant) => {
    await using scratch = await createScratch();
    await readDevice(scratch.in("other.pem"), { mayCreate: true });
    await plant(scratch.in("device.pem"));
    const refusal = await refusalOf(readDevice(scratch.in("device.pem"), { mayCreate: true }));
    expect(refusal).toMatchObject({
      code: "file",
      message: expect.stringContaining("expected a regular file"),
    });
    expect((await lstat(scratch.in("device.pem"))).isFile()).toBeFalse();
  });

  test("does not read a file that is far too large for a key", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("device.pem"), "x".repeat(100_000));
    const refusal = await refusalOf(readDevice(scratch.in("device.pem"), { mayCreate: true }));
    expect(refusal).toMatchObject({
      code: "file",
      message: expect.stringContaining("it has 100000 bytes; at most 16384 are read"),
    });
  });

  test("names the system error when the directory is read-only", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o555);
    const refusal = await asOrdinaryUser(() => refusalOf(readDevice(scratch.in("device.pem"), { mayCreate: true })));
    expect(refusal).toMatchObject({ code: "file", message: expect.stringContaining("EACCES") });
  });
});

describe("signPayload()", () => {
  test("creates a signature that the encoded public key verifies", async () => {
    await using scratch = await createScratch();
    const { privateKeyPem, publicKeyPem } = await readDevice(scratch.in("device.pem"), { mayCreate: true });
    const x = encodePublicKey(publicKeyPem);
    expect(Buffer.from(x, "base64url")).toHaveLength(32);
    const shown = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    const signature = Buffer.from(signPayload(privateKeyPem, "v1|payload|é"), "base64url");
    expect(verify(null, Buffer.from("v1|payload|é"), shown, signature)).toBe(true);
    expect(verify(null, Buffer.from("v1|payload|e"), shown, signature)).toBe(false);
  });
});

describe("devicePathOf()", () => {
  test("is beside the staging directory", () => {
    expect(devicePathOf("/home/node/.openclaw/cron-config")).toBe("/home/node/.openclaw/config-manager-device.pem");
    expect(devicePathOf("/home/node/.openclaw/cron-config/")).toBe("/home/node/.openclaw/config-manager-device.pem");
  });
});
