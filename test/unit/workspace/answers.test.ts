import { beforeEach, expect, test } from "bun:test";
import { type Answers, createAnswers } from "../../../lib/workspace/answers.ts";

const MINUTE_MS = 60_000;

let nowMs: number;
let asked: number;
let answers: Answers;

beforeEach(() => {
  [nowMs, asked] = [1_000, 0];
  answers = createAnswers(() => nowMs);
});

const gateway = { call: async () => undefined };
const ask = async () => ++asked;
const get = (about = "a config", calls = gateway) => answers.get(calls, "agents", about, ask);
/** Asks once a minute, as a sidecar that polls. */
async function poll(times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    await get();
    nowMs += MINUTE_MS;
  }
}

test("an answer is used again once it cannot be from before the change any more", async () => {
  expect(await get()).toBe(1);
  nowMs += 5_000;
  expect(await get()).toBe(2); // a gateway may take so long to load its config
  nowMs += 30_000;
  expect(await get()).toBe(3);
  nowMs += 5_000;
  expect(await get()).toBe(3);
});

test("it is asked again every ten minutes", async () => {
  await poll(2);
  expect(asked).toBe(2);
  await poll(9);
  expect(asked).toBe(2);
  await poll(1);
  expect(asked).toBe(3);
});

test.each([
  ["what it is about has changed", () => get("another config")],
  ["the gateway is another one", () => get("a config", { call: async () => undefined })],
  ["something is known to have changed", async () => (answers.forget(), get())],
])("it is asked again where %s", async (_, again) => {
  await poll(5);
  expect(await again()).toBe(3);
  nowMs += 5_000;
  expect(await again()).toBe(4);
});

test("a question that fails is asked again", async () => {
  await poll(5);
  nowMs += 10 * MINUTE_MS;
  const fail = async () => Promise.reject(new Error("gone"));
  expect(await answers.get(gateway, "agents", "a config", fail).catch((error: Error) => error.message)).toBe("gone");
  expect(await get()).toBe(3);
});
