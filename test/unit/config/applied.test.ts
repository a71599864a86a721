import { describe, expect, test } from "bun:test";
import { type Application, waitUntilApplied } from "../../../lib/config/applied.ts";
import { ManagerError } from "../../../lib/errors.ts";
import type { ConfigGateway, ConfigView } from "../../../lib/gateway/config-calls.ts";
import type { ReloadOutcome } from "../../../lib/gateway/reload-log.ts";
import { type FakeClock, createClock, thrownBy } from "../../support/fakes.ts";

const STARTED_MS = 1_000_000;

function viewOf(fields: Partial<ConfigView> = {}): ConfigView {
  const usual = { path: undefined, parsed: undefined, isValid: true, issues: [], warnings: [], hash: "hmac:new" };
  return { ...usual, isApplied: undefined, ...fields };
}

/** A gateway that returns these views in order, then the last one forever; a thrown item is thrown. */
function showing(...views: (ConfigView | Error)[]) {
  const found = { asked: 0, looked: [] as number[], log: [] as (ReloadOutcome | undefined)[] };
  const gateway: ConfigGateway = {
    release: "2026.9.6",
    processStartedMs: undefined,
    start: undefined,
    async readView() {
      const view = views[Math.min(found.asked, views.length - 1)] ?? viewOf();
      found.asked += 1;
      if (view instanceof Error) throw view;
      return view;
    },
    async readReload(sinceMs) {
      found.looked.push(sinceMs);
      return found.log[Math.min(found.looked.length, found.log.length) - 1];
    },
    readIssues: () => Promise.reject(new Error("nobody should ask")),
    readSchema: async () => undefined,
    readActiveWork: () => Promise.reject(new Error("nobody should ask")),
    lookUpReload: () => Promise.reject(new Error("nobody should ask")),
  };
  return Object.assign(found, { gateway });
}

const gone = () => new ManagerError("unreachable", "config.get: gateway closed (1006)");
const pending = viewOf({ isApplied: false });

interface Query {
  staleHash?: string;
  isOver?: () => boolean;
  clock?: FakeClock;
}

function wait(
  gateway: ConfigGateway,
  { staleHash, isOver = () => false, clock = createClock(STARTED_MS) }: Query = {},
) {
  return waitUntilApplied({ gateway, staleHash, writtenMs: STARTED_MS, isOver }, clock);
}

describe("waitUntilApplied() of a gateway that reports what it runs on", () => {
  test("waits until the config is applied", async () => {
    const clock = createClock();
    const shown = showing(pending, pending, viewOf({ isApplied: true }));
    expect(await wait(shown.gateway, { clock })).toEqual({ kind: "applied" });
    expect({ asked: shown.asked, pauses: clock.pauses }).toEqual({ asked: 3, pauses: [100, 100] });
  });

  test("does not take the previous config for the applied one", async () => {
    const before = viewOf({ isApplied: true, hash: "hmac:old" });
    const shown = showing(before, before, viewOf({ isApplied: true }));
    expect(await wait(shown.gateway, { staleHash: "hmac:old" })).toEqual({ kind: "applied" });
    expect(shown.asked).toBe(3);
  });

  test("times out after thirty seconds", async () => {
    const clock = createClock();
    expect(await wait(showing(pending).gateway, { clock })).toEqual({ kind: "timeout" });
    expect(clock.nowMs() - STARTED_MS).toBeWithin(30_000, 30_300);
  });

  test("ends as soon as the gateway's log says that it has failed, with the reason", async () => {
    const failed: Application = { kind: "failed", reason: "channels.discord: token missing" };
    const shown = showing(pending);
    shown.log = [undefined, { kind: "pending" }, failed];
    const clock = createClock();
    expect(await wait(shown.gateway, { clock })).toEqual(failed);
    expect(clock.nowMs() - STARTED_MS).toBeWithin(1_000, 1_200);
  });

  test("looks into the log twice a second, at lines since the write", async () => {
    const clock = createClock();
    const shown = showing(...Array<ConfigView>(20).fill(pending), viewOf({ isApplied: true }));
    await wait(shown.gateway, { clock });
    expect(shown.looked.length).toBeWithin(3, 6);
    expect(new Set(shown.looked)).toEqual(new Set([STARTED_MS]));
  });

  test("does not believe the log rather than the gateway itself that it is applied", async () => {
    const shown = showing(pending, pending, viewOf({ isApplied: true }));
    shown.log = [{ kind: "applied" }];
    await wait(shown.gateway);
    expect(shown.asked).toBe(3);
  });
});

describe("waitUntilApplied() of a gateway that does not report it", () => {
  test("believes its log", async () => {
    for (const outcome of [{ kind: "applied" }, { kind: "failed", reason: "no" }] as const) {
      const shown = showing(viewOf());
      shown.log = [undefined, outcome];
      expect(await wait(shown.gateway)).toEqual(outcome);
    }
  });

  test("is unknown if the log says nothing within four seconds after the write, or only of a restart", async () => {
    for (const log of [[], [{ kind: "pending" } as const]]) {
      const clock = createClock();
      const shown = showing(viewOf());
      shown.log = log;
      expect(await wait(shown.gateway, { clock })).toEqual({ kind: "unknown" });
      expect(clock.nowMs() - STARTED_MS).toBeWithin(4_000, 4_300);
    }
  });

  test("does not wait for files that have been in place for long", async () => {
    const clock = createClock(STARTED_MS + 60_000);
    const shown = showing(viewOf());
    expect(await wait(shown.gateway, { clock })).toEqual({ kind: "unknown" });
    expect({ asked: shown.asked, pauses: clock.pauses }).toEqual({ asked: 1, pauses: [] });
  });
});

/** It may be asked again. */
const OPEN = { kind: "unknown", isOpen: true } as const;

describe("waitUntilApplied()", () => {
  test("is unknown if the pass is superseded, before or meanwhile", async () => {
    for (const limit of [0, 2]) {
      const shown = showing(pending);
      expect(await wait(shown.gateway, { isOver: () => shown.asked >= limit })).toEqual(OPEN);
      expect(shown.asked).toBe(limit);
    }
  });

  test("is unknown if the gateway goes away: most likely it restarts", async () => {
    expect(await wait(showing(pending, gone()).gateway)).toEqual(OPEN);
    const leaving = { ...showing(pending).gateway, readReload: () => Promise.reject(gone()) };
    expect(await wait(leaving)).toEqual(OPEN);
  });

  test("does not hide a bug", async () => {
    const bug = new TypeError("a bug");
    expect(await thrownBy(wait(showing(bug).gateway))).toBe(bug);
  });

  test.each([-3_600_000, 3_600_000])("waits as long if the clock is set by %d ms meanwhile", async (stepMs) => {
    for (const [view, limitMs] of [
      [pending, 30_000],
      [viewOf(), 4_000],
    ] as const) {
      const clock = createClock(STARTED_MS);
      const { gateway } = showing(view);
      const readView = async () => {
        if (clock.nowMs() === clock.uptimeMs()) clock.step(stepMs);
        return gateway.readView();
      };
      await wait({ ...gateway, readView }, { clock });
      expect(clock.uptimeMs() - STARTED_MS).toBeWithin(limitMs, limitMs + 300);
    }
  });

  test("does not wait for long because a file is from the future", async () => {
    const clock = createClock(STARTED_MS - 3_600_000);
    expect(await wait(showing(viewOf()).gateway, { clock })).toEqual({ kind: "unknown" });
    expect(clock.uptimeMs() - STARTED_MS + 3_600_000).toBeWithin(4_000, 4_300);
  });
});
