// What a person types, on a real gateway with fifty jobs, beside what OpenClaw's own CLI takes for the list alone.

import process from "node:process";
import { createGateway } from "../test/support/gateway.ts";
import { createPod } from "../test/support/pod.ts";
import { getRelease } from "../test/support/release.ts";
import { BINARY } from "../test/support/sidecar.ts";

const JOBS = 50;
const RUNS = 21;
const CLI_RUNS = 3;

interface Measure {
  /** Medians: from start to end in milliseconds, the largest resident set in megabytes. */
  wallMs: number;
  peakMb: number;
}

async function measure(command: readonly string[], env: Record<string, string>, runs: number): Promise<Measure> {
  const samples: Measure[] = [];
  for (let run = 0; run <= runs; run++) {
    const beganMs = performance.now();
    const child = Bun.spawn([...command], { env, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    await child.exited;
    const wallMs = performance.now() - beganMs;
    // The first one warms up.
    if (run > 0) samples.push({ wallMs, peakMb: (child.resourceUsage()?.maxRSS ?? 0) / 2 ** 20 });
  }
  return { wallMs: median(samples.map((one) => one.wallMs)), peakMb: median(samples.map((one) => one.peakMb)) };
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
    const rows: Record<string, Measure> = {
      status: await measure([BINARY, "status"], env, RUNS),
      diff: await measure([BINARY, "diff"], env, RUNS),
      doctor: await measure([BINARY, "doctor"], env, RUNS),
    };
    const cli = await measure(
      [release.node, release.entry, "cron", "list", "--all", "--json"],
      { ...gateway.environment, OPENCLAW_GATEWAY_PORT: String(gateway.port) },
      CLI_RUNS,
    );
    rows["openclaw cron list"] = cli;
    for (const [name, { wallMs, peakMb }] of Object.entries(rows)) {
      const ratio = name.startsWith("openclaw") ? "" : `  ${(cli.wallMs / wallMs).toFixed(0)} times faster`;
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
