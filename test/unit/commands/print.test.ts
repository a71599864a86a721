import { describe, expect, test } from "bun:test";
import { print } from "../../../lib/commands/print.ts";
import { refusalOf } from "../../support/fakes.ts";

/** A stream whose writes end with this error, when told to. */
function createOutput(code?: string) {
  const written: string[] = [];
  const ends: (() => void)[] = [];
  const write = (text: string, done: (error?: Error | null) => void) => {
    written.push(text);
    ends.push(() => done(code === undefined ? null : Object.assign(new Error("hush"), { code })));
  };
  return { written, end: () => ends.shift()?.(), output: { write } };
}

describe("print()", () => {
  test("resolves once all of it is written", async () => {
    const { written, end, output } = createOutput();
    let isDone = false;
    const printed = print("text", output).then(() => (isDone = true));
    await Promise.resolve();
    expect([written, isDone]).toEqual([["text"], false]);
    end();
    expect(await printed).toBeTrue();
  });

  test("escapes what nobody has escaped before, and keeps colours on a terminal", async () => {
    const { written, output } = createOutput();
    void print("a\u001b[2J\u202e\n", output);
    void print("\u001b[31ma\u001b[39m\u009b", { ...output, isTTY: true });
    expect(written).toEqual(["a\\u001b[2J\\u202e\n", "\u001b[31ma\u001b[39m\\u009b"]);
  });

  test("ignores a closed pipe", async () => {
    const { end, output } = createOutput("EPIPE");
    const printed = print("text", output);
    end();
    await printed;
  });

  test("reports why the output cannot be written", async () => {
    const { end, output } = createOutput("ENOSPC");
    const printed = refusalOf(print("text", output));
    end();
    expect(await printed).toMatchObject({ code: "file", message: "cannot write the output: ENOSPC" });
  });
});
