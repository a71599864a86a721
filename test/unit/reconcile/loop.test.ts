import { describe, expect, test } from "bun:test";
import { type PassOutcome, keepReconciled, reconcileWithin } from "../../../lib/reconcile/loop.ts";
import { createHeartbeat } from "../../../lib/reconcile/heartbeat.ts";
import { createTrigger } from "../../../lib/reconcile/trigger.ts";
import { createClock, thrownBy } from "../../support/fakes.ts";
import { until } from "../../support/until.ts";

type Reason = Parameters<Parameters<ReturnType<typeof createTrigger>["wait"]>[2] & object>[0];
const REASONS: Reason[] = ["file", "signal", "connect", "disconnect", "cron-event"];

const NO_PULSE = { beat: () => undefined, idle: () => undefined };

/** Runs the loop with passes of these outcomes; returns how long it waited after each, and for which reasons. */
async function waitsAfter(outcomes: PassOutcome[], pollIntervalMs = 60_000) {
  const stopping = new AbortController();
  const waits: { timeoutMs: number; reasons: Reason[] }[] = [];
  let passes = 0;
  await keepReconciled({
    pass: async () => outcomes[passes++] ?? { kind: "equal" },
    trigger: {
      async wait(timeoutMs, signal, counts = () => true) {
        expect(signal).toBe(stopping.signal);
        waits.push({ timeoutMs, reasons: REASONS.filter(counts) });
        if (waits.length === outcomes.length) stopping.abort();
        return false;
      },
    },
    heartbeat: NO_PULSE,
    pollIntervalMs,
    signal: stopping.signal,
  });
  expect(passes).toBe(outcomes.length);
  return waits;
}

const pausesAfter = async (outcomes: PassOutcome[]) => (await waitsAfter(outcomes)).map(({ timeoutMs }) => timeoutMs);

const pending = (maxPauseMs = 60_000): PassOutcome => ({ kind: "pending", maxPauseMs });

const failed = (fields: { maxPauseMs?: number; retryAfterMs?: number } = {}): PassOutcome => {
  return { kind: "failed", maxPauseMs: 60_000, ...fields };
};

describe("keepReconciled()", () => {
  test("runs a pass at once, then waits for the poll or any trigger", async () => {
    expect(await waitsAfter([{ kind: "equal" }], 7_000)).toEqual([{ timeoutMs: 7_000, reasons: REASONS }]);
  });

  test("waits as long after a rejected pass as after an equal one: only a change can help", async () => {
    expect(await waitsAfter([{ kind: "rejected" }], 7_000)).toEqual([{ timeoutMs: 7_000, reasons: REASONS }]);
  });

  test("doubles the pause after each failure, from a second up to the limit", async () => {
    const pauses = await pausesAfter(Array.from({ length: 9 }, () => failed()));
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(await pausesAfter(Array.from({ length: 5 }, () => failed({ maxPauseMs: 5_000 })))).toEqual([
      1_000, 2_000, 4_000, 5_000, 5_000,
    ]);
  });

  test("limits the pause even if the number of failures overflows it", async () => {
    expect((await pausesAfter(Array.from({ length: 2_000 }, () => failed()))).at(-1)).toBe(60_000);
  });

  test("starts at a second again after a pass that did not fail", async () => {
    const outcomes = [failed(), failed(), { kind: "equal" }, failed(), { kind: "rejected" }, failed()] as const;
    expect(await pausesAfter([...outcomes])).toEqual([1_000, 2_000, 60_000, 1_000, 60_000, 1_000]);
  });

  test("waits at least as long as the gateway asked", async () => {
    expect(await pausesAfter([failed({ retryAfterMs: 41_000 }), failed({ retryAfterMs: 1 })])).toEqual([41_000, 2_000]);
    expect(await pausesAfter([failed({ retryAfterMs: 120_000 })])).toEqual([120_000]);
  });

  test("cuts a pause short for a file or a signal, not for events of its own writes", async () => {
    const [wait] = await waitsAfter([failed()]);
    expect(wait?.reasons).toEqual(["file", "signal", "connect"]);
  });

  test("repeats a pending pass like a failed one, and as soon as the gateway connects", async () => {
    expect(await pausesAfter(Array.from({ length: 5 }, () => pending(5_000)))).toEqual([
      1_000, 2_000, 4_000, 5_000, 5_000,
    ]);
    const [wait] = await waitsAfter([pending()], 7_000);
    expect(wait).toEqual({ timeoutMs: 1_000, reasons: ["file", "signal", "connect"] });
  });

  test("counts pending and failed passes together, until one is equal", async () => {
    const outcomes = [failed(), pending(), failed(), { kind: "equal" }, pending()] as const;
    expect(await pausesAfter([...outcomes])).toEqual([1_000, 2_000, 4_000, 60_000, 1_000]);
    expect(await pausesAfter([failed({ retryAfterMs: 41_000 }), pending()])).toEqual([41_000, 2_000]);
  });

  test.each<[string, PassOutcome, Reason]>([
    ["changes jobs", { kind: "equal" }, "cron-event"],
    ["comes and goes", { kind: "equal" }, "disconnect"],
    ["comes and fails", { kind: "failed", maxPauseMs: 5_000 }, "connect"],
  ])("follows a gateway that %s without end less and less often, down to the polls", async (_, outcome, reason) => {
    const stopping = new AbortController();
    const trigger = createTrigger();
    const calms: number[] = [];
    const wait: typeof trigger.wait = async (timeoutMs, signal, counts, calmMs = 0) => {
      calms.push(calmMs);
      if (calms.length === 12) stopping.abort();
      return trigger.wait(timeoutMs, signal, counts, Math.min(calmMs, 1));
    };
    const pass = async () => {
      trigger.fire(reason);
      return outcome;
    };
    await keepReconciled({
      pass,
      trigger: { wait },
      heartbeat: NO_PULSE,
      pollIntervalMs: 60_000,
      signal: stopping.signal,
    });
    expect(calms).toEqual([0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test("runs no pass if it is aborted before", async () => {
    let passes = 0;
    const pass = async (): Promise<PassOutcome> => {
      passes += 1;
      return { kind: "equal" };
    };
    await keepReconciled({
      pass,
      trigger: createTrigger(),
      heartbeat: NO_PULSE,
      pollIntervalMs: 1,
      signal: AbortSignal.abort(),
    });
    expect(passes).toBe(0);
  });

  test("ends if it is aborted while it waits", async () => {
    const stopping = new AbortController();
    const pass = async (): Promise<PassOutcome> => {
      setTimeout(() => stopping.abort(), 1);
      return { kind: "equal" };
    };
    await keepReconciled({
      pass,
      trigger: createTrigger(),
      heartbeat: NO_PULSE,
      pollIntervalMs: 3_600_000,
      signal: stopping.signal,
    });
  });

  test("runs one pass at a time, however many triggers fire", async () => {
    const stopping = new AbortController();
    const trigger = createTrigger();
    let [running, most, passes] = [0, 0, 0];
    const pass = async (): Promise<PassOutcome> => {
      running += 1;
      most = Math.max(most, running);
      passes += 1;
      for (const reason of REASONS) trigger.fire(reason);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running -= 1;
      if (passes === 5) stopping.abort();
      return { kind: "equal" };
    };
    await keepReconciled({ pass, trigger, heartbeat: NO_PULSE, pollIntervalMs: 3_600_000, signal: stopping.signal });
    expect({ most, passes }).toEqual({ most: 1, passes: 5 });
  });

  test("beats at the start of each pass, and announces the pause after it", async () => {
    const stopping = new AbortController();
    const signs: (string | number)[] = [];
    const outcomes = [failed(), failed(), pending(), { kind: "equal" }, { kind: "rejected" }] as const;
    let passes = 0;
    await keepReconciled({
      async pass() {
        signs.push("pass");
        return outcomes[passes++] ?? { kind: "equal" };
      },
      trigger: {
        async wait(timeoutMs) {
          expect(signs.at(-1)).toBe(timeoutMs);
          if (passes === outcomes.length) stopping.abort();
          return false;
        },
      },
      heartbeat: { beat: () => signs.push("beat"), idle: (limitMs) => signs.push(limitMs) },
      pollIntervalMs: 60_000,
      signal: stopping.signal,
    });
    const pauses = [1_000, 2_000, 4_000, 60_000, 60_000];
    expect(signs).toEqual(pauses.flatMap((pauseMs) => ["beat", "pass", pauseMs]));
  });

  test("stalls its heartbeat if a pass never ends, and not while it waits", async () => {
    const clock = createClock();
    const heartbeat = createHeartbeat(clock.nowMs);
    const { signal } = new AbortController();
    const { promise: resting, resolve: rests } = Promise.withResolvers<void>();
    let passes = 0;
    void keepReconciled({
      // Like a read from a volume that hangs.
      pass: () => (passes++ === 0 ? Promise.resolve({ kind: "equal" }) : new Promise(() => {})),
      trigger: {
        async wait(timeoutMs) {
          rests();
          clock.advance(timeoutMs);
          expect(heartbeat.read().kind).toBe("idle");
          return false;
        },
      },
      heartbeat,
      pollIntervalMs: 3_600_000,
      signal,
    });
    await resting;
    await until("the second pass", () => passes === 2);
    expect(heartbeat.read()).toEqual({ kind: "working", silentMs: 0 });
    clock.advance(300_000);
    expect(heartbeat.read().kind).toBe("working");
    clock.advance(300_000);
    expect(heartbeat.read()).toEqual({ kind: "stalled", silentMs: 600_000 });
  });

  test("throws a bug instead of going on", async () => {
    const bug = new TypeError("a bug");
    const pass = async (): Promise<PassOutcome> => {
      throw bug;
    };
    const { signal } = new AbortController();
    expect(
      await thrownBy(
        keepReconciled({ pass, trigger: createTrigger(), heartbeat: NO_PULSE, pollIntervalMs: 1, signal }),
      ),
    ).toBe(bug);
  });
});

/** Runs passes of these outcomes within this limit; returns the number of passes and the pauses. */
async function passesWithin(limitMs: number, outcomes: PassOutcome[], takesMs = 0) {
  const clock = createClock();
  const pauses: number[] = [];
  let passes = 0;
  const last = await reconcileWithin(limitMs, {
    async pass() {
      clock.advance(takesMs);
      return outcomes[passes++] ?? { kind: "equal" };
    },
    trigger: {
      async wait(timeoutMs) {
        pauses.push(timeoutMs);
        clock.advance(timeoutMs);
        return false;
      },
    },
    signal: new AbortController().signal,
    uptimeMs: clock.uptimeMs,
  });
  return { last: last.kind, passes, pauses };
}

describe("reconcileWithin()", () => {
  test("ends once a pass is equal or rejected", async () => {
    expect(await passesWithin(60_000, [{ kind: "equal" }])).toEqual({ last: "equal", passes: 1, pauses: [] });
    expect(await passesWithin(60_000, [{ kind: "rejected" }])).toEqual({ last: "rejected", passes: 1, pauses: [] });
  });

  test("retries with the sidecar's backoff until the limit", async () => {
    const { last, passes, pauses } = await passesWithin(
      10_000,
      Array.from({ length: 9 }, () => failed()),
    );
    expect({ last, passes, pauses }).toEqual({ last: "failed", passes: 5, pauses: [1_000, 2_000, 4_000, 3_000] });
    expect(await passesWithin(10_000, [failed(), pending(), failed()])).toMatchObject({ last: "equal", passes: 4 });
  });

  test("runs one pass without any time, and a last one at the limit", async () => {
    expect(await passesWithin(0, [failed()])).toEqual({ last: "failed", passes: 1, pauses: [] });
    expect(await passesWithin(1_500, [failed(), failed()], 1_000)).toMatchObject({ passes: 2, pauses: [500] });
  });

  test("ends at once if it is aborted", async () => {
    const stopping = new AbortController();
    const trigger = { wait: () => Promise.reject(new Error("waited")) };
    const pass = async (): Promise<PassOutcome> => {
      stopping.abort();
      return failed();
    };
    expect(await reconcileWithin(60_000, { pass, trigger, signal: stopping.signal, uptimeMs: () => 0 })).toMatchObject({
      kind: "failed",
    });
  });
});
