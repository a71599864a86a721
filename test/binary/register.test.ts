// `register` ends when it says, whatever holds the gateway's port, and however long the openclaw CLI hangs.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { greeting, serveGateway } from "../support/fakes.ts";
import { serveSilence, serveWithoutClose } from "../support/fake-servers.ts";
import { type Mounts, createMounts, runBinary } from "../support/sidecar.ts";

const LATE = "WARNING: Failed to register cron jobs: not done within 1 s";

let mounts: Mounts;

beforeEach(async () => {
  mounts = await createMounts();
  await mkdir(mounts.staging);
  const jobs = [{ name: "backup", schedule: "0 3 * * *", command: "true" }];
  await writeFile(join(mounts.staging, "cron-jobs.json"), JSON.stringify(jobs));
});
afterEach(() => mounts.dispose());

const register = (url: string, more: Record<string, string> = {}) =>
  runBinary(["register", "--wait", "1"], mounts.environment({ OPENCLAW_GATEWAY_URL: url, ...more }));

const answering = (method: string) => () =>
  serveGateway({ connect: () => ({ payload: greeting() }), [method]: () => "none" });

test.each([
  ["that accepts the connection and says nothing", serveSilence],
  ["that speaks WebSocket and says nothing", serveWithoutClose],
  ["that never answers the first call", async () => answering("cron.status")()],
  ["that never sends the list", async () => answering("cron.list")()],
])("register --wait ends in time beside a peer %s", async (_, serve) => {
  await using peer = await serve();
  const { exitCode, messages } = await register(peer.url);
  expect(exitCode).toBe(1);
  expect(messages).toContain(LATE);
});

test("register --wait ends in time beside an openclaw CLI that hangs, and ends it", async () => {
  const bin = join(mounts.root, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "openclaw"), "#!/bin/sh\nexec sleep 300\n", { mode: 0o755 });
  const { exitCode, messages } = await register("ws://127.0.0.1:1", {
    PATH: `${bin}:/usr/bin:/bin`,
    CONFIG_MANAGER_TRANSPORT: "cli",
  });
  expect(exitCode).toBe(1);
  expect(messages).toContain(LATE);
});
