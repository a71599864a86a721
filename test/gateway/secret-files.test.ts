// Secrets as files, from a Secret volume to a gateway that refers to them: rotated with no restart, and with no failed
// pass on either side.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectGateway } from "../../lib/gateway/connection.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { getRelease } from "../support/release.ts";
import { runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { type Volume, createVolume } from "../support/volume.ts";

const RELOADED = "Secrets reloaded by the gateway";

let root: string;
let secrets: Volume;
let targetDir: string;
let gateway: TestGateway;
let pod: Pod;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "config-manager-secrets-"));
  secrets = await createVolume(join(root, "secrets.d"));
  targetDir = join(root, "secrets");
});
afterEach(async () => {
  await pod.dispose();
  await gateway.dispose();
  await rm(root, { recursive: true, force: true });
});

/** Makes a gateway that gets its token from a file, if at all, and from no variable. */
async function createParts(version: string): Promise<void> {
  const places = { secretsDir: secrets.path, targetDir };
  gateway = await createGateway(await getRelease(version), { OPENCLAW_GATEWAY_TOKEN: "" }, places);
  pod = await createPod(gateway);
}

const environment = (more: Record<string, string> = {}) => ({
  SECRETS_DIR: secrets.path,
  SECRETS_TARGET_DIR: targetDir,
  ...more,
});

const provider = (name: string) => ({ source: "file", path: join(targetDir, name), mode: "singleValue" });

/** A model provider that answers `hello`, and keeps the keys that it was called with. */
function serveModel() {
  const keys: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    fetch(request) {
      keys.push(request.headers.get("authorization"));
      const choices = [
        { index: 0, delta: { role: "assistant", content: "hello" } },
        { index: 0, delta: {}, finish_reason: "stop" },
      ];
      const events = choices.map((choice) => ({
        id: "x",
        object: "chat.completion.chunk",
        model: "m",
        choices: [choice],
      }));
      const body = [...events.map((event) => JSON.stringify(event)), "[DONE]"]
        .map((data) => `data: ${data}\n\n`)
        .join("");
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
  });
  return { keys, url: `http://127.0.0.1:${server.port}/v1`, [Symbol.asyncDispose]: () => server.stop(true) };
}

/** Lets the agent answer once, and waits until the model was asked. */
async function takeTurn(model: { keys: readonly unknown[] }): Promise<void> {
  const before = model.keys.length;
  await gateway.rpc("agent", { message: "hi", sessionKey: "agent:main:main", idempotencyKey: crypto.randomUUID() });
  await until("the model to be asked", () => model.keys.length > before);
}

/** A config whose token and API key are files. */
function configWithFiles(baseUrl = "http://127.0.0.1:1/v1"): Record<string, unknown> {
  const token = { source: "file", provider: "token", id: "value" };
  const apiKey = { source: "file", provider: "key", id: "value" };
  const models = [{ id: "m", name: "m" }];
  return {
    gateway: { mode: "local", bind: "loopback", port: gateway.port, auth: { mode: "token", token } },
    secrets: { providers: { token: provider("gateway-token"), key: provider("api-key") } },
    agents: { defaults: { model: { primary: "litellm/m" } } },
    models: { providers: { litellm: { baseUrl, api: "openai-completions", apiKey, models } } },
  };
}

async function canLogIn(token: string): Promise<boolean> {
  const options = { url: gateway.url, certificate: undefined, hint: undefined, credentials: { token } };
  const opened = await connectGateway({ ...options, onEvent: () => {}, onClose: () => {} }).catch(() => undefined);
  await opened?.close();
  return opened !== undefined;
}

const job = (name: string) => ({ name, schedule: "0 9 1 1 *", command: "true" });

describe("beside OpenClaw 2026.9.6", () => {
  test("the gateway's token is rotated ten times while jobs are added, with no restart and no failure", async () => {
    await createParts("2026.9.6");
    const tokenOf = (round: number) => `token-${round}-${"x".repeat(24)}`;
    const publish = (round: number) =>
      secrets.publish({ "gateway-token": tokenOf(round), "api-key": `key-${round}-${"y".repeat(20)}` });
    await publish(0);
    await using model = serveModel();
    await pod.publishConfig(configWithFiles(model.url));
    await pod.mounts.publishJobs([]);
    const init = await runBinary(["init"], pod.environment(environment()));
    expect(init.messages).toContain("Secrets copied: api-key, gateway-token");
    expect(init.exitCode).toBe(0);
    await gateway.start();

    const sidecar = pod.start(environment());
    await sidecar.waitFor("Cron job sync complete");
    await takeTurn(model);
    const jobs: ReturnType<typeof job>[] = [];
    for (let round = 1; round <= 10; round++) {
      const from = sidecar.messages().length;
      for (let n = 0; n < 3; n++) jobs.push(job(`job ${round}.${n}`));
      await Promise.all([pod.mounts.publishJobs(jobs), publish(round)]);
      await sidecar.waitFor(RELOADED, from);
      await until("the jobs to be there", async () => (await pod.ownJobs()).length === jobs.length);
    }
    await until("the last pass to end", () => sidecar.messages().filter((line) => line === RELOADED).length >= 10);

    await takeTurn(model);
    expect([model.keys.at(0), model.keys.at(-1)]).toEqual(
      [0, 10].map((round) => `Bearer key-${round}-${"y".repeat(20)}`),
    );

    const messages = sidecar.messages();
    expect(messages.filter((line) => line.startsWith("WARNING"))).toEqual([]);
    expect((await pod.ownJobs()).map(({ name }) => name).toSorted()).toEqual(jobs.map(({ name }) => name).toSorted());
    expect(gateway.log().match(/=== start|restart(?:ing|ed)\b.*/g)).toEqual(["=== start"]);
    expect(await canLogIn(tokenOf(10))).toBe(true);
    expect(await canLogIn(tokenOf(9))).toBe(false);
    const printed = messages.join("\n");
    expect(/token-\d|key-\d/.exec(printed)).toBeNull();
    // Copied while no sidecar was there to tell the gateway: it still takes the former token only.
    await sidecar.dispose();
    await publish(11);
    await runBinary(["init"], pod.environment(environment()));
    const next = pod.start(environment());
    await next.waitFor(RELOADED);
    await next.waitFor("Cron job sync complete");
    expect(next.messages().filter((line) => line.startsWith("WARNING"))).toEqual([]);
    expect(await canLogIn(tokenOf(11))).toBe(true);
    const { mode } = await stat(join(targetDir, "gateway-token"));
    expect(mode & 0o777).toBe(0o600);
  });
});

describe("beside OpenClaw 2026.6.11", () => {
  test("a config whose secret comes after it is tried again by itself", async () => {
    await createParts("2026.6.11");
    await mkdir(targetDir); // as the volume that it is in a Pod
    await gateway.start();
    await pod.publishConfig();
    await pod.mounts.publishJobs([]);
    const sidecar = pod.start(environment());
    await sidecar.waitFor("Cron job sync complete");
    const { secrets: refs, models } = configWithFiles();
    const text = await pod.publishConfig({ secrets: refs, models });
    await sidecar.waitFor(/^WARNING: Config rejected/);
    const from = sidecar.messages().length;
    await secrets.publish({ "gateway-token": "unused-in-this-config", "api-key": "key-0" });
    await sidecar.waitFor("Secrets copied: api-key, gateway-token", from);
    await sidecar.waitFor(/^Config update complete/, from);
    await until("the config to be in force", async () => (await readFile(gateway.configPath, "utf8")) === text);
    await sidecar.waitFor(RELOADED, from);
    expect(
      sidecar
        .messages()
        .slice(from)
        .filter((line) => line.startsWith("WARNING")),
    ).toEqual([]);
  });
});

describe("beside OpenClaw 2026.2.9", () => {
  test("a token that is rotated through config and Secret restarts the gateway once, and the sidecar follows", async () => {
    await createParts("2026.2.9");
    const configWith = (token: string) =>
      pod.publishConfig({
        gateway: { mode: "local", bind: "loopback", port: gateway.port, auth: { mode: "token", token } },
      });
    await secrets.publish({ "gateway-token": gateway.token });
    await gateway.start();
    await configWith(gateway.token);
    await pod.mounts.publishJobs([job("first")]);
    const env = environment({ OPENCLAW_GATEWAY_TOKEN_FILE: join(secrets.path, "gateway-token") });
    const sidecar = pod.start(env);
    await sidecar.waitFor("Cron job sync complete");
    const from = sidecar.messages().length;
    const rotated = `rotated-${"x".repeat(24)}`;
    await secrets.publish({ "gateway-token": rotated });
    await sidecar.waitFor("Secrets copied: gateway-token", from);
    await configWith(rotated);
    await sidecar.waitFor(/^Connected to gateway/, from);
    await pod.mounts.publishJobs([job("first"), job("second")]);
    await until("the job to be there", async () => (await pod.ownJobs().catch(() => [])).length === 2);
    const told = "WARNING: OpenClaw dev has no secrets.reload: a changed secret counts from its next start";
    expect(sidecar.messages().filter((line) => line === told)).toHaveLength(1);
    // The restart may be seen by a pass, as any other is.
    const late = sidecar.messages().slice(from);
    expect(late.filter((line) => line.startsWith("WARNING") && !/cannot be reached|model tokens/.test(line))).toEqual(
      [],
    );
    expect(await canLogIn(gateway.token)).toBe(false);
  });
});
