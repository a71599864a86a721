import { describe, expect, test } from "bun:test";
import { readGreeting } from "../../../lib/gateway/greeting.ts";
import { greeting, thrownBy } from "../../support/fakes.ts";

const withPolicy = (policy: unknown) => ({ ...greeting(), policy });

describe("readGreeting()", () => {
  test("reads what the gateway tells", () => {
    const policy = { maxPayload: 512, tickIntervalMs: 30_000 };
    expect(readGreeting({ ...greeting("2026.4.15", 3), policy, snapshot: { uptimeMs: 90 } })).toEqual({
      version: "2026.4.15",
      protocol: 3,
      uptimeMs: 90,
      maxBytes: 512,
      tickMs: 30_000,
    });
  });

  test.each([{ protocol: 3 }, { protocol: 3, server: {}, policy: {}, snapshot: {} }, { protocol: 3, policy: null }])(
    "does without what an old gateway leaves out: %j",
    (hello) => {
      expect(readGreeting(hello)).toEqual({
        version: "dev",
        protocol: 3,
        uptimeMs: undefined,
        maxBytes: Number.POSITIVE_INFINITY,
        tickMs: 30_000,
      });
    },
  );

  test.each([
    [1, 5_000],
    [1e300, 120_000],
  ])("takes a tick interval of %d ms for one that does no harm", (tickIntervalMs, tickMs) => {
    expect(readGreeting(withPolicy({ tickIntervalMs })).tickMs).toBe(tickMs);
  });

  test.each([-1, 1 / 0, Number.NaN, "90", null, {}])("ignores an uptime of %p", (uptimeMs) => {
    expect(readGreeting({ ...greeting(), snapshot: { uptimeMs } }).uptimeMs).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ["the whole of it", null],
    ["the whole of it", "hello-ok"],
    ["protocol", {}],
    ["protocol", { ...greeting(), protocol: "4" }],
    ["protocol", { ...greeting(), protocol: -1 }],
    ["protocol", { ...greeting(), protocol: 1e300 }],
    ["server", { ...greeting(), server: "2026.9.6" }],
    ["server.version", { ...greeting(), server: { version: { toString: "x" } } }],
    ["server.version", { ...greeting(), server: { version: "9".repeat(1_000_000) } }],
    ["policy.tickIntervalMs", withPolicy({ tickIntervalMs: 0 })],
    ["policy.tickIntervalMs", withPolicy({ tickIntervalMs: "30000" })],
    ["policy.maxPayload", withPolicy({ maxPayload: -1 })],
    ["policy.maxPayload", withPolicy({ maxPayload: 1 / 0 })],
  ])("refuses one that makes no sense at %s (case %#)", async (field, hello) => {
    const read = async () => readGreeting(hello);
    expect(await thrownBy(read())).toMatchObject({ message: `its greeting makes no sense at ${field}` });
  });
});
