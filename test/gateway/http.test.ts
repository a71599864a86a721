// The built binary and its HTTP port, beside a real gateway: one situation each.

import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { type Server, connect, createServer } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { findFreePort } from "../support/free-port.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { getRelease } from "../support/release.ts";
import { type Sidecar, readMaybe, runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const JOBS = [
  { name: "one", schedule: "0 3 * * *", command: "true" },
  { name: "two", schedule: "0 4 * * *", command: "true" },
];

/** Taken by no release. */
const BAD = { messages: { nonsenseKey: true } };

let gateway: TestGateway;
let pod: Pod;
beforeAll(async () => {
  gateway = await createGateway(await getRelease("2026.9.6"));
  await gateway.start();
});
afterAll(() => gateway.dispose());
beforeEach(async () => {
  pod = await createPod(gateway);
  await pod.publishConfig();
  await pod.mounts.publishJobs(JOBS);
});
afterEach(() => pod.dispose());

interface Probed {
  readonly sidecar: Sidecar;
  readonly port: number;
  readonly get: (path: string) => Promise<{ status: number; body: string }>;
  /** Waits until the page says so; what it says then. */
  readonly waitFor: (path: string, said: { status?: number; body?: RegExp }) => Promise<string>;
  /** Waits until these metrics have these values. */
  readonly waitForMetrics: (values: Record<string, number | ((value: number) => boolean)>) => Promise<void>;
}

async function start(more: Record<string, string> = {}): Promise<Probed> {
  const port = await findFreePort();
  const sidecar = pod.start({ CONFIG_MANAGER_HTTP_PORT: String(port), ...more });
  let last = "";
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, body: (last = await response.text()) };
  };
  const explain = () => [last, ...sidecar.messages()].join("\n");
  await until("the port to answer", () =>
    get("/healthz").then(
      () => true,
      () => false,
    ),
  );
  return {
    sidecar,
    port,
    get,
    async waitFor(path, said) {
      const isSaid = async () => {
        const { status, body } = await get(path);
        return (said.status ?? status) === status && (said.body?.test(body) ?? true);
      };
      await until(`${path} to say ${said.status} ${said.body}`, isSaid, { explain });
      return last;
    },
    async waitForMetrics(values) {
      const areSo = async () => {
        const metrics = readMetrics((await get("/metrics")).body);
        return Object.entries(values).every(([name, wanted]) => {
          const value = metrics.get(`config_manager_${name}`);
          return value !== undefined && (typeof wanted === "number" ? value === wanted : wanted(value));
        });
      };
      await until(`the metrics ${JSON.stringify(values)}`, areSo, { explain });
    },
  };
}

function readMetrics(text: string): Map<string, number> {
  const samples = text.split("\n").filter((line) => line && !line.startsWith("#"));
  return new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
}

/** Takes a port, until it is closed. */
async function takePort(): Promise<{ port: string; server: Server }> {
  const port = await findFreePort();
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return { port: String(port), server };
}

const isPositive = (value: number) => value > 0;

describe("run --http-port", () => {
  test("is ready after the first passes, and counts the jobs, the passes and the gateway", async () => {
    const { get, waitFor, waitForMetrics } = await start();
    await waitFor("/readyz", { status: 200 });
    await waitForMetrics({
      declared_jobs: 2,
      owned_jobs: 2,
      gateway_connected: 1,
      config_drift: 0,
      config_rejected: 0,
      definitions_rejected: 0,
      'passes_total{reconciler="config",result="equal"}': isPositive,
      'passes_total{reconciler="cron",result="equal"}': isPositive,
      'last_success_timestamp_seconds{reconciler="config"}': isPositive,
      'last_success_timestamp_seconds{reconciler="cron"}': isPositive,
    });
    expect((await get("/metrics")).body).toMatch(
      /^config_manager_build_info\{version="\d+\.\d+\.\d+",revision="\S+"\} 1$/m,
    );
    await pod.mounts.publishJobs(JOBS.slice(0, 1));
    await waitForMetrics({ declared_jobs: 1, owned_jobs: 1 });
    expect(await get("/healthz")).toMatchObject({
      status: 200,
      body: expect.stringMatching(/^ok\nconfig: .*\ncron: .*\nworkspace: .*\napprovals: .*\nsecrets: .*\n$/),
    });
  });

  test("is ready with ConfigMaps that are broken, and says so", async () => {
    await pod.mounts.config.publish({ "openclaw.json": "{" });
    await pod.mounts.publishJobs([{ nme: "typo" }]);
    const { waitFor, waitForMetrics } = await start();
    await waitFor("/readyz", { status: 200 });
    await waitForMetrics({ config_rejected: 1, definitions_rejected: 1 });
    await pod.publishConfig();
    await pod.mounts.publishJobs(JOBS);
    await waitForMetrics({ config_rejected: 0, definitions_rejected: 0, owned_jobs: 2 });
  });

  test("tells of a config that the gateway refuses, and of an edit of the live one, for as long as it is so", async () => {
    const { sidecar, waitFor, waitForMetrics } = await start();
    await waitFor("/readyz", { status: 200 });
    await waitForMetrics({ gateway_connected: 1, config_rejected: 0 });
    await pod.publishConfig(BAD);
    await waitForMetrics({
      config_rejected: 1,
      config_drift: 0,
      'passes_total{reconciler="config",result="rejected"}': isPositive,
    });
    const good = await pod.publishConfig({ messages: { ackReaction: "a1" } });
    await waitForMetrics({ config_rejected: 0 });
    await until("the config to be in place", async () => (await readMaybe(gateway.configPath)) === good);
    await until("the config to be judged", async () => {
      return (await readMaybe(`${gateway.configPath}.config-manager-good`)) === good;
    });

    await writeFile(gateway.configPath, gateway.config({ messages: { ackReaction: "a2" } }));
    sidecar.signal("SIGHUP");
    await waitForMetrics({ config_drift: 1, config_rejected: 0 });
    await pod.publishConfig({ messages: { ackReaction: "a3" } });
    await waitForMetrics({ config_drift: 0, config_rejected: 0 });
  });

  test("stays healthy and ready when the gateway goes, and tells that it is gone", async () => {
    const { get, waitFor, waitForMetrics } = await start();
    await waitFor("/readyz", { status: 200 });
    await waitForMetrics({ owned_jobs: 2 });
    await gateway.kill();
    const failed = (count: number) => count > 1;
    await waitForMetrics({
      gateway_connected: 0,
      owned_jobs: 2,
      'passes_total{reconciler="cron",result="failed"}': failed,
    });
    expect((await get("/healthz")).status).toBe(200);
    expect((await get("/readyz")).status).toBe(200);
    await gateway.start();
    await waitForMetrics({ gateway_connected: 1 });
  });

  test("is healthy, and not ready, while it waits for the gateway to come up", async () => {
    const { sidecar, get, waitFor } = await start({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" });
    await sidecar.waitFor(/^ {2}Not yet: /);
    await waitFor("/readyz", { status: 503, body: /^config: first pass done\ncron: first pass not done yet$/m });
    expect((await get("/healthz")).status).toBe(200);
  });

  test("gives a sign of life with each try to reach a gateway that takes its time", async () => {
    const { port, server } = await takePort(); // and never says a word
    const { waitFor } = await start({ OPENCLAW_GATEWAY_URL: `ws://127.0.0.1:${port}` });
    await waitFor("/healthz", { status: 200, body: /^cron: working, last sign of life [3-9] s ago$/m });
    await waitFor("/healthz", { status: 200, body: /^cron: working, last sign of life [01] s ago$/m });
    server.close();
  });

  test("gives a sign of life with each job that it writes, however long one takes", async () => {
    const [bin, gate] = [`${pod.mounts.root}/bin`, `${pod.mounts.root}/gate`];
    await mkdir(bin);
    await writeFile(
      `${bin}/openclaw`,
      `#!/bin/sh
case "$1 $2" in
  --version*) echo 2026.9.6 ;;
  "cron list") echo '{"jobs":[]}' ;;
  "cron add") while [ -d '${bin}' ] && ! mv '${gate}' '${gate}.used' 2>/dev/null; do sleep 0.1; done ;;
esac
`,
      { mode: 0o755 },
    );
    const cli = { CONFIG_MANAGER_TRANSPORT: "cli", PATH: `${bin}:/usr/bin:/bin` };
    const { sidecar, waitFor } = await start(cli);
    await sidecar.waitFor("Adding cron job: one");
    await waitFor("/healthz", { status: 200, body: /^cron: working, last sign of life [3-9] s ago$/m });
    await writeFile(gate, "");
    await sidecar.waitFor("Adding cron job: two");
    await waitFor("/healthz", { status: 200, body: /^cron: working, last sign of life [01] s ago$/m });
  });

  test("is ready after a pass that failed because the CLI is killed", async () => {
    const bin = `${pod.mounts.root}/bin`;
    await mkdir(bin);
    const script = '#!/bin/sh\ncase "$1" in --version) echo 2026.9.6 ;; *) kill -9 $$ ;; esac\n';
    await writeFile(`${bin}/openclaw`, script, { mode: 0o755 });
    const { sidecar, waitFor } = await start({ CONFIG_MANAGER_TRANSPORT: "cli", PATH: `${bin}:/usr/bin:/bin` });
    await sidecar.waitFor(/^WARNING: Failed to sync cron jobs: openclaw cron list: killed /);
    await waitFor("/readyz", { status: 200, body: /^cron: first pass done$/m });
  });

  test("ends when it is told to, with clients on the line", async () => {
    const { sidecar, port, waitFor } = await start();
    await waitFor("/readyz", { status: 200 });
    const [kept, half] = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
    kept.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    half.write("GET /healthz HTTP/1.1\r\n");
    const [answer] = (await once(kept, "data")) as [Buffer];
    expect(answer.toString()).toContain("200 OK");
    sidecar.signal("SIGTERM");
    expect(await sidecar.exited).toBe(0);
    for (const socket of [kept, half]) socket.destroy();
  });

  test("ends at once where the port is taken, and has touched nothing", async () => {
    const { port, server } = await takePort();
    const live = `${pod.mounts.root}/openclaw.json`;
    const { exitCode, stdout, stderr } = await runBinary(
      ["run", "--http-port", port],
      pod.environment({ PVC_CONFIG: live }),
    );
    server.close();
    expect(stderr).toBe(
      `error: cannot listen on port ${port}: EADDRINUSE\n` +
        "hint: something else in this Pod listens there: choose another one with --http-port\n",
    );
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(await readMaybe(live)).toBeUndefined();
  });

  test("answers run alone: no other command takes the port", async () => {
    const { port, server } = await takePort();
    const { exitCode } = await runBinary(["sync"], pod.environment({ CONFIG_MANAGER_HTTP_PORT: port }));
    server.close();
    expect(exitCode).toBe(0);
  });
});
