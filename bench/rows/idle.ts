import { BINARY } from "../../test/support/sidecar.ts";
import { type Figure, type Row, atMostTimes, toFigure } from "../figure.ts";
import { POLLS_AN_HOUR, startManagerSh } from "../manager-sh.ts";
import { type Watched, readCpuMs, readMemory, watch } from "../process.ts";
import { type Scene, defineJobs, formatJobs, withScene } from "../scene.ts";

const COMPLETE = /Cron job sync complete/;
const MANAGER_SH = "manager.sh";

/** How long it is left alone, in minutes: as many polls of both. */
const MINUTES = 5;

/** How often its ConfigMap is swapped, and after how many it has taken what it needs. */
const SWAPS = 10_000;
const SETTLED_SWAPS = 500;

/** Connected, with ten jobs, and nothing happens. Then, with the same process, everything does. */
export const idle: Row = {
  name: "idle",
  needsGateway: true,
  measure: () =>
    withScene(async (scene) => {
      await scene.mounts.cron.publish(formatJobs(defineJobs(10)));
      const ours = watch([BINARY, "run"], scene.env);
      try {
        await ours.lineAfter(0, COMPLETE);
        await Bun.sleep(15_000); // what has begun with the start is over by then
        const beforeMs = await readCpuMs(ours.pid);
        await Bun.sleep(MINUTES * 60_000);
        const spentMs = (await readCpuMs(ours.pid)) - beforeMs;
        const pollMs = await measurePolls(scene);
        return [toIdleFigure((spentMs * 60) / MINUTES, pollMs * POLLS_AN_HOUR), await measureGrowth(ours, scene)];
      } finally {
        await ours.stop();
      }
    }),
};

function toIdleFigure(oursMs: number, theirsMs: number): Figure {
  const beside = [{ what: MANAGER_SH, value: theirsMs }];
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

async function measureGrowth(ours: Watched, { mounts }: Scene): Promise<Figure> {
  let settled = 0;
  for (let swaps = 1; swaps <= SWAPS; swaps++) {
    if (swaps === SETTLED_SWAPS) settled = await readMemory(ours.pid, "VmRSS");
    const swap = await mounts.cron.prepare(formatJobs(defineJobs(10), swaps));
    const swappedMs = performance.now();
    swap.perform();
    await swap.finish();
    await ours.lineAfter(swappedMs, COMPLETE);
  }
  const after = `after ${SETTLED_SWAPS} swaps`;
  const beside = [{ what: after, value: settled }];
  const samples = [await readMemory(ours.pid, "VmRSS")];
  const what = `memory after ${SWAPS.toLocaleString("en-US")} swaps`;
  return toFigure({ what, unit: "MiB", beside, samples }, atMostTimes(after, 1.05));
}
