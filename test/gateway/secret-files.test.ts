// Secrets as files, from a Secret volume to a gateway that refers to them: rotated with no restart, and with no failed
// pass on either side.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, stat } from "node:fs/promises";
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

/** A config whose token and API key are files. */
function configWithFiles(): Record<string, unknown> {
  const token = { source: "file", provider: "token", id: "value" };
  const apiKey = { source: "file", provider: "key", id: "value" };
  const models = [{ id: "m", name: "m" }];
  return {
    gateway: { mode: "local", bind: "loopback", port: gateway.port, auth: { mode: "token", token } },
    secrets: { providers: { token: provider("gateway-token"), key: provider("api-key") } },
    models: {
      providers: { litellm: { baseUrl: "http://127.0.0.1:1/v1", api: "openai-completions", apiKey, models } },
    },
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
    await pod.publishConfig(configWithFiles());
    await pod.mounts.publishJobs([]);
    const init = await runBinary(["init"], pod.environment(environment()));
    expect(init.messages).toContain("Secrets copied: api-key, gateway-token");
    expect(init.exitCode).toBe(0);
    await gateway.start();

    const sidecar = pod.start(environment());
    await sidecar.waitFor("Cron job sync complete");
    const jobs: ReturnType<typeof job>[] = [];
    for (let round = 1; round <= 10; round++) {
      const from = sidecar.messages().length;
      for (let n = 0; n < 15; n++) jobs.push(job(`job ${round}.${n}`));
      await Promise.all([pod.mounts.publishJobs(jobs), publish(round)]);
      await sidecar.waitFor(RELOADED, from);
      await until("the jobs to be there", async () => (await pod.ownJobs()).length === jobs.length);
    }
    await until("the last pass to end", () => sidecar.messages().filter((line) => line === RELOADED).length >= 10);

    const messages = sidecar.messages();
    expect(messages.filter((line) => line.startsWith("WARNING"))).toEqual([]);
    expect((await pod.ownJobs()).map(({ name }) => name).toSorted()).toEqual(jobs.map(({ name }) => name).toSorted());
    expect(gateway.log().match(/=== start|restart(?:ing|ed)\b.*/g)).toEqual(["=== start"]);
    expect(await canLogIn(tokenOf(10))).toBe(true);
    expect(await canLogIn(tokenOf(9))).toBe(false);
    const printed = messages.join("\n");
    expect(/token-\d|key-\d/.exec(printed)).toBeNull();
    const { mode } = await stat(join(targetDir, "gateway-token"));
    expect(mode & 0o777).toBe(0o600);
  });
});
