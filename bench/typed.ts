// What a person types, on a real gateway with fifty jobs, beside what OpenClaw's own CLI takes for the list alone.

import process from "node:process";
import { createGateway } from "../test/support/gateway.ts";
import { createPod } from "../test/support/pod.ts";
import { getRelease } from "../test/support/release.ts";
import { BINARY } from "../test/support/sidecar.ts";

const JOBS = 50;
const RUNS = 21;
const CLI_RUNS = 3;
const WARM_UPS = 2;
const CLI = "openclaw cron list";

interface Measure {
  /** Medians: from start to end in milliseconds, the largest resident set in megabytes. */
  wallMs: number;
  peakMb: number;
}

interface Row {
  command: readonly string[];
  env: Record<string, string>;
  runs: number;
}

/** Takes turns, so that what else the machine does falls on all of them. The first turns warm up. */
async function measureAll(rows: Record<string, Row>): Promise<Record<string, Measure>> {
  const samples = new Map<string, Measure[]>(Object.keys(rows).map((name) => [name, []]));
  const turns = Math.max(...Object.values(rows).map(({ runs }) => runs));
  for (let turn = -WARM_UPS; turn < turns; turn++) {
    for (const [name, { command, env, runs }] of Object.entries(rows)) {
      if (turn >= runs) continue;
      const sample = await measure(command, env);
      if (turn >= 0) samples.get(name)?.push(sample);
    }
  }
  return Object.fromEntries(
    [...samples].map(([name, all]) => {
      return [name, { wallMs: median(all.map((one) => one.wallMs)), peakMb: median(all.map((one) => one.peakMb)) }];
    }),
  );
}

async function measure(command: readonly string[], env: Record<string, string>): Promise<Measure> {
  const beganMs = performance.now();
  const child = Bun.spawn([...command], { env, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  await child.exited;
  const wallMs = performance.now() - beganMs;
  return { wallMs, peakMb: (child.resourceUsage()?.maxRSS ?? 0) / 2 ** 20 };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const release = await getRelease("2026.9.6");
const gateway = await createGateway(release);
try {
  await gateway.start();
  const pod = await createPod(gateway);
  try {
    await pod.publishConfig();
    const jobs = Array.from({ length: JOBS }, (_, index) => {
      return { name: `job-${index}`, schedule: `${index} 3 * * *`, command: `echo ${index}`, env: { N: `${index}` } };
    });
    await pod.mounts.publishJobs(jobs);
    await pod.sync();
    const env = pod.environment();
    const list = [release.node, release.entry, "cron", "list", "--all", "--json"];
    const cliEnv = { ...gateway.environment, OPENCLAW_GATEWAY_PORT: String(gateway.port) };
    const rows = await measureAll({
      status: { command: [BINARY, "status"], env, runs: RUNS },
      diff: { command: [BINARY, "diff"], env, runs: RUNS },
      doctor: { command: [BINARY, "doctor"], env, runs: RUNS },
      [CLI]: { command: list, env: cliEnv, runs: CLI_RUNS },
    });
    const cli = rows[CLI];
    for (const [name, { wallMs, peakMb }] of Object.entries(rows)) {
      const ratio = name === CLI || !cli ? "" : `  ${(cli.wallMs / wallMs).toFixed(0)} times faster`;
      process.stdout.write(
        `${name.padEnd(20)} ${wallMs.toFixed(0).padStart(6)} ms ${peakMb.toFixed(0).padStart(6)} MB${ratio}\n`,
      );
    }
  } finally {
    await pod.dispose();
  }
} finally {
  await gateway.dispose();
}
