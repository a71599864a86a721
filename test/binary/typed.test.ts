// The built binary on a terminal: it shows what it waits for, and Ctrl-C ends it at once.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Server, createServer } from "node:net";
import { start } from "../support/process.ts";
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
  // A server that accepts the connection and never answers.
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

function type(program: string, args: readonly string[]) {
  const address = silent.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const env = mounts.environment({ OPENCLAW_GATEWAY_URL: `ws://127.0.0.1:${address.port}`, TERM: "xterm" });
  return start(program, args, { env, isTyped: true });
}

describe.each(["status", "diff", "doctor", "export"])("%s of a gateway that never answers", (command) => {
  test.if(HAS_TERMINAL)("says what it waits for after a second, and Ctrl-C ends it", async () => {
    // `script` gives it a terminal, and passes on its own standard input.
    const typed = type("script", ["-qefc", `${BINARY} ${command}`, "/dev/null"]);
    await until("the progress", () => /asking ws:\/\/127\.0\.0\.1:\d+ … [12] s/.test(typed.output()), {
      explain: typed.output,
    });
    typed.type("\u0003");
    expect((await typed.exited).exitCode).toBe(130);
  });

  test("ends at SIGINT and SIGTERM, without a progress line if it is not a terminal", async () => {
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const before = connections;
      const typed = type(BINARY, [command]);
      await until("the connection", () => connections > before);
      typed.kill(signal);
      expect((await typed.exited).exitCode).toBe(code);
      expect(typed.output()).toBe("");
    }
  });
});
