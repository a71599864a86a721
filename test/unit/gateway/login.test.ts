import { existsSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { readDevice } from "../../../lib/gateway/device.ts";
import { featuresOf } from "../../../lib/gateway/features.ts";
import { type LoginOptions, login } from "../../../lib/gateway/login.ts";
import { type FakeGateway, NEW, OLD, createScratch, greeting, refusalOf, serveGateway } from "../../support/fakes.ts";
import { paramsOf, refuse } from "../../support/fake-servers.ts";
import { until } from "../../support/until.ts";

/** Logs in to a fake gateway with these answers and records what the login reports. */
async function logIn(answers: FakeGateway["answers"], devicePath = "/dev/null/device.pem") {
  const gateway = serveGateway(answers);
  const reports: string[] = [];
  const options: LoginOptions = {
    url: gateway.url,
    credentials: { token: "t" },
    readDevice: () => readDevice(devicePath, { mayCreate: true }),
    onEvent: (event) => reports.push(event),
    onClose: () => reports.push("close"),
  };
  const session = login(options);
  session.catch(() => undefined);
  return {
    gateway,
    session,
    reports,
    async [Symbol.asyncDispose]() {
      await session.then((opened) => opened.gateway.close()).catch(() => undefined);
      await gateway[Symbol.asyncDispose]();
    },
  };
}

describe("login()", () => {
  test("knows the features of the release", async () => {
    await using at = await logIn({});
    expect(await at.session).toMatchObject({ gateway: { version: "2026.9.6" }, features: NEW });
  });

  test("uses a device key where the gateway wants to know who connects: 2026.4.15 without auth", async () => {
    await using scratch = await createScratch();
    const connect = (params: object) =>
      "device" in params ? { payload: greeting() } : refuse("device identity required", { code: "NOT_PAIRED" });
    await using at = await logIn({ connect }, scratch.in("device.pem"));
    expect((await at.session).gateway.isOpen).toBe(true);
    expect(paramsOf(at.gateway, "connect").map((params) => "device" in params)).toEqual([false, true]);
  });

  test("ends the session if its token is no longer taken for another connection", async () => {
    await using at = await logIn({});
    const { gateway, openAnother } = await at.session;
    await (await openAnother()).close();
    at.gateway.answers.connect = () => refuse("unauthorized: gateway token mismatch");
    expect(await refusalOf(openAnother())).toMatchObject({ code: "interrupted" });
    expect(gateway.isOpen).toBe(false);
    expect(await refusalOf(gateway.call("cron.list", {}))).toMatchObject({ code: "interrupted" });
  });

  test("is unreachable if the connection ends during the first call", async () => {
    await using at = await logIn({ "cron.status": () => "drop" });
    expect(await refusalOf(at.session)).toMatchObject({ code: "unreachable" });
  });

  test("is unreachable if the answer to the first call is not read", async () => {
    await using at = await logIn({ "cron.status": () => ({ noise: ["[".repeat(1_000)] }) });
    expect(await refusalOf(at.session)).toMatchObject({
      code: "unreachable",
      message: `the gateway at ${at.gateway.url}: it sent a message nested more than 256 deep`,
    });
  });

  test("tells 2026.2.9 from 2026.2.26, which both call themselves dev, by its paging", async () => {
    const connect = () => ({ payload: greeting("dev", 3) });
    await using old = await logIn({ connect, "cron.list": () => refuse("unexpected property 'limit'") });
    expect((await old.session).features).toEqual(OLD);
    await using later = await logIn({ connect });
    expect((await later.session).features).toEqual(featuresOf("2026.2.26", 3));
  });

  test("accepts any answer to its first call but a missing scope", async () => {
    await using at = await logIn({ "cron.status": () => refuse("unknown method: cron.status") });
    expect((await at.session).gateway.isOpen).toBe(true);
  });

  test("is unreachable when the gateway goes away after the handshake", async () => {
    await using at = await logIn({ "cron.status": () => "drop" });
    expect(await refusalOf(at.session)).toMatchObject({ code: "unreachable" });
  });
});

describe("login() to a gateway that trusts devices", () => {
  const missingScope = () => refuse("missing scope: operator.read");

  test("creates no device key while none is required", async () => {
    await using scratch = await createScratch();
    await using at = await logIn({}, scratch.in("device.pem"));
    await at.session;
    expect(existsSync(scratch.in("device.pem"))).toBe(false);
  });

  test("logs in again with a device key when the scope is missing without", async () => {
    await using scratch = await createScratch();
    const devicePath = scratch.in("device.pem");
    let isPaired = false;
    await using at = await logIn(
      {
        connect(params) {
          isPaired = params.device !== undefined;
          return { payload: greeting("2026.4.15", 3) };
        },
        "cron.status": () => (isPaired ? { payload: {} } : missingScope()),
      },
      devicePath,
    );
    expect((await at.session).gateway.version).toBe("2026.4.15");
    expect(paramsOf(at.gateway, "connect")).toMatchObject([
      expect.not.objectContaining({ device: expect.anything() }),
      { auth: { token: "t" }, device: { id: (await readDevice(devicePath, { mayCreate: true })).deviceId } },
    ]);
    expect(at.reports).not.toContain("close");
  });

  test("is refused when the device key does not help either, and closes both connections", async () => {
    await using scratch = await createScratch();
    await using at = await logIn({ "cron.status": missingScope }, scratch.in("device.pem"));
    expect(await refusalOf(at.session)).toMatchObject({
      code: "refused",
      message: "the gateway lets us in, but not to cron.status: missing scope: operator.read",
      hint: expect.stringContaining("openclaw devices approve"),
    });
    await until("the connections to end", () => at.gateway.connections === 0);
    expect(at.reports).not.toContain("close");
  });

  test("says why when there can be no device key", async () => {
    await using at = await logIn({ "cron.status": missingScope });
    expect(await refusalOf(at.session)).toMatchObject({ code: "file" });
  });
});

describe("openAnother()", () => {
  test("opens a connection with the same credentials, and reports neither its events nor its end", async () => {
    await using at = await logIn({});
    const { gateway, openAnother } = await at.session;
    const other = await openAnother();
    expect(other).not.toBe(gateway);
    expect(paramsOf(at.gateway, "connect")).toMatchObject([{ auth: { token: "t" } }, { auth: { token: "t" } }]);
    await gateway.close();
    at.gateway.emit("cron", { action: "added" });
    await other.call("cron.status", {}); // the event arrives before this answer
    at.gateway.drop();
    await until("the end", () => !other.isOpen);
    expect(at.reports).not.toContain("cron");
    expect(at.reports).not.toContain("close");
  });
});
