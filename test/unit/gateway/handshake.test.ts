import { describe, expect, test } from "bun:test";
import { readDevice } from "../../../lib/gateway/device.ts";
import { buildConnectParams } from "../../../lib/gateway/handshake.ts";
import { createScratch } from "../../support/fakes.ts";

describe("buildConnectParams()", () => {
  const challenge = { nonce: "nonce", challengeTs: 1_000 };

  test("covers the protocols of all releases and asks for operator.admin", async () => {
    expect(await buildConnectParams({ token: "t" }, undefined, challenge)).toMatchObject({
      minProtocol: 3,
      maxProtocol: 4,
      role: "operator",
      scopes: ["operator.admin"],
      auth: { token: "t" },
    });
  });

  test("sends a password where that is what we have", async () => {
    const { auth } = await buildConnectParams({ password: "p" }, undefined, challenge);
    expect(auth).toEqual({ password: "p" });
  });

  test("trims the token", async () => {
    expect((await buildConnectParams({ token: " t\n" }, undefined, challenge)).auth).toEqual({ token: "t" });
  });

  test("sends no device without one: 2026.2.9 refuses it", async () => {
    expect(await buildConnectParams({ token: "t" }, undefined, challenge)).not.toHaveProperty("device");
  });

  test("signs the challenge with the device key", async () => {
    await using scratch = await createScratch();
    const device = await readDevice(scratch.in("device.pem"), { mayCreate: true });
    const sign = async (more: Partial<typeof challenge>) =>
      (await buildConnectParams({ token: "t" }, device, { ...challenge, ...more })).device;
    const first = await sign({});
    expect(first).toMatchObject({ id: device.deviceId, nonce: "nonce", signedAt: 1_000 });
    expect(await sign({})).toEqual(first);
    expect((await sign({ nonce: "other" }))?.signature).not.toBe(first?.signature);
  });
});
