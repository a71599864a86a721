// The built binary on a terminal, where a person types: it says what it waits for, and Ctrl-C ends it at once.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { type Server, createServer } from "node:net";
import { BINARY, type Mounts, createMounts } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const HAS_TERMINAL = Bun.which("script") !== null;
if (!HAS_TERMINAL) console.log("(skip) what is typed on a terminal: no script(1) here");

let mounts: Mounts;
let silent: Server;
let connections = 0;
beforeEach(async () => {
  mounts = await createMounts();
  await mounts.config.publish({ "openclaw.json": "{}" });
  await mounts.publishJobs([]);
  // What no gateway does: it takes the connection, and never says a word.
  connections = 0;
  silent = createServer(() => {
    connections += 1;
  });
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  silent.close();
  await mounts.dispose();
});

function type(command: string, program: string, args: readonly string[]) {
  const address = silent.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const env = mounts.environment({ OPENCLAW_GATEWAY_URL: `ws://127.0.0.1:${address.port}`, TERM: "xterm" });
  let output = "";
  const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once("exit", (code, signal) => resolve(code ?? signal)),
  );
  return { child, exited, output: () => output, command };
}

describe.each(["status", "diff", "doctor", "export"])("%s of a gateway that never answers", (command) => {
  test.if(HAS_TERMINAL)("says what it waits for after a second, and Ctrl-C ends it", async () => {
    // `script` gives it a terminal, and takes what is typed from its own standard input.
    const typed = type(command, "script", ["-qefc", `${BINARY} ${command}`, "/dev/null"]);
    await until("the progress", () => /asking ws:\/\/127\.0\.0\.1:\d+ … [12] s/.test(typed.output()), {
      explain: typed.output,
    });
    typed.child.stdin.write("\u0003");
    expect(await typed.exited).toBe(130);
  });

  test("ends at SIGINT and at SIGTERM, with nothing of a progress where nobody looks", async () => {
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const before = connections;
      const typed = type(command, BINARY, [command]);
      await until("the connection", () => connections > before);
      typed.child.kill(signal);
      expect(await typed.exited).toBe(code);
      expect(typed.output()).toBe("");
    }
  });
});
