import { describe, expect, jest, test } from "bun:test";
import { createTrigger } from "../../../lib/reconcile/trigger.ts";

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;

/** Whether this is over by the time that all that is due now has been done. */
async function isOver(work: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  const result = await Promise.race([work, new Promise((resolve) => setImmediate(resolve, pending))]);
  return result !== pending;
}

describe("createTrigger()", () => {
  test("triggers who waits", async () => {
    const trigger = createTrigger();
    const waiting = trigger.wait(HOUR_MS, never);
    expect(await isOver(waiting)).toBeFalse();
    trigger.fire("file");
    expect(await isOver(waiting)).toBeTrue();
  });

  test("remembers who rang while nobody waited", async () => {
    const trigger = createTrigger();
    trigger.fire("file");
    expect(await isOver(trigger.wait(HOUR_MS, never))).toBeTrue();
  });

  test("forgets what has been heard, however often it rang", async () => {
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

  test("triggers by itself when the time is over", async () => {
    await createTrigger().wait(1, never);
  });

  test("triggers when everything is to stop, before or meanwhile", async () => {
    expect(await isOver(createTrigger().wait(HOUR_MS, AbortSignal.abort()))).toBeTrue();
    const stopping = new AbortController();
    const waiting = createTrigger().wait(HOUR_MS, stopping.signal);
    expect(await isOver(waiting)).toBeFalse();
    stopping.abort();
    expect(await isOver(waiting)).toBeTrue();
  });

  test("does not trigger for a reason that does not count", async () => {
    const trigger = createTrigger();
    trigger.fire("disconnect");
    const waiting = trigger.wait(HOUR_MS, never, (reason) => reason === "file");
    trigger.fire("cron-event");
    expect(await isOver(waiting)).toBeFalse();
    trigger.fire("file");
    expect(await isOver(waiting)).toBeTrue();
  });

  test("forgets such a reason, too, when the wait is over: the pass that follows reads everything anew", async () => {
    const trigger = createTrigger();
    trigger.fire("cron-event");
    await trigger.wait(1, never, () => false);
    const waiting = trigger.wait(HOUR_MS, never);
    expect(await isOver(waiting)).toBeFalse();
    trigger.fire("file");
    await waiting;
  });

  test("leaves no timer behind, however often it is woken", async () => {
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

  test("leaves no listener behind on the signal", async () => {
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

  test("keeps two bells apart", async () => {
    const [one, other] = [createTrigger(), createTrigger()];
    one.fire("file");
    const waiting = other.wait(HOUR_MS, never);
    expect(await isOver(waiting)).toBeFalse();
    other.fire("file");
    await waiting;
  });
});

describe("hasFired()", () => {
  test("is true of what has fired since the last wait, heard or not", async () => {
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

  test("hears nothing away: who waits next is woken all the same", async () => {
    const trigger = createTrigger();
    trigger.fire("file");
    trigger.hasFired("file");
    expect(await isOver(trigger.wait(HOUR_MS, never))).toBeTrue();
  });

  test("is true of what does not count for who waits, until that wait is over", async () => {
    const trigger = createTrigger();
    const waiting = trigger.wait(HOUR_MS, never, (reason) => reason === "file");
    trigger.fire("connect");
    expect(trigger.hasFired("connect")).toBeTrue();
    trigger.fire("file");
    await waiting;
    expect(trigger.hasFired("connect", "file")).toBeFalse();
  });
});
