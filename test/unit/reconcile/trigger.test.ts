import { describe, expect, jest, test } from "bun:test";
import { createTrigger } from "../../../lib/reconcile/trigger.ts";

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;

/** Whether this has settled once all pending microtasks and timers that are due have run. */
async function isOver(work: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  const result = await Promise.race([work, new Promise((resolve) => setImmediate(resolve, pending))]);
  return result !== pending;
}

describe("createTrigger()", () => {
  test("ends a wait", async () => {
    const trigger = createTrigger();
    const waiting = trigger.wait(HOUR_MS, never);
    expect(await isOver(waiting)).toBeFalse();
    trigger.fire("file");
    expect(await isOver(waiting)).toBeTrue();
  });

  test("remembers a reason that fired while nobody waited", async () => {
    const trigger = createTrigger();
    trigger.fire("file");
    expect(await isOver(trigger.wait(HOUR_MS, never))).toBeTrue();
  });

  test("clears the reasons at the end of a wait, however often they fired", async () => {
    const trigger = createTrigger();
    trigger.fire("file");
    trigger.fire("file");
    trigger.fire("signal");
    await trigger.wait(HOUR_MS, never);
    const waiting = trigger.wait(HOUR_MS, never);
    expect(await isOver(waiting)).toBeFalse();
    trigger.fire("signal");
    await waiting;
  });

  test("ends a wait after the timeout", async () => {
    await createTrigger().wait(1, never);
  });

  test("ends a wait if it is aborted, before or meanwhile", async () => {
    expect(await isOver(createTrigger().wait(HOUR_MS, AbortSignal.abort()))).toBeTrue();
    const stopping = new AbortController();
    const waiting = createTrigger().wait(HOUR_MS, stopping.signal);
    expect(await isOver(waiting)).toBeFalse();
    stopping.abort();
    expect(await isOver(waiting)).toBeTrue();
  });

  test("does not end a wait for a reason that does not count", async () => {
    const trigger = createTrigger();
    trigger.fire("disconnect");
    const waiting = trigger.wait(HOUR_MS, never, (reason) => reason === "file");
    trigger.fire("cron-event");
    expect(await isOver(waiting)).toBeFalse();
    trigger.fire("file");
    expect(await isOver(waiting)).toBeTrue();
  });

  test("clears such a reason at the end of the wait, too: the next pass reads everything again", async () => {
    const trigger = createTrigger();
    trigger.fire("cron-event");
    await trigger.wait(1, never, () => false);
    const waiting = trigger.wait(HOUR_MS, never);
    expect(await isOver(waiting)).toBeFalse();
    trigger.fire("file");
    await waiting;
  });

  test("leaves no timer behind, however often it fires", async () => {
    jest.useFakeTimers();
    try {
      const trigger = createTrigger();
      for (let count = 0; count < 3; count++) {
        trigger.fire("file");
        await trigger.wait(HOUR_MS, never);
      }
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  test("leaves no listener on the signal", async () => {
    const { signal } = new AbortController();
    const [added, removed] = [[] as unknown[], [] as unknown[]];
    const watched: AbortSignal = Object.assign(Object.create(signal), {
      addEventListener: (...listener: unknown[]) => void added.push(listener),
      removeEventListener: (...listener: unknown[]) => void removed.push(listener),
    });
    Object.defineProperty(watched, "aborted", { value: false });
    const trigger = createTrigger();
    for (let count = 0; count < 3; count++) {
      trigger.fire("file");
      await trigger.wait(HOUR_MS, watched);
    }
    expect(added).toHaveLength(3);
    expect(removed).toEqual(added);
  });

  test("keeps two triggers apart", async () => {
    const [one, other] = [createTrigger(), createTrigger()];
    one.fire("file");
    const waiting = other.wait(HOUR_MS, never);
    expect(await isOver(waiting)).toBeFalse();
    other.fire("file");
    await waiting;
  });
});

describe("hasFired()", () => {
  test("is true for a reason since the last wait, whether or not it ended that wait", async () => {
    const trigger = createTrigger();
    expect(trigger.hasFired("file", "signal")).toBeFalse();
    trigger.fire("file");
    expect(trigger.hasFired("file")).toBeTrue();
    expect(trigger.hasFired("signal", "file")).toBeTrue();
    expect(trigger.hasFired("signal", "connect")).toBeFalse();
    expect(trigger.hasFired()).toBeFalse();
    await trigger.wait(HOUR_MS, never);
    expect(trigger.hasFired("file")).toBeFalse();
  });

  test("does not clear the reason: the next wait still ends at once", async () => {
    const trigger = createTrigger();
    trigger.fire("file");
    trigger.hasFired("file");
    expect(await isOver(trigger.wait(HOUR_MS, never))).toBeTrue();
  });

  test("is true for a reason that does not count, until that wait ends", async () => {
    const trigger = createTrigger();
    const waiting = trigger.wait(HOUR_MS, never, (reason) => reason === "file");
    trigger.fire("connect");
    expect(trigger.hasFired("connect")).toBeTrue();
    trigger.fire("file");
    await waiting;
    expect(trigger.hasFired("connect", "file")).toBeFalse();
  });

  test("keeps an event of the gateway until it is calm, and no file", async () => {
    jest.useFakeTimers();
    const trigger = createTrigger();
    const waiting = trigger.wait(HOUR_MS, never, undefined, 5_000);
    let isEnded = false;
    void waiting.then(() => (isEnded = true));
    trigger.fire("cron-event");
    jest.advanceTimersByTime(4_999);
    await Promise.resolve();
    expect(isEnded).toBeFalse();
    jest.advanceTimersByTime(1);
    expect(await waiting).toBeTrue();
    const forFile = trigger.wait(HOUR_MS, never, undefined, 5_000);
    trigger.fire("file");
    expect(await forFile).toBeFalse();
    jest.useRealTimers();
  });

  test("calls a gateway restless whose event comes within a second, and no other", async () => {
    jest.useFakeTimers();
    const trigger = createTrigger();
    trigger.fire("disconnect");
    expect(await trigger.wait(HOUR_MS, never)).toBeTrue();
    trigger.fire("disconnect");
    const ignoring = trigger.wait(500, never, (reason) => reason === "file");
    jest.advanceTimersByTime(500);
    expect(await ignoring).toBeFalse();
    const late = trigger.wait(HOUR_MS, never);
    jest.advanceTimersByTime(1_000);
    trigger.fire("cron-event");
    expect(await late).toBeFalse();
    jest.useRealTimers();
  });
});
