import { existsSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { BINARY } from "../../test/support/sidecar.ts";
import { type Row, below, toFigure } from "../figure.ts";
import { startManagerSh } from "../manager-sh.ts";
import { programPath, readMemory, watch, watchTree } from "../process.ts";
import { type Scene, defineJobs, formatJobs, withScene } from "../scene.ts";

const COMPLETE = /Cron job sync complete/;
const SIZE = 100;
const RUNS = 3;

/** The most that is held at once while 100 jobs are synced. */
export const memory: Row = {
  name: "memory",
  needsGateway: true,
  measure: () =>
    withScene(async (scene) => {
      const { mounts, env, clear } = scene;
      await mounts.cron.publish(formatJobs(defineJobs(SIZE)));
      const samples: number[] = [];
      for (let run = 0; run < RUNS; run++) {
        await clear();
        const ours = watch([BINARY, "run"], env);
        await ours.lineAfter(0, COMPLETE);
        samples.push(await readMemory(ours.pid, "VmHWM"));
        await ours.stop();
      }
      await clear();
      const charged = await measureInGroup(scene, 32);
      await clear();
      const theirs = await measureManagerSh(scene);
      const beside = [
        { what: "manager.sh and the CLI", value: theirs },
        { what: "a connection alone", value: await measureClient(scene) },
      ];
      return [
        toFigure({ what: `peak memory (RSS), sync of ${SIZE} jobs`, unit: "MiB", beside, samples }, below(48)),
        ...(charged === undefined
          ? []
          : [
              toFigure(
                {
                  what: `the same in a control group of 32 MiB: what is charged to it`,
                  unit: "MiB",
                  beside: [],
                  samples: [charged],
                },
                below(32),
              ),
            ]),
      ];
    }),
};

/** What a program takes that is connected, and has nothing else to do. */
async function measureClient({ env, gateway }: Scene): Promise<number> {
  const client = watch([programPath("client")], { ...env, OPENCLAW_GATEWAY_TOKEN: gateway.token });
  await client.lineAfter(0, /listed/);
  const peak = await readMemory(client.pid, "VmHWM");
  await client.stop();
  return peak;
}

/** What is charged to a memory control group with such a limit, at most; undefined where none can be made. */
async function measureInGroup({ env }: Scene, limitMebibytes: number): Promise<number | undefined> {
  const isFirstVersion = existsSync("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  const group = join(
    isFirstVersion ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup",
    `config-manager-bench-${process.pid}`,
  );
  const names = isFirstVersion
    ? { limit: "memory.limit_in_bytes", peak: "memory.max_usage_in_bytes" }
    : { limit: "memory.max", peak: "memory.peak" };
  try {
    await mkdir(group);
    await writeFile(join(group, names.limit), String(limitMebibytes * 2 ** 20));
  } catch (error) {
    process.stderr.write(`(skip) no memory control group can be made here: ${String(error)}\n`);
    return undefined;
  }
  try {
    const enter = ["sh", "-c", `echo $$ > '${group}/cgroup.procs'; exec "$@"`, "sh"];
    const ours = watch([...enter, BINARY, "run"], env);
    await ours.lineAfter(0, COMPLETE);
    await ours.stop();
    return Number(await readFile(join(group, names.peak), "utf8")) / 2 ** 20;
  } finally {
    await rmdir(group);
  }
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
