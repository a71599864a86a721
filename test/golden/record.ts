// Records what a real OpenClaw prints for `openclaw cron list --all --json`, in the situations that
// golden.test.ts replays. Needs dist/config-manager, and downloads missing releases.
//
//   node_modules/.bin/bun test/golden/record.ts [RELEASE…]

import { mkdir, writeFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { getRelease } from "../support/release.ts";
import { createMounts, runBinary } from "../support/sidecar.ts";

const RELEASES = ["2026.2.9", "2026.3.13", "2026.6.11", "2026.9.6"];

const OUR_MARK = "[managed-by=config-manager]";

/** Records the golden folders of these releases, one after the other, each from its own gateway. */
async function record(releases: readonly string[]): Promise<void> {
  for (const version of releases) {
    const gateway = await createGateway(await getRelease(version));
    try {
      await gateway.start();
      // 2026.6 approves the CLI's device for the scopes of its first call. After a list, it could only read.
      await run(gateway, ["cron", "rm", "none"]);
      const recordings = await recordSituations(gateway);
      // All situations of a gateway or none: their job ids belong together.
      await mkdir(join(import.meta.dir, version), { recursive: true });
      for (const [file, output] of recordings) await writeFile(join(import.meta.dir, version, file), output);
      console.log(`${version}: ${[...recordings.keys()].join(", ")}`);
    } finally {
      await gateway.dispose();
    }
  }
}

/** The CLI's outputs, by the name of the golden file. */
async function recordSituations(gateway: TestGateway): Promise<Map<string, string>> {
  const recordings = new Map<string, string>();
  const keep = async (file: string, args: string[]) => {
    const output = await openclaw(gateway, args);
    refusePrivate(output, gateway);
    recordings.set(file, output);
  };
  const keepList = (situation: string) => keep(`${situation}.json`, ["cron", "list", "--all", "--json"]);

  await keep("version.txt", ["--version"]);
  await keepList("empty");

  await syncPlan(gateway);
  await keepList("plan");

  const help = await openclaw(gateway, ["cron", "add", "--help"]);
  for (const job of mixedJobs(help.includes("--declaration-key"))) await openclaw(gateway, ["cron", "add", ...job]);
  await keepList("mixed");
  return recordings;
}

/** Adds the job of deploy/base as config-manager adds it over the CLI. */
async function syncPlan(gateway: TestGateway): Promise<void> {
  const mounts = await createMounts();
  try {
    await mounts.publishJobs(await Bun.file(join(import.meta.dir, "desired/plan.json")).json());
    const env = mounts.environment(gateway.environment);
    const { exitCode, stdout, stderr } = await runBinary(["sync", "--only", "cron", "--transport", "cli"], env);
    if (exitCode !== 0) throw new Error(`config-manager sync failed:\n${stdout}${stderr}`);
  } finally {
    await mounts.dispose();
  }
}

/** Further jobs: foreign ones, ours and unclaimed ones. `desired/several.json` declares some of the names. */
function mixedJobs(hasKeys: boolean): string[][] {
  const turn = (message: string, delivery = "--no-deliver") => ["--session=isolated", `--message=${message}`, delivery];
  const owned = (owner: string, name: string, description: string) =>
    hasKeys
      ? [`--description=${description}`, `--declaration-key=${owner}:${name}`]
      : [`--description=${description} [managed-by=${owner}]`];
  const backup = ["--every=6h", ...turn("Back it all up.", "--announce")];
  const diskReport = ["--name=disk-report", `--description=How full the disks are ${OUR_MARK}`, "--tz=Asia/Tokyo"];
  const morningBrief = ["--name=morning-brief", "--tz=Asia/Tokyo", ...turn("What is on today?")];
  return [
    // Foreign, with a declared name.
    ["--name=nightly-report", ...owned("other", "nightly-report", "Theirs"), "--cron=0 3 * * *", ...turn("Report.")],
    // Unclaimed, not declared.
    ["--name=Call the dentist", "--at=2036-03-01T09:00:00Z", "--session=main", "--system-event=Call the dentist"],
    // Ours, disabled by a person.
    ["--name=paused-backup", ...owned("config-manager", "paused-backup", "Paused for now"), ...backup, "--disabled"],
    // Ours twice, without a key. The younger one is due sooner, which puts it first in the list.
    [...diskReport, "--cron=30 6 1 * *", ...turn("How full are the disks?")],
    [...diskReport, "--cron=30 6 * * *", ...turn("How full are the disks?")],
    // Unclaimed twice, with a declared name.
    [...morningBrief, "--cron=0 9 1 * *"],
    [...morningBrief, "--cron=0 9 * * *"],
  ];
}

async function openclaw(gateway: TestGateway, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(gateway, args);
  if (exitCode !== 0) throw new Error(`openclaw ${args.join(" ")}:\n${stdout}${stderr}`);
  return stdout;
}

function run({ home, environment }: TestGateway, args: readonly string[]) {
  return runBinary(args, environment, [join(home, "bin/openclaw")]);
}

/** The recordings are published, so they must not contain anything of this machine. The state of a run would. */
function refusePrivate(output: string, { home, token }: TestGateway): void {
  if (output.includes("lastRunAtMs")) throw new Error("a job ran in the meantime; record this release again");
  const secrets = [home, token, homedir(), resolve(import.meta.dir, "../.."), `"${hostname()}"`, `${hostname()}.`];
  const found = secrets.find((secret) => output.includes(secret));
  if (found !== undefined) throw new Error(`the output holds ${found}; it cannot be kept`);
}

const wanted = process.argv.slice(2);
await record(wanted.length > 0 ? wanted : RELEASES);
