import { featuresOf } from "../../lib/gateway/features.ts";
import { parseDefinition } from "../../lib/definition/definition.ts";
import { connectGateway } from "../../lib/gateway/connection.ts";
import { type CronAction, planCron } from "../../lib/cron/plan.ts";
import { BINARY } from "../../test/support/sidecar.ts";
import { until } from "../../test/support/until.ts";
import { makeCalls } from "../calls.ts";
import { type Figure, type Row, below, median, timesLess, toFigure, within } from "../figure.ts";
import { startManagerSh } from "../manager-sh.ts";
import { type Cost, programPath, readTreeCpuMs, runCommand, watch } from "../process.ts";
import { OPENCLAW, type Scene, defineJobs, formatJobs, swapVolume, withScene } from "../scene.ts";

const MANAGER_SH = "manager.sh";
const ITSELF = "the gateway's own time";

const CALLS = "its calls in a program of their own";

const COMPLETE = /Cron job sync complete/;

/** How often each is measured, by how many jobs there are. 100 jobs take manager.sh some 3 minutes. */
const RUNS = [
  { size: 1, ours: 15, managerSh: 3 },
  { size: 10, ours: 15, managerSh: 3 },
  { size: 100, ours: 5, managerSh: 1 },
] as const;

const MANY = 1_000;

/** The first sync of jobs that are not there yet, and a pass with nothing to do once they are. */
export const sync: Row = {
  name: "sync",
  isChecked: false,
  measure: () =>
    withScene(async (scene) => {
      const figures: Figure[] = [];
      for (const runs of RUNS) figures.push(...(await measureSize(scene, runs)));
      return figures;
    }),
};

/** Nothing to do with a thousand: the gateway takes a second to write the last of them, and all of them ten minutes. */
export const many: Row = {
  name: "many",
  isChecked: false,
  measure: () =>
    withScene(async (scene) => {
      await scene.mounts.cron.publish(formatJobs(defineJobs(MANY)));
      await runCommand([BINARY, "sync", "--only", "cron"], scene.env);
      const { ours, itself } = await measureNothing(scene, MANY);
      return [toFigure({ ...describeNothing(MANY, itself), samples: ours })];
    }),
};

async function measureSize(scene: Scene, { size, ours, managerSh }: (typeof RUNS)[number]): Promise<Figure[]> {
  const first = await measureFirst(scene, size, ours);
  const nothing = await measureNothing(scene, size);
  const theirs: ManagerShTimes[] = [];
  for (let run = 0; run < managerSh; run++) theirs.push(await measureManagerSh(scene, size));
  const beside = (field: keyof ManagerShTimes) => ({
    what: MANAGER_SH,
    value: median(theirs.map((one) => one[field])),
  });

  const isGoal = size === 10;
  const what = `first sync of ${describeJobs(size)}`;
  const wall = toFigure(
    {
      what,
      unit: "ms",
      beside: [
        beside("firstMs"),
        { what: ITSELF, value: median(first.itself) },
        { what: CALLS, value: median(first.alone) },
      ],
      samples: first.ours.map(({ wallMs }) => wallMs),
    },
    ...(isGoal ? [timesLess(MANAGER_SH, 50)] : []),
    within(15, CALLS),
  );
  const cpu = toFigure(
    {
      what: `${what}, CPU`,
      unit: "ms of CPU",
      beside: [beside("firstCpuMs")],
      samples: first.ours.map(({ cpuMs }) => cpuMs),
    },
    ...(isGoal ? [timesLess(MANAGER_SH, 50)] : []),
  );
  const { beside: list, ...described } = describeNothing(size, nothing.itself);
  const pass = toFigure(
    { ...described, beside: [beside("nothingMs"), ...list], samples: nothing.ours },
    ...(isGoal || size === 100 ? [timesLess(MANAGER_SH, 500), below(30)] : []),
  );
  return [wall, cpu, pass];
}

const describeJobs = (size: number) => (size === 1 ? "1 job" : `${size.toLocaleString("en-US")} jobs`);

function describeNothing(size: number, ofList: readonly number[]) {
  const beside = [{ what: `${ITSELF} for the list`, value: median(ofList) }];
  return { what: `a pass with nothing to do, ${describeJobs(size)}`, unit: "ms" as const, beside };
}

/** From the start of the program to its end, in turns with the gateway alone, and with its calls alone. */
async function measureFirst(scene: Scene, size: number, runs: number) {
  const { mounts, env, clear } = scene;
  await mounts.cron.publish(formatJobs(defineJobs(size)));
  const ours: Cost[] = [];
  const itself: number[] = [];
  const alone: number[] = [];
  const calls = { ...env, OPENCLAW_GATEWAY_TOKEN: scene.gateway.token, WRITES: JSON.stringify(toWrites(size)) };
  for (let run = 0; run < runs; run++) {
    await clear();
    itself.push(await measureGateway(scene, size));
    await clear();
    alone.push((await runCommand([programPath("calls")], calls)).wallMs);
    await clear();
    ours.push(await runCommand([BINARY, "sync", "--only", "cron"], env));
  }
  return { ours, itself, alone };
}

/** The same calls, with nothing around them: what the gateway takes for its answers. */
async function measureGateway({ gateway }: Scene, size: number): Promise<number> {
  const writes = toWrites(size);
  const beganMs = performance.now();
  const opened = await makeCalls(gateway.url, gateway.token, writes);
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

/** The jobs are there as they are declared, and the ConfigMap says the same in other bytes. */
async function measureNothing({ gateway, mounts, env }: Scene, size: number) {
  const jobs = defineJobs(size);
  const ours: number[] = [];
  const itself: number[] = [];
  const sidecar = watch([BINARY, "run"], env);
  try {
    await sidecar.lineAfter(0, COMPLETE);
    for (let blanks = 1; blanks <= 60; blanks++) {
      await Bun.sleep(150);
      const swappedMs = await swapVolume(mounts.cron, formatJobs(jobs, blanks));
      ours.push((await sidecar.lineAfter(swappedMs, COMPLETE)) - swappedMs);
      await Bun.sleep(150);
      const askedMs = performance.now();
      await gateway.jobs();
      itself.push(performance.now() - askedMs);
    }
  } finally {
    await sidecar.stop();
  }
  return { ours, itself };
}

interface ManagerShTimes {
  firstMs: number;
  firstCpuMs: number;
  nothingMs: number;
}

async function measureManagerSh({ mounts, cliEnv, gateway, clear }: Scene, size: number): Promise<ManagerShTimes> {
  await clear();
  await mounts.cron.publish(formatJobs(defineJobs(size)));
  const beganMs = performance.now();
  const managerSh = await startManagerSh(mounts, cliEnv, gateway.configPath);
  try {
    const firstMs = (await managerSh.firstSleep()) - beganMs;
    const firstCpuMs = await readTreeCpuMs(managerSh.pid);
    const made = (await gateway.jobs()).filter(({ name }) => name.startsWith("bench-"));
    if (made.length !== size) throw new Error(`manager.sh has made ${made.length} of ${size} jobs`);
    await mounts.cron.publish(formatJobs(defineJobs(size), 1));
    return { firstMs, firstCpuMs, nothingMs: await managerSh.poll() };
  } finally {
    await managerSh.stop();
    await clear();
  }
}

/** From the swap of the ConfigMap until the gateway tells everybody of the job. */
export const swapToJob: Row = {
  name: "job",
  isChecked: false,
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
          const swappedMs = await swapVolume(mounts.cron, formatJobs(defineJobs(size)));
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
