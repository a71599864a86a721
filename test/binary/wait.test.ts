// The built binary: a sidecar without a gateway serves /status, and wait asks it, or something else on that port.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { serve } from "../support/fake-servers.ts";
import { findFreePort } from "../support/free-port.ts";
import { measureBinary } from "../support/memory.ts";
import { start } from "../support/process.ts";
import {
  BINARY,
  type Mounts,
  type Result,
  type Sidecar,
  createMounts,
  runBinary,
  startSidecar,
} from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const CONFIG = '{"gateway":{"mode":"local"}}';
const TOKEN = "s3cret-token";

let mounts: Mounts;
let sidecar: Sidecar | undefined;
let port: number;

beforeEach(async () => {
  mounts = await createMounts();
  port = await findFreePort();
});
afterEach(async () => {
  await sidecar?.dispose();
  sidecar = undefined;
  await mounts.dispose();
});

/** Without a gateway, only the CLI is left, which validates no config: what is delivered is in force. */
const overCli = () => ({ CONFIG_MANAGER_TRANSPORT: "cli" });

async function startServing(more: Record<string, string> = {}): Promise<void> {
  const env = { CONFIG_MANAGER_HTTP_PORT: String(port), OPENCLAW_GATEWAY_TOKEN: TOKEN, POLL_INTERVAL: "3600", ...more };
  sidecar = startSidecar(mounts.environment({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1", ...env }));
  await sidecar.waitFor(/^ {2}Poll interval: /);
}

async function wait(
  timeout: number,
  more: Record<string, string> = {},
  url = `http://127.0.0.1:${port}`,
): Promise<Result> {
  const env = mounts.environment({
    OPENCLAW_GATEWAY_TOKEN: TOKEN,
    PVC_CONFIG: join(mounts.root, "none", "openclaw.json"),
    ...more,
  });
  const result = await runBinary(["wait", "--url", url, "--timeout", String(timeout)], env);
  expect(`${result.stdout}${result.stderr}`).not.toContain(TOKEN);
  return result;
}

const get = (headers: Record<string, string> = {}) => fetch(`http://127.0.0.1:${port}/status`, { headers });

describe("wait", () => {
  test("ends with 0 once what is mounted is in place, and waits for no kind that is not mounted", async () => {
    await mounts.config.publish({ "openclaw.json": CONFIG });
    await startServing(overCli());
    const { exitCode, stdout, stderr } = await wait(60);
    expect([exitCode, stdout]).toEqual([0, "In force: config\n"]);
    expect(stderr).toMatch(/^config: in force \(md5 [0-9a-f]{12}\)$/m);
  });

  test("waits for a volume that is not swapped in the sidecar yet", async () => {
    await mounts.config.publish({ "openclaw.json": CONFIG });
    await startServing(overCli());
    expect((await wait(60)).exitCode).toBe(0);
    const job = await createMounts();
    try {
      await job.config.publish({ "openclaw.json": `${CONFIG}\n` });
      const env = job.environment({ OPENCLAW_GATEWAY_TOKEN: TOKEN });
      const waiting = start(BINARY, ["wait", "--url", `http://127.0.0.1:${port}`], { env });
      const line = /^config: not in force yet: the sidecar has md5 [0-9a-f]{12}, and here is md5 [0-9a-f]{12}$/m;
      await until("it to see the former one", () => line.test(waiting.output()));
      await mounts.config.publish({ "openclaw.json": `${CONFIG}\n` });
      const { exitCode, stdout } = await waiting.exited;
      expect([exitCode, stdout]).toEqual([0, "In force: config\n"]);
    } finally {
      await job.dispose();
    }
  });

  test("ends with 1 at a rejection, with the file and the problem", async () => {
    await mounts.config.publish({ "openclaw.json": '{"gateway":' });
    await mounts.publishJobs([{ name: "a", schedule: "every day", command: "true" }]);
    await startServing();
    const { exitCode, stdout, stderr } = await wait(60);
    expect(stdout).toBe("config: openclaw.json: invalid end of input at 1:12\n");
    expect(stderr).toEndWith("error: rejected: config\n");
    expect(exitCode).toBe(1);
  });

  test("ends with 2 while no gateway has said that it is in force, and says so", async () => {
    await mounts.config.publish({ "openclaw.json": CONFIG });
    await startServing();
    await until("the first pass", async () =>
      (await get({ authorization: `Bearer ${TOKEN}` }).then((it) => it.text())).includes("pending"),
    );
    const { exitCode, stdout, stderr } = await wait(1);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(
      "config: not in force yet: pending: no gateway answers\n" +
        "error: config: not in force after 1 s: pending: no gateway answers\n",
    );
  });

  test("ends with 2 where there is no sidecar, and asks until its time is over", async () => {
    await mounts.config.publish({ "openclaw.json": CONFIG });
    const { exitCode, stderr } = await wait(1);
    expect(exitCode).toBe(2);
    expect(stderr).toBe(
      `config: not in force yet: http://127.0.0.1:${port}/status does not answer: ECONNREFUSED\n` +
        `error: config: not in force after 1 s: http://127.0.0.1:${port}/status does not answer: ECONNREFUSED\n` +
        "hint: a sidecar answers where it runs with --http-port and is ready to be reached\n",
    );
    const waiting = wait(60);
    await startServing(overCli());
    expect((await waiting).exitCode).toBe(0);
  });

  test("ends with 1 with a wrong token, or without one, and without a mount", async () => {
    await mounts.config.publish({ "openclaw.json": CONFIG });
    await startServing(overCli());
    const wrong = await wait(1, { OPENCLAW_GATEWAY_TOKEN: "another" });
    expect([wrong.exitCode, wrong.stdout]).toEqual([1, ""]);
    expect(wrong.stderr).toContain(
      `error: http://127.0.0.1:${port}/status does not accept the gateway token of this container\n`,
    );
    expect(wrong.stderr).toContain("hint: give both containers the same token");
    const without = await wait(60, { OPENCLAW_GATEWAY_TOKEN: "" });
    expect([without.exitCode, without.stderr]).toEqual([
      1,
      "error: there is no gateway token here, and a sidecar tells nobody without\n" +
        "hint: give this container OPENCLAW_GATEWAY_TOKEN, from the Secret that the gateway's container has it from\n",
    ]);
    const unmounted = await wait(60, { CONFIG_DIR: join(mounts.root, "nowhere") });
    expect([unmounted.exitCode, unmounted.stderr]).toEqual([
      1,
      "error: nothing is mounted here that could be waited for\n" +
        "hint: mount the ConfigMaps in this container as in the sidecar's\n",
    ]);
  });

  test("is wrong usage without an address, and takes the port of its own container", async () => {
    await mounts.config.publish({ "openclaw.json": CONFIG });
    const none = await runBinary(["wait"], mounts.environment({}));
    expect([none.exitCode, none.stderr]).toEqual([
      64,
      "error: --url: expected the address of a sidecar, such as http://SERVICE:9090\nhint: config-manager help wait\n",
    ]);
    await startServing(overCli());
    const own = { OPENCLAW_GATEWAY_TOKEN: TOKEN, CONFIG_MANAGER_HTTP_PORT: String(port) };
    expect((await runBinary(["wait"], mounts.environment(own))).exitCode).toBe(0);
  });

  test("sends its token past no proxy", async () => {
    await mounts.config.publish({ "openclaw.json": CONFIG });
    await startServing(overCli());
    let visits = 0;
    await using proxy = await serve(() => (visits += 1));
    const address = proxy.url.replace("ws:", "http:");
    const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    const { exitCode } = await wait(60, Object.fromEntries(names.map((name) => [name, address])));
    expect([exitCode, visits]).toEqual([0, 0]);
  });

  test("ends at once when it is told to", async () => {
    await mounts.config.publish({ "openclaw.json": CONFIG });
    const env = mounts.environment({ OPENCLAW_GATEWAY_TOKEN: TOKEN });
    const running = start(BINARY, ["wait", "--url", `http://127.0.0.1:${port}`], { env });
    await until("it to ask", () => running.output().includes("not in force yet"));
    running.kill("SIGTERM");
    expect((await running.exited).exitCode).toBe(143);
  });

  test("beside a peer that sends without end stays small, and says what is wrong", async () => {
    await mounts.config.publish({ "openclaw.json": CONFIG });
    const piece = Buffer.alloc(65_536, "[");
    await using peer = await serve((socket) => {
      const send = () => {
        if (!socket.destroyed) socket.write(piece, () => setImmediate(send));
      };
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        send();
      });
    });
    const url = peer.url.replace("ws:", "http:");
    const env = mounts.environment({ OPENCLAW_GATEWAY_TOKEN: TOKEN });
    const { exitCode, stderr, peakMiB } = await measureBinary(["wait", "--url", url, "--timeout", "3"], env);
    expect(stderr).toEndWith(
      `error: ${url}/status is no status of a sidecar: an answer of more than 4194304 bytes\n` +
        "hint: --url is the address of a sidecar's --http-port\n",
    );
    expect(exitCode).toBe(1);
    expect(peakMiB).toBeGreaterThan(0);
    expect(peakMiB).toBeLessThan(200);
  });

  test("prints nothing of a peer's that a terminal would obey", async () => {
    await mounts.config.publish({ "openclaw.json": CONFIG });
    const told = (checksum: string) =>
      JSON.stringify({ config: { checksum, state: "\u001b[2J", problems: ["\u001b]0;a\u0007\nIn force: config"] } });
    await using peer = await serve((socket) =>
      socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${told(md5)}`)),
    );
    const md5 = new Bun.CryptoHasher("md5").update(CONFIG).digest("hex");
    const { exitCode, stdout, stderr } = await wait(1, {}, peer.url.replace("ws:", "http:"));
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr.split("\n")[0]).toBe("config: not in force yet: \\u001b[2J: \\u001b]0;a\\u0007\\nIn force: config");
  });
});

describe("GET /status", () => {
  test("tells nothing without the token, and the checksums with it", async () => {
    await mounts.config.publish({ "openclaw.json": CONFIG });
    await startServing(overCli());
    for (const headers of [{}, { authorization: "Bearer another" }, { authorization: TOKEN }] as Record<
      string,
      string
    >[]) {
      const response = await get(headers);
      expect([response.status, await response.text(), response.headers.get("www-authenticate")]).toEqual([
        401,
        "not allowed\n",
        "Bearer",
      ]);
    }
    const told = async () =>
      (await get({ authorization: `Bearer ${TOKEN}` })).json() as Promise<Record<string, { state: string }>>;
    await until("the first pass", async () => (await told()).config?.state === "in-sync");
    const checksum = new Bun.CryptoHasher("md5").update(CONFIG).digest("hex");
    expect(await told()).toMatchObject({ config: { checksum, state: "in-sync", problems: [] } });
  });

  test("answers nobody where there is no token, and log and doctor say so", async () => {
    await startServing({ OPENCLAW_GATEWAY_TOKEN: "" });
    expect((await get({ authorization: "Bearer " })).status).toBe(401);
    expect((await get({ authorization: "Bearer any" })).status).toBe(401);
    await sidecar?.waitFor(
      /^WARNING: GET \/status answers nobody: this container has no gateway token to compare with /,
    );
    const env = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1", CONFIG_MANAGER_HTTP_PORT: String(port) };
    const { stdout } = await runBinary(["doctor", "--json"], mounts.environment(env));
    const { checks } = JSON.parse(stdout) as { checks: { name: string; detail: string }[] };
    expect(checks.find(({ name }) => name === "token")?.detail).toBe(
      "there is none, which few gateways allow; GET /status answers nobody without one",
    );
  });
});
