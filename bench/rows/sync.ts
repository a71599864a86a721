import { featuresOf } from "../../lib/features.ts";
import { parseDefinition } from "../../lib/definition.ts";
import { type Gateway, connectGateway } from "../../lib/gateway.ts";
import { type CronAction, planCron } from "../../lib/plan.ts";
import { BINARY } from "../../test/support/sidecar.ts";
import { until } from "../../test/support/until.ts";
import { type Figure, type Row, atMostTimes, below, median, timesLess, toFigure } from "../figure.ts";
import { startManagerSh } from "../manager-sh.ts";
import { type Cost, runCommand, watch } from "../process.ts";
import { OPENCLAW, type Scene, defineJobs, formatJobs, withScene } from "../scene.ts";

const MANAGER_SH = "manager.sh";
const ITSELF = "the gateway's own time";

const COMPLETE = /Cron job sync complete/;

/** How often each is measured, by how many jobs there are. Of manager.sh, 100 jobs are 3 minutes. */
const RUNS: Record<number, { ours: number; managerSh: number }> = {
  1: { ours: 15, managerSh: 3 },
  10: { ours: 15, managerSh: 3 },
  100: { ours: 3, managerSh: 1 },
};

/** Jobs that are not there yet, all of them command jobs: from the start of the program to its end. */
export const firstSync: Row = {
  name: "first-sync",
  needsGateway: true,
  measure: () =>
    withScene(async (scene) => {
      const figures: Figure[] = [];
      for (const [size, runs] of Object.entries(RUNS)) figures.push(...(await measureFirst(scene, Number(size), runs)));
      return figures;
    }),
};

async function measureFirst(scene: Scene, size: number, runs: { ours: number; managerSh: number }): Promise<Figure[]> {
  const { mounts, env, clear } = scene;
  await mounts.cron.publish(formatJobs(defineJobs(size)));
  const ours: Cost[] = [];
  const itself: number[] = [];
  for (let run = 0; run < runs.ours; run++) {
    await clear();
    itself.push(await measureGateway(scene, size));
    await clear();
    ours.push(await runCommand([BINARY, "sync", "--only", "cron"], env));
  }
  const theirs: Cost[] = [];
  for (let run = 0; run < runs.managerSh; run++) {
    await clear();
    theirs.push(await measureManagerSh(scene, size));
  }
  await clear();
  const what = `first sync of ${size} command ${size === 1 ? "job" : "jobs"}`;
  const managerSh = { what: MANAGER_SH, value: median(theirs.map(({ wallMs }) => wallMs)) };
  const own = { what: ITSELF, value: median(itself) };
  const samples = ours.map(({ wallMs }) => wallMs);
  const goals = size === 10 ? [timesLess(MANAGER_SH, 50), atMostTimes(ITSELF, 1.2)] : [];
  return [
    toFigure({ what, unit: "ms", beside: [managerSh, own], samples }, ...goals),
    toFigure(
      {
        what: `${what}, CPU`,
        unit: "ms of CPU",
        beside: [{ what: MANAGER_SH, value: median(theirs.map(({ cpuMs }) => cpuMs)) }],
        samples: ours.map(({ cpuMs }) => cpuMs),
      },
      ...goals.slice(0, 1),
    ),
  ];
}

/** The same calls, with nothing around them: what the gateway takes for its answers. */
async function measureGateway({ gateway }: Scene, size: number): Promise<number> {
  const { url, token } = gateway;
  const connect = () => connectGateway({ url, credentials: { token }, onEvent: () => {}, onClose: () => {} });
  const writes = toWrites(size);
  const beganMs = performance.now();
  let connection = await connect();
  const opened: Gateway[] = [connection];
  await connection.call("cron.status", {});
  await connection.call("cron.list", { includeDisabled: true });
  for (const [index, write] of writes.entries()) {
    // It takes 30 of a kind a minute over one connection.
    if (index > 0 && index % 30 === 0) opened.push((connection = await connect()));
    await connection.call("cron.add", write);
  }
  await connection.call("cron.list", { includeDisabled: true });
  const tookMs = performance.now() - beganMs;
  for (const each of opened) await each.close();
  return tookMs;
}

function toWrites(size: number): object[] {
  const definitions = defineJobs(size).map((job) => {
    const parsed = parseDefinition(job);
    if (parsed.kind === "invalid") throw new Error("the definitions of the benchmark are wrong");
    return parsed.definition;
  });
  const policy = { owner: "bench", prune: "owned", allowMassRemoval: false, nowMs: 0 } as const;
  const { actions } = planCron(definitions, [], { ...policy, features: featuresOf(OPENCLAW, 4) });
  const isAdd = (action: CronAction) => action.kind === "add";
  return actions.filter(isAdd).map(({ spec, declarationKey }) => Object.assign(spec, { declarationKey }));
}

async function measureManagerSh({ mounts, cliEnv, gateway }: Scene, size: number): Promise<Cost> {
  const beganMs = performance.now();
  const managerSh = await startManagerSh(mounts, cliEnv, gateway.configPath);
  const wallMs = (await managerSh.firstSleep()) - beganMs;
  const { cpuMs } = await managerSh.stop();
  const made = (await gateway.jobs()).filter(({ name }) => name.startsWith("bench-"));
  if (made.length !== size) throw new Error(`manager.sh has made ${made.length} of ${size} jobs`);
  return { wallMs, cpuMs };
}

/** Jobs that are there as they are declared, and a ConfigMap that says the same in other bytes. */
export const nothingToDo: Row = {
  name: "nothing-to-do",
  needsGateway: true,
  measure: () =>
    withScene(async (scene) => {
      const figures: Figure[] = [];
      for (const size of [10, 100]) figures.push(await measureNothing(scene, size));
      return figures;
    }),
};

async function measureNothing({ gateway, mounts, env, cliEnv, clear }: Scene, size: number): Promise<Figure> {
  const jobs = defineJobs(size);
  await mounts.cron.publish(formatJobs(jobs));
  const samples: number[] = [];
  const itself: number[] = [];
  const ours = watch([BINARY, "run"], env);
  try {
    await ours.lineAfter(0, COMPLETE);
    for (let blanks = 1; blanks <= 60; blanks++) {
      await Bun.sleep(100);
      const swap = await mounts.cron.prepare(formatJobs(jobs, blanks));
      const swappedMs = performance.now();
      swap.perform();
      await swap.finish();
      samples.push((await ours.lineAfter(swappedMs, COMPLETE)) - swappedMs);
      const askedMs = performance.now();
      await gateway.rpc("cron.list", { includeDisabled: true });
      itself.push(performance.now() - askedMs);
    }
  } finally {
    await ours.stop();
  }
  await clear();
  const theirs: number[] = [];
  const managerSh = await startManagerSh(mounts, cliEnv, gateway.configPath);
  try {
    await managerSh.firstSleep();
    for (let run = 1; run <= (RUNS[size]?.managerSh ?? 1); run++) {
      await mounts.cron.publish(formatJobs(jobs, run));
      theirs.push(await managerSh.poll());
    }
  } finally {
    await managerSh.stop();
  }
  await clear();
  return toFigure(
    {
      what: `a pass with nothing to do, ${size} jobs`,
      unit: "ms",
      beside: [
        { what: MANAGER_SH, value: median(theirs) },
        { what: `${ITSELF} for the list`, value: median(itself) },
      ],
      samples,
    },
    timesLess(MANAGER_SH, 500),
    below(30),
  );
}

/** From the swap of the ConfigMap until the gateway tells everybody of the job. */
export const swapToJob: Row = {
  name: "job",
  needsGateway: true,
  measure: () =>
    withScene(async ({ gateway, mounts, env }) => {
      const added = new Map<string, number>();
      const { url, token } = gateway;
      const onEvent = (event: string, payload: unknown) => {
        const { action, job } = payload as { action?: string; job?: { name?: string } };
        if (event === "cron" && action === "added" && job?.name) added.set(job.name, performance.now());
      };
      const listener = await connectGateway({ url, credentials: { token }, onEvent, onClose: () => {} });
      const itself: number[] = [];
      const samples: number[] = [];
      await mounts.cron.publish(formatJobs([]));
      const ours = watch([BINARY, "run"], env);
      try {
        await ours.lineAfter(0, COMPLETE);
        for (let size = 1; size <= 20; size++) {
          await Bun.sleep(500);
          const swap = await mounts.cron.prepare(formatJobs(defineJobs(size)));
          const swappedMs = performance.now();
          swap.perform();
          await swap.finish();
          const name = `bench-${size - 1}`;
          samples.push((await until(`the job ${name}`, () => added.get(name))) - swappedMs);
          await ours.lineAfter(swappedMs, COMPLETE);
        }
      } finally {
        await ours.stop();
      }
      for (const write of toWrites(20).slice(10)) {
        const askedMs = performance.now();
        await listener.call("cron.add", { ...write, name: `${askedMs}`, declarationKey: `bench-own:${askedMs}` });
        itself.push(performance.now() - askedMs);
      }
      await listener.close();
      const beside = [{ what: `${ITSELF} for the write`, value: median(itself) }];
      return [toFigure({ what: "ConfigMap swap → job in the gateway", unit: "ms", beside, samples }, below(150))];
    }),
};
