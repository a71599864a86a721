// Marked secrets wherever one may stand, in a real gateway's Pod: whatever the binary says of it all, on whichever way,
// not even half of one is in it. What the commands print when jobs are as they should be is commands-e2e.test.ts's.

import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFreePort } from "../support/free-port.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { MARK, variablesOf } from "../support/scene.ts";
import { runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const SECRET = `${MARK}-${MARK}-${MARK}`;
const COMMANDS = [["status"], ["status", "--json"], ["diff"], ["diff", "--json"], ["doctor"], ["doctor", "--json"]];

/** Each is refused, by us or by a gateway, for a reason that a value may stand in. */
const CONFIGS: Record<string, (gateway: TestGateway) => string> = {
  "that ends in the middle of one": () => `{"gateway": {"auth": {"token": "${SECRET}`,
  "with one where JSON5 has none": () => `{"gateway": ${SECRET}}`,
  "with one for a number": (gateway) => gateway.config({ cron: { enabled: true, maxConcurrentRuns: SECRET } }),
  "with one for a word of a list": (gateway) => gateway.config({ messages: { ackReactionScope: SECRET } }),
  "with one under an unknown key": (gateway) => gateway.config({ messages: { unknownKey: SECRET } }),
  "with one for an object": (gateway) => gateway.config({ channels: SECRET }),
};

/** Each has something wrong with it, at a value or beside one. */
const DEFINITIONS: Record<string, unknown> = {
  "cut off": `[{"name": "x", "env": {"A": "${SECRET}`,
  "with one for a schedule": [{ name: "x", schedule: SECRET, command: "true" }],
  "with one for a date": [{ name: "x", schedule: { kind: "at", at: SECRET }, command: "true" }],
  "with one for a zone": [{ name: "x", schedule: "0 3 * * *", tz: SECRET, command: "true" }],
  "with one for a number": [{ name: "x", schedule: "0 3 * * *", command: "true", timeout: SECRET }],
  "with one in an env that is none": [{ name: "x", schedule: "0 3 * * *", command: "true", env: { A: { B: SECRET } } }],
  "with one under an unknown field": [{ name: "x", schedule: "0 3 * * *", command: "true", secret: SECRET }],
  "with one for a webhook": [
    { name: "x", schedule: "0 3 * * *", command: "true", delivery: { mode: "webhook", to: SECRET } },
  ],
};

describe.each([...RELEASES])("beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let pod: Pod;
  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version), variablesOf(version));
    await gateway.start();
  });
  afterAll(() => gateway.dispose());
  beforeEach(async () => {
    pod = await createPod(gateway);
  });
  afterEach(() => pod.dispose());

  /** Fails where a secret, or a half of one, is in what was said. */
  function expectNone(what: string, said: string): void {
    const found = [MARK, gateway.token].filter((secret) => said.includes(secret));
    expect([what, found, found.length > 0 ? said : ""]).toEqual([what, [], ""]);
  }

  /** What every command says now, and the sidecar, in words and in JSON, until it has said so much. */
  async function expectNoneIn(said: RegExp, more: Record<string, string> = {}): Promise<void> {
    for (const format of ["text", "json"]) {
      const port = await findFreePort();
      const env = { CONFIG_MANAGER_LOG_FORMAT: format, CONFIG_MANAGER_HTTP_PORT: String(port), ...more };
      const sidecar = pod.start(env);
      const log = () => sidecar.messages().join("\n");
      await until(`the log to say ${said}`, () => said.test(log()), { explain: log });
      for (const page of ["healthz", "readyz", "metrics"]) {
        expectNone(page, await (await fetch(`http://127.0.0.1:${port}/${page}`)).text());
      }
      await sidecar.dispose();
      expectNone(`the log as ${format}`, log());
    }
    for (const command of [...COMMANDS, ["sync"], ["register", "--wait=1"]]) {
      const { stdout, stderr } = await runBinary(command, pod.environment(more));
      expect(stdout).not.toBe("");
      expectNone(command.join(" "), stdout + stderr);
    }
  }

  test.each(Object.keys(CONFIGS))("of a config %s, nothing is said but where it is wrong", async (name) => {
    await pod.mounts.publishJobs([]);
    await pod.mounts.config.publish({ "openclaw.json": CONFIGS[name]?.(gateway) ?? "" });
    await expectNoneIn(/WARNING: Config rejected/);
  });

  test("of definitions that are wrong, nothing is said but where", async () => {
    await pod.publishConfig();
    const files = Object.entries(DEFINITIONS).map(([name, jobs]): [string, string] => {
      return [`${name.replaceAll(" ", "-")}.json`, typeof jobs === "string" ? jobs : JSON.stringify(jobs)];
    });
    files.push(["broken.yaml", `- name: x\n  env: {A: "${SECRET}\n  schedule: [`]);
    await pod.mounts.cron.publish(Object.fromEntries(files));
    await expectNoneIn(/WARNING: More of the same are not logged: \d+/); // status lists them all
  });

  test("of a job that the gateway refuses, the reason is said without what it was given", async () => {
    await pod.publishConfig();
    const schedule = { kind: "at", at: "2199-01-01T00:00:00Z" }; // further off than gateways take
    const command = `curl -H 'Authorization: Bearer ${SECRET}' x`;
    await pod.mounts.publishJobs([{ name: "refused", schedule, command, env: { API_KEY: SECRET } }]);
    await expectNoneIn(/WARNING: Failed to add cron job: refused: .*10 years/);
  });

  test("what is typed wrongly is not repeated where it may be one", async () => {
    for (const args of [
      [`--gateway-token=${SECRET}`],
      ["status", `--token=${SECRET}`],
      [`--gateway-url=ws://me:${SECRET}@host`],
      [`--gateway-url=ws://host/?token=${SECRET}`],
    ]) {
      const { exitCode, stdout, stderr } = await runBinary(args, pod.environment());
      expect(exitCode).toBe(64);
      expectNone(args.join(" "), stdout + stderr);
    }
  });

  // Last, and no more than it takes: 2026.9.6 lets each of us wait for 5 s who came with a wrong token before.
  test("of a token that is not the gateway's, and of a password, nothing is said", async () => {
    await pod.publishConfig();
    await pod.mounts.publishJobs([]);
    const file = join(pod.mounts.root, "token");
    await writeFile(file, SECRET);
    for (const credentials of [{ OPENCLAW_GATEWAY_TOKEN_FILE: file }, { OPENCLAW_GATEWAY_PASSWORD: SECRET }]) {
      const sidecar = pod.start(credentials);
      await sidecar.waitFor(/WARNING: Failed to sync cron jobs: .* does not let us in/);
      const { stdout, stderr } = await runBinary(["doctor"], pod.environment(credentials));
      expect(stdout).toContain("FAIL  login");
      expectNone("doctor and log", [stdout, stderr, ...sidecar.messages()].join("\n"));
      await sidecar.dispose();
    }
  });
});
