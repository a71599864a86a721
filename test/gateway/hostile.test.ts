// A Pod whose volume holds what an agent has planted, beside the newest real gateway: the Pod starts, the sidecar takes
// the gateway's word, and Git's change is in force.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import JSON5 from "json5";
import { computeChecksum } from "../../lib/files/checksum.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { putObstacle } from "../support/obstacles.ts";
import { type Pod, createPod, forgetRecords } from "../support/pod.ts";
import { VARIABLES, realConfig } from "../support/real-config.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const COMPLETE = "Config update complete (openclaw will auto-detect via chokidar)";
const JOB = { name: "backup", schedule: "0 3 * * *", command: "backup.sh --all" };

let gateway: TestGateway;
let pod: Pod;

const environment = () => pod.environment({ ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token });
const recordOf = (name: string) => `${gateway.configPath}.config-manager-${name}`;
const live = async () => JSON5.parse<{ messages: { ackReaction: string } }>(await readFile(gateway.configPath, "utf8"));
const status = async () => JSON.parse((await runBinary(["status", "--json"], environment())).stdout);
const start = (...args: string[]) =>
  pod.start({ ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token }, ["run", ...args]);
const publish = async (ackReaction: string) => {
  const text = realConfig(gateway, { ackReaction });
  await pod.mounts.config.publish({ "openclaw.json": text });
  return text;
};
const isInForce = async (ackReaction: string) =>
  (await live()).messages.ackReaction === ackReaction && (await status()).config.state === "in-sync";

beforeAll(async () => {
  gateway = await createGateway(await getRelease(RELEASES[0]), VARIABLES);
});
afterAll(() => gateway.dispose());
beforeEach(async () => {
  pod = await createPod(gateway);
  await pod.mounts.publishJobs([JOB]);
  await publish("👀");
});
afterEach(async () => {
  await pod.dispose();
  await gateway.kill();
  await forgetRecords(gateway);
});

test("a Pod starts although every record is a pipe, and config and jobs are in force", async () => {
  await using planted = new AsyncDisposableStack();
  await mkdir(pod.mounts.staging);
  await mkdir(pod.mounts.checksums);
  const paths = [
    ...["good", "good-base", "applied", "accepted", "rejected"].map(recordOf),
    `${pod.mounts.staging}/other.json`,
    ...["config", "config-accepted", "config-pending", "cron"].map((name) => `${pod.mounts.checksums}/${name}`),
  ];
  for (const path of paths) planted.use(await putObstacle("a pipe", path, pod.mounts.root));
  expect((await runBinary(["init"], environment())).exitCode).toBe(0);
  const sidecar = start();
  await gateway.start();
  await sidecar.waitFor("Cron job sync complete");
  await until("the config to be in force", () => isInForce("👀"));
  await publish("🦞");
  await until("Git's change to be in force", () => isInForce("🦞"));
  expect((await pod.ownJobs()).map(({ name }) => name)).toEqual([JOB.name]);
});

test("a planted rejection holds up nothing while a gateway answers, whatever it says of it", async () => {
  expect((await runBinary(["init"], environment())).exitCode).toBe(0);
  await gateway.start();
  const text = realConfig(gateway, { ackReaction: "🦞" });
  const rejection = { checksum: computeChecksum(Buffer.from(text)), release: RELEASES[0], problems: ["no: no"] };
  for (const args of [[], ["--self-heal"]]) {
    await writeFile(recordOf("rejected"), JSON.stringify(rejection));
    await rm(recordOf("good"), { force: true });
    await publish("👀");
    const sidecar = start(...args);
    await until("the config to be in force", () => isInForce("👀"));
    await writeFile(recordOf("rejected"), JSON.stringify(rejection));
    const from = sidecar.messages().length;
    await pod.mounts.config.publish({ "openclaw.json": text });
    await sidecar.waitFor(COMPLETE, from);
    await until("Git's change to be in force", () => isInForce("🦞"));
    await sidecar.dispose();
  }
});

test("files that only a record calls good are shown to the gateway", async () => {
  expect((await runBinary(["init"], environment())).exitCode).toBe(0);
  await gateway.start();
  const bad = (await publish("🦞")).replace("ackReaction", "nonsense");
  await pod.mounts.config.publish({ "openclaw.json": bad });
  for (const path of [gateway.configPath, recordOf("good"), recordOf("applied")]) await writeFile(path, bad);
  const sidecar = start();
  await sidecar.waitFor(/^WARNING: Config rejected, .*nonsense/);
  expect((await status()).config.state).toBe("rejected");
});
