import { describe, expect, test } from "bun:test";
import { isExposed } from "../../../lib/gateway/exposure.ts";

describe("isExposed()", () => {
  test.each([
    "wss://gateway.example",
    "wss://8.8.8.8",
    "ws://localhost:18789",
    "ws://LOCALHOST.",
    "ws://127.0.0.1:18789",
    "ws://127.9.9.9",
    "ws://0x7f.1",
    "ws://[::1]:18789",
    "ws://[::ffff:127.0.0.1]",
    "ws://10.1.2.3",
    "ws://172.31.0.1",
    "ws://192.168.0.1",
    "ws://169.254.1.1",
    "ws://100.64.0.1",
    "ws://[fd00::1]",
    "ws://[fe80::1]",
    "ws://openclaw.default.svc.cluster.local:18789",
    "ws://host.tailnet.ts.net",
  ])("is false for %s", (url) => {
    expect(isExposed(url, false)).toBe(false);
  });

  test.each([
    "ws://gateway.example:18789",
    "ws://openclaw",
    "ws://localhost.example",
    "ws://127.0.0.1.example",
    "ws://notlocal",
  ])("is true for %s unless the network is private", (url) => {
    expect(isExposed(url, false)).toBe(true);
    expect(isExposed(url, true)).toBe(false);
  });

  test.each(["ws://8.8.8.8", "ws://172.32.0.1", "ws://0.0.0.0", "ws://[2001:4860::1]", "ws://[::ffff:8.8.8.8]"])(
    "is true for %s even on a private network",
    (url) => {
      expect(isExposed(url, false)).toBe(true);
      expect(isExposed(url, true)).toBe(true);
    },
  );
});
