// The binary for arm64, emulated, beside a real gateway.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { getArm64 } from "../support/arm64.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { mustRun } from "../support/process.ts";
import { REPOSITORY } from "../support/repository.ts";
import { type SharedGateway, borrowGateway } from "../support/shared-gateway.ts";
import { runBinary } from "../support/sidecar.ts";

const ARM64 = join(REPOSITORY, "dist/config-manager-linux-arm64");
const LIMIT_MS = 600_000;

const emulator = await getArm64();

describe.skipIf(emulator === undefined)("the binary for arm64, beside OpenClaw 2026.9.6", () => {
  let gateway: SharedGateway;
  let pod: Pod;

  beforeAll(async () => {
    await mustRun("./build.sh", ["--target", "linux-arm64"], { cwd: REPOSITORY, env: process.env });
    gateway = await borrowGateway("2026.9.6");
    pod = await createPod(gateway);
  }, LIMIT_MS);
  afterAll(async () => {
    for (const { id } of await ours()) await gateway.rpc("cron.remove", { id });
    await pod?.dispose();
  });

  const ours = async () => (await gateway.jobs()).filter(({ name }) => name === "arm64-job");

  test("sync finds the config in force and adds a job; the binary for this machine finds nothing left to do", async () => {
    await pod.publishConfig();
    await pod.mounts.publishJobs([{ name: "arm64-job", schedule: "30 3 * * *", tz: "Asia/Tokyo", command: "true" }]);
    const environment = pod.environment({ OPENCLAW_GATEWAY_TOKEN: gateway.token });
    const { exitCode, messages } = await runBinary(["sync"], environment, [...(emulator ?? []), ARM64]);
    console.log(messages.map((line) => `arm64: ${line}`).join("\n"));
    expect({ exitCode, messages }).toMatchObject({
      exitCode: 0,
      messages: expect.arrayContaining([
        expect.stringContaining(`Connected to gateway: ${gateway.url} (OpenClaw 2026.9.6,`),
        "Adding cron job: arm64-job",
        "Cron job sync complete",
      ]),
    });
    expect(await ours()).toMatchObject([{ schedule: { kind: "cron", expr: "30 3 * * *", tz: "Asia/Tokyo" } }]);
    const left = await runBinary(["diff", "--exit-code"], environment);
    expect({ exitCode: left.exitCode, stdout: left.exitCode === 0 ? "" : left.stdout }).toEqual({
      exitCode: 0,
      stdout: "",
    });
  });
});
