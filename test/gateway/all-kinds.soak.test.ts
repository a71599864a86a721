// Nightly, since it takes an hour: all five kinds of settings change all the time, to good and to bad, beside three
// releases whose gateways are killed again and again. In the end everything is in force, and nothing has grown.
//
//   CONFIG_MANAGER_SOAK_MINUTES=2   a short one, with as many swaps a minute
//   CONFIG_MANAGER_SOAK_SWAPS=1000  so many swaps for each release
//   CONFIG_MANAGER_SOAK_SEED=7      the contents and the moments of a former run, which has printed its seed
//   CONFIG_MANAGER_SOAK_LOGS=DIR    keeps the logs of the sidecars and the gateways

import { expect, test } from "bun:test";
import { createRandom } from "../support/random.ts";
import { accountFor } from "../support/soak-lines.ts";
import { type Use, createSoakPod } from "../support/soak-pod.ts";

const MINUTE_MS = 60_000;
const { env } = process;
const minutes = Number(env.CONFIG_MANAGER_SOAK_MINUTES ?? 60);
const swaps = Number(env.CONFIG_MANAGER_SOAK_SWAPS ?? Math.round((5_000 / 60) * minutes));
const seed = Number(env.CONFIG_MANAGER_SOAK_SEED ?? Math.floor(Math.random() * 2 ** 32));

/** A gateway is killed every two minutes on average, and twice in a short run. */
const kills = Math.max(2, Math.round(minutes / 2));

/** When the first measurement is taken: at minute five of the hour. */
const FIRST_SHARE = 1 / 12;

/** How much more memory the sidecar may hold in the end. One that has run for seconds has not loaded all of its code. */
const GROWTH = minutes >= 30 ? 1.1 : 1.25;

/** What the hour's run takes beside its hour: gateways come up, and everything converges. */
const REST_MS = 45 * MINUTE_MS;

console.log(`a soak of ${minutes} min: ${swaps} swaps and ${kills} kills for each release; seed ${seed}`);

/** The resident set is a figure only: most of it are pages of the binary, which the kernel keeps while it needs no others. */
const isAsBefore = (use: Use, before: Use) =>
  use.anonymousMiB <= before.anonymousMiB * GROWTH &&
  (use.workingSetMiB ?? 0) <= (before.workingSetMiB ?? 0) * GROWTH &&
  use.watches === before.watches &&
  use.descriptors.join() === before.descriptors.join();

const toFigures = ({ descriptors, watches, ...memory }: Use) => ({
  ...Object.fromEntries(Object.entries(memory).map(([name, value]) => [name, value && Math.round(value * 10) / 10])),
  descriptors: descriptors.length,
  watches,
});

test.concurrent.each(["2026.9.6", "2026.6.11", "2026.2.9"])(
  "all kinds follow Git, and nothing grows, beside OpenClaw %s",
  async (version) => {
    await using pod = await createSoakPod(version, createRandom(seed + Number(version.split(".")[1])));
    const report = async (more: object) => {
      if (env.CONFIG_MANAGER_SOAK_LOGS) await pod.keepLogs(env.CONFIG_MANAGER_SOAK_LOGS);
      const { counts: lines, unexpected } = accountFor(pod.lines(), pod.secrets);
      console.log(JSON.stringify({ version, minutes, seed, ...pod.figures(), ...more, lines }));
      return unexpected;
    };
    let minuteFive: Use | undefined;
    try {
      const first = { swaps: Math.round(swaps * FIRST_SHARE), kills: 1, ms: minutes * MINUTE_MS * FIRST_SHARE };
      await pod.converge();
      await pod.churn(first);
      await pod.converge();
      minuteFive = await pod.measure();
      const rest = { swaps: swaps - first.swaps, kills: kills - first.kills, ms: minutes * MINUTE_MS - first.ms };
      await pod.churn(rest);
      await pod.converge();
    } catch (error) {
      throw new Error(`unexpected lines: ${JSON.stringify(await report({}), undefined, 1)}`, { cause: error });
    }
    const before = minuteFive;
    const end = await pod.measure((use) => isAsBefore(use, before)).catch((error: unknown) => error as Error);
    const unexpected = await report({
      minuteFive: toFigures(before),
      end: end instanceof Error ? end.message : toFigures(end),
    });
    expect(unexpected).toEqual([]);
    if (end instanceof Error) throw end;
    expect(pod.figures()).toMatchObject({ failedProbes: 0 });
  },
  minutes * MINUTE_MS + REST_MS,
);
