import { BINARY } from "../../test/support/sidecar.ts";
import { type Figure, type Row, atMostTimes, toFigure } from "../figure.ts";
import { POLLS_AN_HOUR, startManagerSh } from "../manager-sh.ts";
import { type Watched, programPath, readCpuMs, readMemory, watch } from "../process.ts";
import { type Scene, defineJobs, formatJobs, swapVolume, withScene } from "../scene.ts";

const COMPLETE = /Cron job sync complete/;
const MANAGER_SH = "manager.sh";

/** How long it is left alone, in minutes: as many polls of both. */
const MINUTES = 5;

/** How often its ConfigMap is swapped, and after how many it has taken what it needs. */
const SWAPS = 10_000;
const SETTLED_SWAPS = 2_000;

/** Connected, with ten jobs, and nothing happens. Then, with the same process, everything does. */
export const idle: Row = {
  name: "idle",
  needsGateway: true,
  measure: () =>
    withScene(async (scene) => {
      await scene.mounts.cron.publish(formatJobs(defineJobs(10)));
      const ours = watch([BINARY, "run"], scene.env);
      const client = watch([programPath("client")], {
        ...scene.env,
        OPENCLAW_GATEWAY_TOKEN: scene.gateway.token,
      });
      try {
        await ours.lineAfter(0, COMPLETE);
        await client.lineAfter(0, /listed/);
        await Bun.sleep(40_000); // what has begun with the start is over by then
        const spend = async () => [await readCpuMs(ours.pid), await readCpuMs(client.pid)] as const;
        const before = await spend();
        await Bun.sleep(MINUTES * 60_000);
        const after = await spend();
        const anHour = (index: 0 | 1) => ((after[index] - before[index]) * 60) / MINUTES;
        const pollMs = await measurePolls(scene);
        const idleFigure = toIdleFigure(anHour(0), pollMs * POLLS_AN_HOUR, anHour(1));
        return [idleFigure, await measureGrowth(ours, scene)];
      } finally {
        await ours.stop();
        await client.stop();
      }
    }),
};

function toIdleFigure(oursMs: number, theirsMs: number, clientMs: number): Figure {
  const beside = [
    { what: MANAGER_SH, value: theirsMs },
    { what: "OpenClaw's client alone", value: clientMs },
  ];
  const what = `idle and connected, an hour (from ${MINUTES} minutes)`;
  return toFigure({ what, unit: "ms of CPU", beside, samples: [oursMs] }, atMostTimes(MANAGER_SH, 1));
}

/** What one poll of manager.sh takes that finds nothing new, without what its start took. */
async function measurePolls({ mounts, cliEnv, gateway }: Scene): Promise<number> {
  const cost = async (polls: number) => {
    const managerSh = await startManagerSh(mounts, { ...cliEnv, PATH: "/usr/bin:/bin" }, gateway.configPath);
    await managerSh.firstSleep();
    for (let poll = 0; poll < polls; poll++) await managerSh.poll();
    return (await managerSh.stop()).cpuMs;
  };
  const polls = 200;
  return ((await cost(polls)) - (await cost(0))) / polls;
}

interface Sample {
  what: string;
  value: number;
}

async function measureGrowth(ours: Watched, { mounts }: Scene): Promise<Figure> {
  const samples: number[] = []; // one for each thousand
  for (let swaps = 1; swaps <= SWAPS; swaps++) {
    const swappedMs = await swapVolume(mounts.cron, formatJobs(defineJobs(10), swaps));
    await ours.lineAfter(swappedMs, COMPLETE);
    if (swaps % 1_000 === 0) samples.push(await readMemory(ours.pid, "VmRSS"));
  }
  const [first, last] = [SETTLED_SWAPS, SWAPS].map((swaps) => ({
    what: `after ${swaps.toLocaleString("en-US")} swaps`,
    value: samples[swaps / 1_000 - 1] ?? Number.NaN,
  })) as [Sample, Sample];
  const what = `memory (RSS) ${last.what}`;
  return toFigure({ what, unit: "MiB", beside: [first], samples, ours: last.value }, atMostTimes(first.what, 1.05));
}
