import { writeFile } from "node:fs/promises";
import type { LiveJob } from "../../lib/gateway/job.ts";
import type { TestGateway } from "./gateway.ts";
import type { Pod } from "./pod.ts";
import { runBinary } from "./sidecar.ts";
import { until } from "./until.ts";

/** A secret that must never appear anywhere, not even in part. */
export const MARK = "hush";

/** Planted wherever a config or a job may have a secret. */
const SECRET = `${MARK}-${MARK}-${MARK}`;

/** Parts of a config that the gateway accepts, and that it rejects. */
const GOOD = { messages: { ackReaction: "👀", responsePrefix: `${SECRET}-live` } };
const BAD = { messages: { ...GOOD.messages, nonsenseKey: `${SECRET}-refused` } };

const MENDED = { messages: { ackReaction: "🦞" }, discovery: { mdns: { mode: "off" } } };

const VAULT = { name: "vault-sync", schedule: "30 3 1 1 *", command: "git -C vault pull origin main", timeout: 300 };
const REPORT = {
  name: "nightly-report",
  schedule: "0 3 1 1 *",
  tz: "Asia/Tokyo",
  command: ["sh", "-c", `API_KEY=${SECRET}-typed echo the report >&2; exit 3`],
  env: { REPORT_KEY: `${SECRET}-env`, LANG: "C" },
};
const STEADY = {
  name: "steady",
  schedule: { kind: "every", everyMs: 36_500 * 86_400_000, anchorMs: 0 },
  message: "Look around.",
  description: "Stays as it is",
};

/**
 * 2026.2.9 restarts a second after the change that takes one, in the midst of the commands that look at it. It watches
 * by chokidar, which polls so rarely with these variables that it sees no change; `config.get` reads the file anew.
 */
export function variablesOf(version: string): Record<string, string> {
  return version === "2026.2.9" ? { CHOKIDAR_USEPOLLING: "1", CHOKIDAR_INTERVAL: "3600000" } : {};
}

/** What Git says of the jobs at first, and later. None of it is due while a test looks on: not by the hour, nor at nine. */
const BEFORE = [VAULT, REPORT, { name: "old-cleanup", schedule: "@yearly", message: "Clean up." }, STEADY];
const AFTER = [
  { ...VAULT, timeout: 600, description: "Sync the vault 🦞" },
  { ...REPORT, env: { REPORT_KEY: `${SECRET}-rotated`, LANG: "C" } },
  STEADY,
  { name: "morning-brief", schedule: "0 9 2 1 *", message: "Tell me what is on today." },
  { name: "weekly-digest", schedule: "0 9 3 1 *", message: "Write a digest of the week." },
];

/**
 * Everything wrong at once: a config that the gateway rejects, one of our jobs edited by hand and another that fails, a
 * job of another manager and an unclaimed one, both with declared names, and pending changes in Git.
 */
export async function setTrouble(gateway: TestGateway, pod: Pod): Promise<void> {
  await pod.publishConfig(GOOD);
  await pod.mounts.publishJobs(BEFORE);
  await pod.sync();

  const foreign = {
    schedule: { kind: "cron", expr: "0 9 3 1 *" },
    sessionTarget: "isolated",
    wakeMode: "now",
    payload: { kind: "agentTurn", message: `${SECRET}-of-somebody` },
  };
  await gateway.rpc("cron.add", { ...foreign, name: "weekly-digest", description: "[managed-by=another]" });
  await gateway.rpc("cron.add", {
    ...foreign,
    name: "morning-brief",
    payload: { kind: "agentTurn", message: "Good morning." },
  });
  await gateway.rpc("cron.add", { ...foreign, name: "call-the-dentist" });

  await gateway.rpc("cron.run", { id: (await find(gateway, REPORT.name)).id, mode: "force" });
  await until("the report to fail", async () => {
    const { state } = (await find(gateway, REPORT.name)) as LiveJob & { state?: { lastStatus?: string } };
    return state?.lastStatus === "error";
  });
  const patch = { schedule: { kind: "cron", expr: "0 0 1 1 *" } };
  await gateway.rpc("cron.update", { id: (await find(gateway, VAULT.name)).id, patch });

  await pod.publishConfig(BAD);
  const refused = await runBinary(["sync", "--only", "config"], pod.environment());
  if (refused.exitCode !== 1) throw new Error(`the gateway took it:\n${refused.stdout}`);
  await pod.mounts.publishJobs(AFTER);
}

/** Fixes the config in Git, with two more changes: one that the gateway applies at once, and one that restarts it. */
export async function mendConfig(pod: Pod): Promise<void> {
  await pod.publishConfig(MENDED);
}

/** Edits the live file, once the gateway is back from the last change. */
export async function editLive(gateway: TestGateway): Promise<void> {
  await until("the gateway to be back", () =>
    gateway.rpc("cron.status").then(
      () => true,
      () => false,
    ),
  );
  await writeFile(gateway.configPath, gateway.config({ ...MENDED, messages: { responsePrefix: SECRET } }));
}

async function find(gateway: TestGateway, name: string): Promise<LiveJob> {
  const job = (await gateway.jobs()).find((one) => one.name === name);
  if (!job) throw new Error(`no job ${name}`);
  return job;
}
