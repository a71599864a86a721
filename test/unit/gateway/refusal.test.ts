import { describe, expect, test } from "bun:test";
import { ManagerError } from "../../../lib/errors.ts";
import {
  GatewayRefusal,
  callError,
  connectError,
  isScopeMissing,
  isUnavailable,
  refusalCode,
  refusalDetails,
} from "../../../lib/gateway/refusal.ts";

const URL = "ws://127.0.0.1:18789";
const answer = (message: string, more: object = {}) =>
  new GatewayRefusal({ code: "INVALID_REQUEST", message, ...more });

describe("connectError()", () => {
  test.each([
    ["pairing required", "openclaw devices approve"],
    ["unauthorized: gateway token mismatch", "OPENCLAW_GATEWAY_TOKEN"],
    ["password missing", "OPENCLAW_GATEWAY_TOKEN"],
  ])("is refused, with a hint, after the answer %j", (message, hint) => {
    expect(connectError({ url: URL }, answer(message))).toMatchObject({
      code: "refused",
      message: `the gateway at ${URL} does not let us in: ${message}`,
      hint: expect.stringContaining(hint),
    });
  });

  test("is refused without a hint after any other answer, and keeps the delay that the gateway asks for", () => {
    expect(connectError({ url: URL }, answer("too many attempts", { retryAfterMs: 5_000 }))).toMatchObject({
      code: "refused",
      hint: undefined,
      retryAfterMs: 5_000,
    });
  });

  test("is unreachable while the gateway is unavailable, and keeps the delay that it asks for", () => {
    const error = answer("gateway starting", { code: "UNAVAILABLE", retryAfterMs: 750 });
    expect(connectError({ url: URL }, error)).toMatchObject({ code: "unreachable", retryAfterMs: 750 });
  });

  test("is unreachable without an answer", () => {
    expect(connectError({ url: URL }, new Error("no answer"))).toMatchObject({
      code: "unreachable",
      message: `the gateway at ${URL} cannot be reached: no answer`,
    });
  });

  test("says what to do about a certificate, and above all what is known of this gateway", () => {
    const error = new Error("TLS handshake failed: self signed certificate");
    expect(connectError({ url: URL }, error).hint).toContain("NODE_EXTRA_CA_CERTS=FILE");
    expect(connectError({ url: URL, hint: "this one" }, error).hint).toBe("this one");
  });
});

describe("GatewayRefusal", () => {
  test("asks for an hour at most", () => {
    expect(connectError({ url: URL }, answer("later", { retryAfterMs: 1e300 })).retryAfterMs).toBe(3_600_000);
  });

  test("keeps the beginning of a message that is far too long", () => {
    expect(answer("x".repeat(1_000_000)).message).toMatch(/^x{3900,4000}… \(\d+ more characters\)$/);
  });
});

describe("callError()", () => {
  test("is rejected in the gateway's words", () => {
    const error = callError("cron.add", answer("bad expression", { retryAfterMs: 41_000 }));
    expect(error).toMatchObject({ code: "rejected", message: "bad expression", retryAfterMs: 41_000 });
    expect(isScopeMissing(error)).toBe(false);
  });

  test("is refused when a scope is missing", () => {
    const error = callError("cron.add", answer("missing scope: operator.admin"));
    expect(error).toMatchObject({
      code: "refused",
      message: "the gateway lets us in, but not to cron.add: missing scope: operator.admin",
      hint: expect.stringContaining("openclaw devices approve"),
    });
    expect(isScopeMissing(error)).toBe(true);
  });

  test("is unreachable without an answer", () => {
    expect(callError("cron.add", new Error("gateway closed"))).toMatchObject({
      code: "unreachable",
      message: "cron.add: gateway closed",
    });
  });
});

describe("a message that quotes a secret", () => {
  const message = 'no: {"password":"hush"} --api-key "hush two"';
  const masked = 'no: {"password":"***"} --api-key "***"';

  test("is masked in each error", () => {
    expect(callError("cron.add", answer(message)).message).toBe(masked);
    expect(callError("cron.add", answer(`missing scope ${message}`)).message).toEndWith(masked);
    expect(callError("cron.add", new Error(message)).message).toBe(`cron.add: ${masked}`);
    expect(connectError({ url: URL }, answer(message)).message).toEndWith(masked);
    expect(connectError({ url: URL }, new Error(message)).message).toEndWith(masked);
  });

  test("is cut to 64 KiB", () => {
    const { message } = callError("cron.add", answer("no ".repeat(1_000_000)));
    expect(message.length).toBeLessThanOrEqual(65_536);
    expect(message).toEndWith(" more characters)");
  });
});

describe("refusalCode(), refusalDetails() and isUnavailable()", () => {
  test("read the answer behind an error", () => {
    const details = { code: "CRON_JOB_CHANGED", issues: [] };
    const error = callError("cron.update", answer("changed", { details }));
    expect(refusalDetails(error)).toEqual(details);
    expect(refusalCode(error)).toBe("CRON_JOB_CHANGED");
    expect(isUnavailable(error)).toBe(false);
    expect(isUnavailable(callError("config.get", answer("restarting", { code: "UNAVAILABLE" })))).toBe(true);
  });

  test.each([
    ["no details", callError("cron.add", answer("no"))],
    ["details that are text", callError("cron.add", answer("no", { details: "no" }))],
    ["a code that is no text", callError("cron.add", answer("no", { details: { code: 5 } }))],
    ["no answer", callError("cron.add", new Error("closed"))],
    ["no cause", new ManagerError("rejected", "no")],
    ["another error", new Error("missing scope", { cause: answer("missing scope", { code: "UNAVAILABLE" }) })],
  ])("find nothing in an error with %s", (_, error) => {
    expect(refusalCode(error)).toBeUndefined();
    expect(isUnavailable(error)).toBe(false);
    expect(isScopeMissing(error)).toBe(false);
  });
});
