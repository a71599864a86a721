import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { mayBeScreen, openOutput, writeOutput } from "../../../lib/commands/output.ts";
import { createScratch, refusalOf } from "../../support/fakes.ts";
import { until } from "../../support/until.ts";

/** A stream that ends each write so. */
function createStream(code?: string) {
  const written: string[] = [];
  const write = (text: string, done: (error?: Error | null) => void) => {
    written.push(text);
    setImmediate(() => done(code === undefined ? null : Object.assign(new Error("hush"), { code })));
  };
  return { written, stream: { write } };
}

describe("writeOutput()", () => {
  test("is done once the stream is", async () => {
    const { written, stream } = createStream();
    await writeOutput("text", stream);
    expect(written).toEqual(["text"]);
  });

  test("takes a reader that has gone for no error", async () => {
    await writeOutput("text", createStream("EPIPE").stream);
  });

  test("says why it cannot be written", async () => {
    const refusal = await refusalOf(writeOutput("text", createStream("ENOSPC").stream));
    expect(refusal).toMatchObject({ code: "file", message: "cannot write the output: ENOSPC" });
  });
});

describe("openOutput()", () => {
  test("writes one text after the other, though nobody waits for the first", async () => {
    await using scratch = await createScratch();
    const file = openSync(scratch.in("log"), "w");
    const output = openOutput(file);
    const lines = Array.from({ length: 200 }, (_, index) => `${index} ${"日".repeat(index)}\n`);
    await Promise.all(lines.map((line) => writeOutput(line, output)));
    closeSync(file);
    expect(readFileSync(scratch.in("log"), "utf8")).toBe(lines.join(""));
  });

  test("writes all of it into a pipe that is full, and says so, as soon as somebody reads", async () => {
    await using scratch = await createScratch();
    const path = scratch.in("pipe");
    Bun.spawnSync(["mkfifo", path]);
    const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const text = "x".repeat(200_000);
    let isDone = false;
    const written = writeOutput(text, openOutput(pipe)).then(() => (isDone = true));
    let read = 0;
    await until("all of it", async () => {
      read += readSome(pipe);
      await Bun.sleep(1);
      return read === text.length;
    });
    await written;
    expect(isDone).toBeTrue();
    closeSync(pipe);
  });

  test("goes on with the next text after one that could not be written", async () => {
    const full = openSync("/dev/full", "w");
    const output = openOutput(full);
    const refusals = [refusalOf(writeOutput("a", output)), refusalOf(writeOutput("b", output))];
    expect(await Promise.all(refusals)).toMatchObject([{ code: "file" }, { code: "file" }]);
    closeSync(full);
  });
});

/** How much there was to read just now. */
function readSome(descriptor: number): number {
  try {
    return readSync(descriptor, Buffer.alloc(10_000));
  } catch {
    return 0; // empty
  }
}

test("mayBeScreen() tells a file from a device, and from what is closed", async () => {
  await using scratch = await createScratch();
  const file = openSync(scratch.in("log"), "w");
  const device = openSync("/dev/null", "w");
  expect([mayBeScreen(file), mayBeScreen(device)]).toEqual([false, true]);
  closeSync(file);
  closeSync(device);
  expect(mayBeScreen(999)).toBeFalse();
});
