import { describe, expect, jest, test } from "bun:test";
import { createWake } from "../../../lib/reconcile/trigger.ts";

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;

/** Whether this is over by the time that all that is due now has been done. */
async function isOver(work: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  const result = await Promise.race([work, new Promise((resolve) => setImmediate(resolve, pending))]);
  return result !== pending;
}

describe("createWake()", () => {
  test("wakes who waits", async () => {
    const wake = createWake();
    const waiting = wake.wait(HOUR_MS, never);
    expect(await isOver(waiting)).toBeFalse();
    wake.ring("file");
    expect(await isOver(waiting)).toBeTrue();
  });

  test("remembers who rang while nobody waited", async () => {
    const wake = createWake();
    wake.ring("file");
    expect(await isOver(wake.wait(HOUR_MS, never))).toBeTrue();
  });

  test("forgets what has been heard, however often it rang", async () => {
    const wake = createWake();
    wake.ring("file");
    wake.ring("file");
    wake.ring("signal");
    await wake.wait(HOUR_MS, never);
    const waiting = wake.wait(HOUR_MS, never);
    expect(await isOver(waiting)).toBeFalse();
    wake.ring("signal");
    await waiting;
  });

  test("wakes by itself when the time is over", async () => {
    await createWake().wait(1, never);
  });

  test("wakes when everything is to stop, before or meanwhile", async () => {
    expect(await isOver(createWake().wait(HOUR_MS, AbortSignal.abort()))).toBeTrue();
    const stopping = new AbortController();
    const waiting = createWake().wait(HOUR_MS, stopping.signal);
    expect(await isOver(waiting)).toBeFalse();
    stopping.abort();
    expect(await isOver(waiting)).toBeTrue();
  });

  test("does not wake for a reason that does not count", async () => {
    const wake = createWake();
    wake.ring("disconnect");
    const waiting = wake.wait(HOUR_MS, never, (reason) => reason === "file");
    wake.ring("cron-event");
    expect(await isOver(waiting)).toBeFalse();
    wake.ring("file");
    expect(await isOver(waiting)).toBeTrue();
  });

  test("forgets such a reason, too, when the wait is over: the pass that follows reads everything anew", async () => {
    const wake = createWake();
    wake.ring("cron-event");
    await wake.wait(1, never, () => false);
    const waiting = wake.wait(HOUR_MS, never);
    expect(await isOver(waiting)).toBeFalse();
    wake.ring("file");
    await waiting;
  });

  test("leaves no timer behind, however often it is woken", async () => {
    jest.useFakeTimers();
    try {
      const wake = createWake();
      for (let count = 0; count < 3; count++) {
        wake.ring("file");
        await wake.wait(HOUR_MS, never);
      }
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  test("leaves no listener behind on the signal", async () => {
    const { signal } = new AbortController();
    const [added, removed] = [[] as unknown[], [] as unknown[]];
    const watched: AbortSignal = Object.assign(Object.create(signal), {
      addEventListener: (...listener: unknown[]) => void added.push(listener),
      removeEventListener: (...listener: unknown[]) => void removed.push(listener),
    });
    Object.defineProperty(watched, "aborted", { value: false });
    const wake = createWake();
    for (let count = 0; count < 3; count++) {
      wake.ring("file");
      await wake.wait(HOUR_MS, watched);
    }
    expect(added).toHaveLength(3);
    expect(removed).toEqual(added);
  });

  test("keeps two bells apart", async () => {
    const [one, other] = [createWake(), createWake()];
    one.ring("file");
    const waiting = other.wait(HOUR_MS, never);
    expect(await isOver(waiting)).toBeFalse();
    other.ring("file");
    await waiting;
  });
});

describe("hasRung()", () => {
  test("is true of what has rung since the last wait, heard or not", async () => {
    const wake = createWake();
    expect(wake.hasRung("file", "signal")).toBeFalse();
    wake.ring("file");
    expect(wake.hasRung("file")).toBeTrue();
    expect(wake.hasRung("signal", "file")).toBeTrue();
    expect(wake.hasRung("signal", "poll")).toBeFalse();
    expect(wake.hasRung()).toBeFalse();
    await wake.wait(HOUR_MS, never);
    expect(wake.hasRung("file")).toBeFalse();
  });

  test("hears nothing away: who waits next is woken all the same", async () => {
    const wake = createWake();
    wake.ring("file");
    wake.hasRung("file");
    expect(await isOver(wake.wait(HOUR_MS, never))).toBeTrue();
  });

  test("is true of what does not count for who waits, until that wait is over", async () => {
    const wake = createWake();
    const waiting = wake.wait(HOUR_MS, never, (reason) => reason === "file");
    wake.ring("connect");
    expect(wake.hasRung("connect")).toBeTrue();
    wake.ring("file");
    await waiting;
    expect(wake.hasRung("connect", "file")).toBeFalse();
  });
});
