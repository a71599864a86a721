// The variables of the runtime that the binary is compiled with. Whoever sets them also chooses the image and its command,
// so they are trusted; but a binary that becomes another program by one of them surprises, most of all where a name on a
// list of allowed programs stands for it.

import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { describeVersion } from "../../lib/version.ts";
import { run } from "../support/process.ts";
import { BINARY, type Mounts, createMounts } from "../support/sidecar.ts";

/** To end a binary that waits for a debugger, not to measure. */
const LIMIT_MS = 20_000;

let mounts: Mounts;
beforeEach(async () => {
  mounts = await createMounts();
});
afterEach(() => mounts.dispose());

/** Each variable with a value that does something in Bun itself; `DIR` is a directory with a `preload.js`. */
const VARIABLES: readonly (readonly [what: string, variables: Readonly<Record<string, string>>])[] = [
  ["become Bun", { BUN_BE_BUN: "1" }],
  ["run a script first", { BUN_OPTIONS: "--preload DIR/preload.js" }],
  ["print Bun's version", { BUN_OPTIONS: "--version" }],
  ["print Bun's help", { BUN_OPTIONS: "--help" }],
  ["open a debugger", { BUN_INSPECT: "ws+unix://DIR/inspect.sock" }],
  ["wait for a debugger", { BUN_INSPECT: "ws+unix://DIR/inspect.sock?wait=1" }],
  ["stop for a debugger", { BUN_INSPECT: "127.0.0.1:0/x?break=1" }],
  ["run a debugger's script first", { BUN_INSPECT_PRELOAD: "DIR/preload.js" }],
  ["write an order of its code", { BUN_BYTECODE_ORDER_OUT: "DIR/order", BUN_BYTECODE_DIGEST_OUT: "DIR/digest" }],
  ["run a script as Node", { NODE_OPTIONS: "--require DIR/preload.js" }],
  ["write a cache of code", { NODE_COMPILE_CACHE: "DIR/cache" }],
  ["write coverage", { NODE_V8_COVERAGE: "DIR/coverage" }],
];

describe("the binary does not let a variable of its runtime", () => {
  test.each(VARIABLES)("%s", async (_, variables) => {
    const directory = mounts.root;
    await writeFile(join(directory, "preload.js"), 'console.log("preloaded");\n');
    const before = await readdir(directory);
    const entries = Object.entries(variables).map(([name, value]) => [name, value.replaceAll("DIR", directory)]);
    const env = mounts.environment(Object.fromEntries(entries) as Record<string, string>);
    const { exitCode, stdout, stderr } = await run(BINARY, ["version"], { env, limitMs: LIMIT_MS });
    expect(stdout).toStartWith(describeVersion().replace(/\(.*/, "("));
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(await readdir(directory)).toEqual(before);
  });

  test("evaluate what its arguments say", async () => {
    const { exitCode, stdout, stderr } = await run(BINARY, ["-e", "console.log(1)"], {
      env: mounts.environment({ BUN_BE_BUN: "1" }),
    });
    expect(stderr).toStartWith("error: unknown option '-e'");
    expect([exitCode, stdout]).toEqual([64, ""]);
  });
});

test("would be seen: Bun itself obeys them", async () => {
  const bun = join(import.meta.dir, "../../node_modules/.bin/bun");
  const preload = join(mounts.root, "preload.js");
  await writeFile(preload, 'console.log("preloaded");\n');
  const env = mounts.environment({ BUN_OPTIONS: `--preload ${preload}`, PATH: process.env.PATH ?? "" });
  expect((await run(bun, ["-e", "0"], { env })).stdout).toBe("preloaded\n");
});
