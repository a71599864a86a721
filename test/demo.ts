// Demonstrates the main task: a real OpenClaw with the sidecar beside it. Changes both ConfigMaps and shows what
// happens, with times. Leaves nothing behind.

import { readFile } from "node:fs/promises";
import { type TestGateway, createGateway } from "./support/gateway.ts";
import { RELEASES, getRelease } from "./support/release.ts";
import { type Mounts, type Sidecar, createMounts, startSidecar } from "./support/sidecar.ts";
import { until } from "./support/until.ts";

const PLAN_JOB = {
  name: "obsidian-vault-sync",
  description: "Sync Obsidian Vault every 15 minutes",
  schedule: "*/15 * * * *",
  command: "cd /home/node/ghq/github.com/boxp/obsidian-vault && git pull origin main",
  timeout: 300,
  retry: 3,
};

const startedMs = performance.now();
let gateway: TestGateway | undefined;
let mounts: Mounts | undefined;
let sidecar: Sidecar | undefined;
let shown = 0;

function say(text: string): void {
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${text}`);
}

/** The sidecar's log lines since the last call. */
function showLog(): void {
  const messages = sidecar?.messages() ?? [];
  for (const message of messages.slice(shown)) console.log(`            sidecar | ${message}`);
  shown = messages.length;
}

/** Does something, and shows how long it took until the condition held. */
async function measure(what: string, change: () => Promise<void>, condition: () => Promise<boolean>): Promise<void> {
  await change();
  const beganMs = performance.now();
  await until(what, condition, { explain: () => sidecar?.messages().join("\n") ?? "" });
  const tookMs = Math.round(performance.now() - beganMs);
  say(`→ ${what}, ${tookMs} ms after the volume was swapped`);
  showLog();
}

async function demonstrate(): Promise<void> {
  const release = await getRelease(RELEASES[0]);
  const live = await createGateway(release);
  const pod = await createMounts();
  gateway = live;
  mounts = pod;

  say(`Starting a real OpenClaw ${release.version} …`);
  await live.start();
  say("It answers. Somebody types in a cron job by hand, which Git knows nothing of:");
  await live.rpc("cron.add", {
    name: "dentist",
    schedule: { kind: "cron", expr: "0 9 1 * *" },
    sessionTarget: "main",
    wakeMode: "now",
    payload: { kind: "systemEvent", text: "Remind me of the dentist" },
  });
  const names = async () =>
    (await live.jobs()).filter((job) => !job.declarationKey?.match(/^(heartbeat|memory|skill)/));
  const has = async (name: string) => (await names()).some((job) => job.name === name);
  for (const job of await names()) console.log(`            gateway | ${job.name}`);

  say("Starting the sidecar; both ConfigMaps are mounted as the kubelet does it. Git declares one job:");
  await pod.config.publish({ "openclaw.json": live.config() });
  await pod.publishJobs([PLAN_JOB]);
  const env = { PVC_CONFIG: live.configPath, OPENCLAW_GATEWAY_URL: live.url, OPENCLAW_GATEWAY_TOKEN: live.token };
  sidecar = startSidecar(pod.environment(env));
  await sidecar.waitFor("Cron job sync complete");
  showLog();

  say("Git changes the ConfigMap openclaw-cron-jobs: another schedule, and a second job.");
  const changed = { ...PLAN_JOB, schedule: "*/30 * * * *" };
  const second = { name: "disk-space", schedule: "0 * * * *", command: ["df", "-h", "/"] };
  await measure(
    "both are in the gateway",
    () => pod.publishJobs([changed, second]),
    () => has("disk-space"),
  );

  say("Git removes the first job.");
  await measure(
    "it is gone from the gateway",
    () => pod.publishJobs([second]),
    async () => !(await has("obsidian-vault-sync")),
  );

  say("The job disk-space is run once.");
  const job = (await live.jobs()).find(({ name }) => name === "disk-space");
  await live.rpc("cron.run", { id: job?.id, mode: "force" });
  const output = await until("its output", async () => {
    const found = (await live.jobs()).find(({ name }) => name === "disk-space");
    return (found?.state as { lastDiagnosticSummary?: string } | undefined)?.lastDiagnosticSummary;
  });
  for (const line of output.split("\n")) console.log(`            its output | ${line}`);

  say("Git changes the ConfigMap openclaw-config: messages.ackReaction.");
  const config = live.config({ messages: { ackReaction: "👀" } });
  const logged = live.log().length;
  await measure(
    "the live file is the new one",
    () => pod.config.publish({ "openclaw.json": config }),
    async () => (await readFile(live.configPath, "utf8")) === config,
  );
  const reload = await until("the gateway to reload", () => /.*\[reload\].*/.exec(live.log().slice(logged))?.[0]);
  say("→ and OpenClaw has reloaded it, without a restart:");
  console.log(`            gateway | ${reload}`);

  say("Git gets an openclaw.json with a slip of the pen: messages.ackReactoin.");
  const quiet = live.log().length;
  await pod.config.publish({ "openclaw.json": live.config({ messages: { ackReactoin: "👍" } }) });
  await sidecar.waitFor(/^WARNING: Config rejected/);
  showLog();
  const isWhole = (await readFile(live.configPath, "utf8")) === config;
  say(`→ the live file is ${isWhole ? "what it was, byte for byte" : "NOT what it was"}`);

  say("Git gets the right one.");
  await measure(
    "the live file is the new one",
    () => pod.config.publish({ "openclaw.json": live.config({ messages: { ackReaction: "👍" } }) }),
    async () => (await readFile(live.configPath, "utf8")) === live.config({ messages: { ackReaction: "👍" } }),
  );
  await sidecar.waitFor("Config in force", sidecar.messages().indexOf("Config in force") + 1);
  showLog();
  say("→ and that is all the gateway has to say of the two:");
  for (const line of live
    .log()
    .slice(quiet)
    .match(/.*\[reload\].*/g) ?? [])
    console.log(`            gateway | ${line}`);

  say("What the gateway holds in the end; the job that was typed in by hand is among it:");
  for (const { name, schedule } of await names())
    console.log(`            gateway | ${name} ${JSON.stringify(schedule)}`);
  if (!isWhole || !(await has("dentist"))) throw new Error("the demo did not end as it should");

  sidecar.signal("SIGTERM");
  say(`The sidecar is told to stop, and ends with exit code ${await sidecar.exited}.`);
}

async function cleanUp(): Promise<void> {
  await sidecar?.dispose();
  await gateway?.dispose();
  await mounts?.dispose();
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => void cleanUp().then(() => process.exit(130)));
}

try {
  await demonstrate();
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
  say("Gateway, sidecar and all their files are gone.");
}
