// A run of the binary from which its second build learns what a sync touches, in that order: laid out so, the bytecode
// takes 2 MB less memory. The gateway in it knows just the words to get a sync to its end; nothing is tested by it.
//
//   bun build/rehearse.ts BINARY ORDER_FILE

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

type Fields = Record<string, unknown>;

const JOBS = [
  { name: "command", schedule: "*/15 * * * *", command: "true", description: "a shell line", timeout: 300, retry: 3 },
  { name: "message", schedule: { kind: "every", everyMs: 3_600_000 }, message: "hello", delivery: { mode: "none" } },
];

const jobs: Fields[] = [];

function answer(method: string, params: Fields): unknown {
  switch (method) {
    case "connect":
      return { type: "hello-ok", protocol: 4, server: { version: "2026.9.6", connId: "1" }, policy: {}, snapshot: {} };
    case "cron.list":
      return { jobs, total: jobs.length, hasMore: false, snapshotRevision: "1" };
    case "cron.add":
      jobs.push({ id: `job-${jobs.length}`, createdAtMs: jobs.length, enabled: true, configRevision: "1", ...params });
      return {};
    case "config.get":
      return { valid: true, issues: [], warnings: [], hash: String(jobs.length) };
    default:
      return {};
  }
}

function serve() {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => (server.upgrade(request) ? undefined : new Response(undefined, { status: 400 })),
    websocket: {
      open(socket) {
        socket.send(JSON.stringify({ type: "event", event: "connect.challenge", payload: { nonce: "1", ts: 1 } }));
      },
      message(socket, text) {
        const { id, method, params } = JSON.parse(String(text)) as { id: string; method: string; params?: Fields };
        socket.send(JSON.stringify({ type: "res", id, ok: true, payload: answer(method, params ?? {}) }));
      },
    },
  });
}

const [binary = "", orderFile = ""] = process.argv.slice(2);
const scratch = await mkdtemp(join(tmpdir(), "config-manager-rehearsal-"));
const gateway = serve();
try {
  await writeFile(join(scratch, "cron-jobs.json"), JSON.stringify(JOBS));
  const env = {
    TZ: "UTC",
    CRON_DIR: scratch,
    STAGING_DIR: join(scratch, "staging"),
    CHECKSUM_DIR: join(scratch, "checksums"),
    OPENCLAW_GATEWAY_URL: `ws://127.0.0.1:${gateway.port}`,
    OPENCLAW_GATEWAY_TOKEN: "none",
    BUN_BYTECODE_ORDER_OUT: orderFile,
  };
  const child = Bun.spawn([binary, "sync", "--only", "cron"], { env, stdout: "pipe", stderr: "inherit" });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0 || !output.includes("Cron job sync complete")) {
    process.stderr.write(`error: the rehearsal of the build has failed\n${output}`);
    process.exitCode = 1;
  }
} finally {
  await gateway.stop(true);
  await rm(scratch, { recursive: true });
}
