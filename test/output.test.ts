import { describe, expect, test } from "bun:test";
import { writeOutput } from "../lib/output.ts";
import { refusalOf } from "./support/doubles.ts";

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
