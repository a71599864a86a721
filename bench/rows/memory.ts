import process from "node:process";
import { createControlGroup, whyNoControlGroups } from "../../test/support/control-group.ts";
import { BINARY } from "../../test/support/sidecar.ts";
import { type Row, below, toFigure } from "../figure.ts";
import { type FiveKinds, USUAL, withFiveKinds } from "../five-kinds.ts";
import { startManagerSh } from "../manager-sh.ts";
import { programPath, readMemory, runCommand, watch, watchTree } from "../process.ts";
import { type Scene, defineJobs, formatJobs } from "../scene.ts";

const MIB = 2 ** 20;

const AMOUNTS = { ...USUAL, jobs: 100, files: 500 };
const RUNS = 3;

/** The group that it has to get by in. */
const LIMITS = { memoryBytes: 32 * MIB, cpus: 2 };

/** The most that is held at once while all is put in force for the first time: what is charged for, and what is mapped. */
export const memory: Row = {
  name: "memory",
  isChecked: false,
  measure: () =>
    withFiveKinds(async (scene) => {
      const missing = await whyNoControlGroups();
      if (missing) process.stderr.write(`(skip) what is charged to a control group: ${missing}\n`);
      const charged: number[] = [];
      const resident: number[] = [];
      for (let run = 0; run < RUNS; run++) {
        if (!missing) charged.push(await measureCharged(scene));
        resident.push(await measureResident(scene));
      }
      await putNothing(scene);
      const beside = [
        { what: "manager.sh and the CLI, a job", value: await measureManagerSh(scene) },
        { what: "a connection alone", value: await measureClient(scene) },
      ];
      const what = `${AMOUNTS.jobs} jobs, ${AMOUNTS.files} workspace files and the other kinds for the first time`;
      const chargedFigure = toFigure(
        { what: `memory charged at most, ${what}`, unit: "MiB", beside: [], samples: charged },
        below(16),
      );
      const figure = toFigure({ what: "the same, RSS", unit: "MiB", beside, samples: resident }, below(48));
      return missing ? [figure] : [chargedFigure, figure];
    }),
};

/** Takes everything back, so that the next sync is a first one. */
async function putNothing({ env, publish, clear }: FiveKinds): Promise<void> {
  await publish({ approvals: 0 });
  await runCommand([BINARY, "sync", "--only", "workspace", "--only", "approvals"], env);
  await clear();
}

/** Runs a sidecar until all is in force, and measures it before it ends. */
async function runOnce<T>(
  scene: FiveKinds,
  enter: readonly string[],
  measure: (pid: number) => Promise<T>,
): Promise<T> {
  await putNothing(scene);
  await scene.publish(AMOUNTS);
  const ours = watch([...enter, BINARY, "run"], scene.env);
  try {
    await ours.lineAfter(0, /Cron job sync complete/);
    await ours.lineAfter(0, /Workspace sync complete/);
    return await measure(ours.pid);
  } finally {
    await ours.stop();
  }
}

/** What is charged to its memory control group, at most. The binary's own pages lie in the kernel's cache already. */
async function measureCharged(scene: FiveKinds): Promise<number> {
  await using group = await createControlGroup(LIMITS);
  return await runOnce(scene, group.enterAsSelf, async () => (await group.memory()).peakBytes / MIB);
}

const measureResident = (scene: FiveKinds) => runOnce(scene, [], (pid) => readMemory(pid, "VmHWM"));

/** What a program takes that is connected, and has nothing else to do. */
async function measureClient({ env, gateway }: Scene): Promise<number> {
  const client = watch([programPath("client")], { ...env, OPENCLAW_GATEWAY_TOKEN: gateway.token });
  await client.lineAfter(0, /listed/);
  const peak = await readMemory(client.pid, "VmHWM");
  await client.stop();
  return peak;
}

/** While it syncs a single job: each of its calls takes the same. */
async function measureManagerSh({ mounts, cliEnv, gateway }: Scene): Promise<number> {
  await mounts.cron.publish(formatJobs(defineJobs(1)));
  const managerSh = await startManagerSh(mounts, cliEnv, gateway.configPath);
  const tree = watchTree(managerSh.pid);
  await managerSh.firstSleep();
  await managerSh.stop();
  return tree.stop();
}
