import { describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { waitForMainProcess } from "../../../lib/commands/main-process.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { createClock, createScratch, unreachableTransport } from "../../support/fakes.ts";

describe("waitForMainProcess()", () => {
  test("says that the gateway's port is another one", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("config.d"));
    const path = scratch.in("openclaw.json");
    await writeFile(path, '{"gateway":{"port":19000}}');
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    const stopping = new AbortController();
    const transport = {
      ...unreachableTransport(),
      async probe() {
        stopping.abort();
        return { isUp: false as const, reason: "the gateway at ws://127.0.0.1:18789 cannot be reached: ECONNREFUSED" };
      },
    };
    const settings = { gatewayUrl: "ws://127.0.0.1:18789", configDir: scratch.in("config.d"), pvcConfig: path };
    const runtime = {
      settings,
      transport,
      clock: createClock(),
      log,
      warnings: createWarnings(log),
      state: [],
      signal: stopping.signal,
    };
    await waitForMainProcess(runtime, 300, {});
    expect(lines).toEqual([
      "Waiting for openclaw main process to start...",
      `  Not yet: the gateway at ws://127.0.0.1:18789 cannot be reached: ECONNREFUSED; gateway.port of ${path} is another port than that of ws://127.0.0.1:18789 (OPENCLAW_GATEWAY_PORT=19000)`,
    ]);
  });

  test("ends in time beside a gateway that takes 10 s to refuse each attempt, whatever the wall clock says", async () => {
    const clock = createClock();
    let attempts = 0;
    const transport = {
      ...unreachableTransport(),
      async probe() {
        attempts += 1;
        clock.advance(10_000);
        clock.step(-3_600_000);
        return { isUp: false as const, reason: "no answer" };
      },
    };
    const settings = { gatewayUrl: "ws://127.0.0.1:1", configDir: "/nonexistent", pvcConfig: "/nonexistent" };
    const log = () => undefined;
    const { signal } = new AbortController();
    await waitForMainProcess({ settings, transport, clock, log, warnings: createWarnings(log), state: [], signal }, 20);
    expect(attempts).toBe(2);
  });
});
