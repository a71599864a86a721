import { BINARY } from "../../test/support/sidecar.ts";
import { type Figure, type Row, atMostTimes, median, toFigure } from "../figure.ts";
import { POLLS_AN_HOUR, startManagerSh } from "../manager-sh.ts";
import { type Watched, programPath, readCpuMs, readMemory, watch } from "../process.ts";
import { type Scene, defineJobs, formatJobs, swapVolume } from "../scene.ts";
import { USUAL, withFiveKinds } from "../five-kinds.ts";

const COMPLETE = /Cron job sync complete/;
const MANAGER_SH = "manager.sh";
const CLIENT = "a connection alone";

/** How long it is left alone, in minutes: as many polls of both. */
const MINUTES = 5;

/** After how many swaps of its ConfigMap it has taken what it needs; and how often it is swapped from then on. */
const SETTLING_SWAPS = 2_000;
const SWAPS = 10_000;
/** Between two looks at its memory, which goes up and down with the garbage in it. */
const LOOK_EVERY = 250;

/** Connected, with all five kinds of settings in force, and nothing happens. Then, with the same process, everything does. */
export const idle: Row = {
  name: "idle",
  isChecked: false,
  measure: () =>
    withFiveKinds(async (scene) => {
      await scene.publish(USUAL);
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
    { what: CLIENT, value: clientMs },
    { what: MANAGER_SH, value: theirsMs },
  ];
  const what = `idle and connected, all five kinds, an hour (from ${MINUTES} minutes)`;
  return toFigure({ what, unit: "ms of CPU", beside, samples: [oursMs] }, atMostTimes(CLIENT, 1.3));
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

/** Whether the second half of the swaps finds more in memory than the first one. */
async function measureGrowth(ours: Watched, { mounts }: Scene): Promise<Figure> {
  const samples: number[] = [];
  for (let swaps = 1 - SETTLING_SWAPS; swaps <= SWAPS; swaps++) {
    const swappedMs = await swapVolume(mounts.cron, formatJobs(defineJobs(10), 1 + (swaps & 1)));
    await ours.lineAfter(swappedMs, COMPLETE);
    if (swaps > 0 && swaps % LOOK_EVERY === 0) samples.push(await readMemory(ours.pid, "VmRSS"));
  }
  const half = samples.length / 2;
  const first = { what: "in the first half", value: median(samples.slice(0, half)) };
  const second = median(samples.slice(half));
  const what = `memory (RSS) in the second half of ${SWAPS.toLocaleString("en-US")} swaps`;
  return toFigure({ what, unit: "MiB", beside: [first], samples, ours: second }, atMostTimes(first.what, 1.05));
}
