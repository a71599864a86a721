import { expect, test } from "bun:test";
import { mapAtOnce } from "../../../lib/files/at-once.ts";

test("mapAtOnce() keeps the order, and works on a few at once", async () => {
  let [busy, most] = [0, 0];
  const items = Array.from({ length: 50 }, (_, index) => index);
  const results = await mapAtOnce(items, async (item) => {
    busy += 1;
    most = Math.max(most, busy);
    for (let turn = 0; turn < 10 - (item % 10); turn++) await Promise.resolve(); // the later one is the faster one
    busy -= 1;
    return item * 2;
  });
  expect(results).toEqual(items.map((item) => item * 2));
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThan(20);
});

test("mapAtOnce() throws when the others have ended, and begins no more", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    if (item === 0) throw new Error("no");
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    ended.push(item);
  };
  const items = Array.from({ length: 100 }, (_, index) => index);
  expect(await mapAtOnce(items, work).catch((error: Error) => error.message)).toBe("no");
  expect(ended).toEqual(begun.filter((item) => item !== 0));
  expect(begun.length).toBeLessThan(20);
});
