import { readFileSync, watch as watchFile } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { missingTools } from "../../test/support/debian.ts";
import { findFreePort } from "../../test/support/free-port.ts";
import { BINARY, type Mounts, createMounts } from "../../test/support/sidecar.ts";
import { type Figure, type Row, atMostTimes, below, median, quantile, toFigure } from "../figure.ts";
import { startManagerSh } from "../manager-sh.ts";
import { watch } from "../process.ts";
import { swapVolume, withScene } from "../scene.ts";

const FLOOR = "inotifywait, cp and mv";

/** How often the volume is swapped: without a gateway, and beside one, which has to digest each config. */
const SWAPS = { alone: 120, beside: 40, managerSh: 3 };

/** Since a file that is replaced twice in a moment makes OpenClaw deaf, ours lets one lie for so long first. */
const REST_MS = { alone: 200, beside: 2_500 };

/** From the swap of the ConfigMap to the file in place, with nobody to ask about it. */
export const file: Row = {
  name: "file",
  needsGateway: false,
  async measure() {
    const missing = await missingTools({ inotifywait: "inotify-tools" });
    if (missing) {
      process.stderr.write(`(skip) the file row, which is held against the shell: ${missing}\n`);
      return [];
    }
    const mounts = await createMounts();
    try {
      const pvcConfig = join(mounts.root, "openclaw.json");
      const floorConfig = join(mounts.root, "floor.json");
      const nobody = `ws://127.0.0.1:${await findFreePort()}`;
      await mounts.config.publish({ "openclaw.json": configText(0) });
      await mounts.publishJobs([]);
      await writeFile(floorConfig, "");
      const env = mounts.environment({ PVC_CONFIG: pvcConfig, OPENCLAW_GATEWAY_URL: nobody });
      const ours = watch([BINARY, "run"], env);
      await ours.lineAfter(0, /Config update complete/);
      const theirs = watch(["sh", await writeFloor(mounts, floorConfig)], { PATH: env.PATH ?? "" });
      await theirs.lineAfter(0, /watching/);
      try {
        const samples: Record<"ours" | "floor", number[]> = { ours: [], floor: [] };
        for (let swap = 1; swap <= SWAPS.alone; swap++) {
          await Bun.sleep(REST_MS.alone);
          const arrivals = [awaitText(pvcConfig, configText(swap)), awaitText(floorConfig, configText(swap))];
          const swappedMs = await swapVolume(mounts.config, { "openclaw.json": configText(swap) });
          const [oursMs = 0, floorMs = 0] = await Promise.all(arrivals);
          samples.ours.push(oursMs - swappedMs);
          samples.floor.push(floorMs - swappedMs);
        }
        return toFigures("with no gateway to ask", samples.ours, samples.floor, 3);
      } finally {
        await ours.stop();
        await theirs.stop();
      }
    } finally {
      await mounts.dispose();
    }
  },
};

/** The same beside a gateway that is asked before and after. */
export const fileBesideGateway: Row = {
  name: "file-gateway",
  needsGateway: true,
  measure: () =>
    withScene(async ({ gateway, mounts, env, cliEnv }) => {
      await mounts.publishJobs([]);
      const config = (swap: number) => gateway.config({ messages: { ackReaction: `${swap}` } });
      const swapAndWait = async (swap: number) => {
        const arrival = awaitText(gateway.configPath, config(swap));
        const swappedMs = await swapVolume(mounts.config, { "openclaw.json": config(swap) });
        return (await arrival) - swappedMs;
      };
      const samples: number[] = [];
      const ours = watch([BINARY, "run"], env);
      try {
        await ours.lineAfter(0, /Cron job sync complete/);
        for (let swap = 1; swap <= SWAPS.beside; swap++) {
          await Bun.sleep(REST_MS.beside);
          samples.push(await swapAndWait(swap));
        }
      } finally {
        await ours.stop();
      }
      const theirs: number[] = [];
      const managerSh = await startManagerSh(mounts, cliEnv, gateway.configPath, true);
      try {
        await managerSh.lineAfter(0, /Cron job sync complete/);
        for (let swap = 1; swap <= SWAPS.managerSh; swap++) {
          // Somewhere in its minute, each time elsewhere.
          await Bun.sleep(13_000 * swap);
          theirs.push(await swapAndWait(-swap));
        }
      } finally {
        await managerSh.stop();
      }
      return toFigures("beside a gateway", samples, theirs, undefined, "manager.sh");
    }),
};

function toFigures(
  circumstances: string,
  samples: number[],
  others: readonly number[],
  limit: number | undefined,
  other = FLOOR,
): Figure[] {
  const what = `ConfigMap swap → file in place, ${circumstances}`;
  const beside = [{ what: other, value: median(others) }];
  const goals = other === FLOOR ? [below(20), atMostTimes(FLOOR, 3)] : [below(20)];
  const last = { what: other, value: quantile(others, 0.99) };
  return [
    toFigure({ what, unit: "ms", beside, samples, ...(limit === undefined ? {} : { limit }) }, ...goals),
    toFigure(
      { what: `${what}, 99th percentile`, unit: "ms", beside: [last], samples, ours: quantile(samples, 0.99) },
      below(100),
    ),
  ];
}

const configText = (swap: number) =>
  JSON.stringify({ gateway: { mode: "local" }, messages: { ackReaction: `${swap}` } });

/** When a file came to hold this text. */
function awaitText(path: string, text: string): Promise<number> {
  return new Promise((resolve) => {
    const watcher = watchFile(dirname(path), (_event, name) => {
      const atMs = performance.now();
      if (name !== basename(path) || readFileSync(path, "utf8") !== text) return;
      watcher.close();
      resolve(atMs);
    });
  });
}

/** The least that a shell can do: told by the kernel, copies, and renames. */
async function writeFloor(mounts: Mounts, target: string): Promise<string> {
  const script = join(mounts.root, "floor.sh");
  const source = join(mounts.config.path, "openclaw.json");
  const lines = [
    `inotifywait -m -q -e moved_to '${mounts.config.path}' | {`,
    "  echo watching",
    `  while read -r _; do cp '${source}' '${target}.new' && mv '${target}.new' '${target}'; done`,
    "}",
  ];
  await writeFile(script, `${lines.join("\n")}\n`);
  return script;
}
