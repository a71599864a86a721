import JSON5 from "json5";
import process from "node:process";
import { missingTools } from "../../test/support/debian.ts";
import { BINARY } from "../../test/support/sidecar.ts";
import { AGENTS_IN_A_MEBIBYTE, configText } from "../config-text.ts";
import { type Figure, type Row, atMostTimes, below, median, quantile, toFigure } from "../figure.ts";
import { startManagerSh } from "../manager-sh.ts";
import { watch } from "../process.ts";
import { swapVolume, withScene } from "../scene.ts";
import { awaitFile, markOf, measureSwaps } from "../swaps.ts";

const FLOOR = "inotifywait, cp and mv";
const MANAGER_SH = "manager.sh";

/** How often the ConfigMap is swapped beside a gateway, which has to digest each config. */
const SWAPS = { ours: 40, managerSh: 3 };

/** How long a gateway is given to digest it, in milliseconds. */
const DIGEST_MS = 2_500;

const INCLUDED = Array.from({ length: 20 }, (_, index) => `part-${index}`);

const WHAT = "ConfigMap swap → file in place, with no gateway to ask";

/** From the swap of the ConfigMap to the file in place, with nobody to ask about it. */
export const file: Row = {
  name: "file",
  isChecked: true,
  async measure() {
    if (!(await hasShell("file"))) return [];
    const { ours, floor } = await measureSwaps({ swaps: 120, files: toSmall });
    return [
      toFigure({ ...besideFloor(WHAT, ours, floor), limit: 3 }, below(20), atMostTimes(FLOOR, 1.1)),
      toLast(WHAT, ours, { what: FLOOR, value: quantile(floor, 0.99) }),
    ];
  },
};

/** The same to the last of several files, and of a large one that the gateway writes to. */
export const files: Row = {
  name: "files",
  isChecked: false,
  async measure() {
    if (!(await hasShell("files"))) return [];
    const included = await measureSwaps({ swaps: 40, files: toParts });
    const merged = await measureSwaps({ swaps: 20, files: toLarge, digest: addOwnKeys });
    const ofMerge = `${WHAT}, 1 MiB into which OpenClaw has written keys of its own: a three-way merge`;
    return [
      toFigure(besideFloor(`${WHAT}, 20 included files`, included.ours, included.floor)),
      toFigure(besideFloor(ofMerge, merged.ours, merged.floor)),
    ];
  },
};

/** Whether there is what the shell needs; says so if not. */
async function hasShell(row: string): Promise<boolean> {
  const missing = await missingTools({ inotifywait: "inotify-tools" });
  if (missing) process.stderr.write(`(skip) the ${row} row, which is held against the shell: ${missing}\n`);
  return missing === undefined;
}

function besideFloor(what: string, samples: number[], floor: readonly number[]) {
  return { what, unit: "ms" as const, beside: [{ what: FLOOR, value: median(floor) }], samples };
}

function toSmall(mark: string): Record<string, string> {
  return { "openclaw.json": JSON.stringify({ gateway: { mode: "local" }, messages: { ackReaction: mark } }) };
}

function toLarge(mark: string): Record<string, string> {
  return { "openclaw.json": configText(AGENTS_IN_A_MEBIBYTE, { messages: { ackReaction: mark } }) };
}

/** A config whose groups lie in files of their own. */
function toParts(mark: string): Record<string, string> {
  const groups = Object.fromEntries(
    INCLUDED.map((name, index) => [`-100200300${index}`, { $include: `./${name}.json5` }]),
  );
  const main = { messages: { ackReaction: mark }, channels: { telegram: { enabled: true, groups } } };
  const parts = INCLUDED.map((name, index) => [
    `${name}.json5`,
    `// ${mark}\n{ requireMention: ${index % 2 === 0}, systemPrompt: "Group ${index}, ${mark}" }\n`,
  ]);
  return { "openclaw.json": configText(10, main), ...Object.fromEntries(parts) };
}

/** As 2026.2.9 does at its start. */
function addOwnKeys(live: string): string {
  const config = JSON5.parse<Record<string, unknown>>(live);
  const meta = { lastTouchedVersion: "2026.2.9", lastTouchedAt: "2026-11-27T10:00:00.000Z" };
  return JSON.stringify({ meta, ...config, plugins: { entries: { telegram: { enabled: true } } } }, undefined, 2);
}

/** The same beside a gateway that is asked before and after. */
export const fileBesideGateway: Row = {
  name: "file-gateway",
  isChecked: false,
  measure: () =>
    withScene(async ({ gateway, mounts, env, cliEnv }) => {
      await mounts.publishJobs([]);
      const config = (mark: string) => gateway.config({ messages: { ackReaction: mark } });
      const swapAndWait = async (swap: number) => {
        const arrival = awaitFile(gateway.configPath, markOf(swap));
        const swappedMs = await swapVolume(mounts.config, { "openclaw.json": config(markOf(swap)) });
        return (await arrival) - swappedMs;
      };
      const samples: number[] = [];
      const ours = watch([BINARY, "run"], env);
      try {
        await ours.lineAfter(0, /Cron job sync complete/);
        for (let swap = 1; swap <= SWAPS.ours; swap++) {
          await Bun.sleep(DIGEST_MS);
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
      const what = "ConfigMap swap → file in place, beside a gateway";
      const beside = [{ what: MANAGER_SH, value: median(theirs) }];
      return [
        toFigure({ what, unit: "ms", beside, samples }, below(20)),
        toLast(what, samples, { what: MANAGER_SH, value: quantile(theirs, 0.99) }),
      ];
    }),
};

function toLast(what: string, samples: number[], last: { what: string; value: number }): Figure {
  const ours = quantile(samples, 0.99);
  return toFigure({ what: `${what}, 99th percentile`, unit: "ms", beside: [last], samples, ours }, below(100));
}
