import { closeSync, openSync, readFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { createScratch, ODD_NAMES } from "../../support/fakes.ts";
import { mustRun, run, start } from "../../support/process.ts";
import { until } from "../../support/until.ts";

const SHELL = "/bin/sh";

describe("run()", () => {
  test("passes every argument unchanged: no shell parses it", async () => {
    const odd = [...Object.values(ODD_NAMES), "$(touch /nowhere)", "`id`", "; exit 9", "", "*", "-n"];
    const { stdout } = await run(SHELL, ["-c", 'for each; do printf "%s\\0" "$each"; done', "sh", ...odd]);
    expect(stdout.split("\0").slice(0, -1)).toEqual(odd);
  });

  test("passes the given variables, and no others", async () => {
    const { stdout } = await run("/usr/bin/env", [], { env: { A: "1", B: "a b", C: undefined } });
    expect(stdout.trim().split("\n").toSorted()).toEqual(["A=1", "B=a b"]);
  });

  test("runs it in the given directory with the given input", async () => {
    await using scratch = await createScratch();
    const { stdout } = await run(SHELL, ["-c", "pwd; cat"], { cwd: scratch.path, input: "日本\n" });
    expect(stdout).toBe(`${scratch.path}\n日本\n`);
    expect(await run("/bin/cat", [], { input: "" })).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await run("/bin/cat", [])).toMatchObject({ exitCode: 0, stdout: "" });
  });

  test("outlives a program that ends without reading its input", async () => {
    const input = "x".repeat(1_000_000); // more than a pipe holds
    expect(await run(SHELL, ["-c", "exec <&-; exit 3"], { input })).toMatchObject({ exitCode: 3 });
  });

  test("tells how it has ended, and keeps both outputs apart", async () => {
    const ended = await run(SHELL, ["-c", "echo out; echo err >&2; exit 7"]);
    expect(ended).toEqual({ exitCode: 7, signal: null, stdout: "out\n", stderr: "err\n" });
    expect(await run(SHELL, ["-c", "kill -KILL $$"])).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  });

  test("returns all of a long output, without a broken character", async () => {
    const program = 'console.log("日本語".repeat(100_000))';
    const { stdout } = await run(process.execPath, ["-e", program]);
    expect(stdout).toBe(`${"日本語".repeat(100_000)}\n`);
  });

  test("throws if there is no such program", async () => {
    expect(() => run("no-such-program", [])).toThrow("there is no no-such-program on PATH");
    expect(run("/no/such/program", [])).rejects.toThrow("cannot start /no/such/program");
  });
});

describe("mustRun()", () => {
  test("returns its output, or throws with it", async () => {
    expect(await mustRun(SHELL, ["-c", "echo out"])).toBe("out\n");
    expect(mustRun(SHELL, ["-c", "echo out; echo err >&2; exit 3"])).rejects.toThrow("ended with 3:\nout\nerr\n");
  });
});

describe("start()", () => {
  test("reports output as it arrives, and accepts input", async () => {
    const lines: string[] = [];
    const echo = start("/bin/cat", [], { isTyped: true, onLine: (line) => lines.push(line) });
    echo.type("one\ntw");
    await until("the echo", () => echo.output() === "one\ntw");
    expect(lines).toEqual(["one"]);
    echo.type("o\n");
    await until("the second line", () => lines.length === 2);
    expect(echo.hasEnded).toBeFalse();
    echo.endInput();
    expect(await echo.exited).toMatchObject({ exitCode: 0, stdout: "one\ntwo\n" });
    expect(lines).toEqual(["one", "two"]);
    expect(echo.hasEnded).toBeTrue();
    echo.kill("SIGKILL");
  });

  test("writes both outputs to a file", async () => {
    await using scratch = await createScratch();
    const file = openSync(scratch.in("log"), "w");
    await start(SHELL, ["-c", "echo out; echo err >&2"], { outputFile: file }).exited;
    closeSync(file);
    expect(readFileSync(scratch.in("log"), "utf8")).toBe("out\nerr\n");
  });

  test("ends a whole process group", async () => {
    const group = start(SHELL, ["-c", "/bin/sleep 1000 & echo started; wait"], { isGroup: true });
    await until("the child", () => group.output() === "started\n");
    group.killGroup("SIGKILL");
    // The child keeps the output open until it ends, and this waits for that.
    expect(await group.exited).toMatchObject({ exitCode: null, signal: "SIGKILL" });
    group.killGroup("SIGKILL");
  });
});
