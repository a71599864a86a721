import { findFreePort } from "../test/support/free-port.ts";
import { until } from "../test/support/until.ts";
import { BINARY } from "../test/support/sidecar.ts";
import type { KindName } from "../lib/commands/kinds.ts";
import { watch } from "./process.ts";

/** After this, a sidecar trusts what the gateway has said of its skills, in milliseconds. */
const SETTLING_MS = 35_000;

/** How long a sidecar is left alone after each pass, in milliseconds. */
const REST_MS = 250;

/**
 * Has a sidecar look at everything again and again while there is nothing to do.
 *
 * @param kinds those that have to be in force before, and that count
 * @returns the longest pass of these kinds at each look, in milliseconds: they begin at the same moment, and share one
 *   thread
 */
export async function measurePasses(
  env: Record<string, string>,
  kinds: readonly KindName[],
  turns: number,
): Promise<number[]> {
  const port = await findFreePort();
  const sidecar = watch([BINARY, "run"], { ...env, CONFIG_MANAGER_HTTP_PORT: String(port) });
  const read = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined); // it starts
    return answer ? parseMetrics(await answer.text()) : [];
  };
  const sum = (metrics: readonly Metric[], name: string, kind: KindName, result?: string) =>
    metrics
      .filter((one) => one.name === name && one.reconciler === kind && (result === undefined || one.result === result))
      .reduce((all, { value }) => all + value, 0);
  const passesOf = (metrics: readonly Metric[], kind: KindName) => sum(metrics, "passes_total", kind);
  try {
    const areEqual = async () => {
      const metrics = await read();
      return kinds.every((kind) => sum(metrics, "last_pass_result", kind, "equal") === 1);
    };
    await until("all kinds to be in force", areEqual, { limitMs: 300_000 });
    // What has just changed is looked at more closely for a while.
    await Bun.sleep(SETTLING_MS);
    sidecar.signal("SIGHUP");
    await Bun.sleep(5_000);
    const wallMs: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const before = await read();
      sidecar.signal("SIGHUP");
      await Bun.sleep(REST_MS); // asked meanwhile, it would have something else to do
      const after = await until("a pass of each kind", async () => {
        const metrics = await read();
        const hasPassed = kinds.every((kind) => passesOf(metrics, kind) > passesOf(before, kind));
        return hasPassed ? metrics : undefined;
      });
      wallMs.push(Math.max(...kinds.map((kind) => sum(after, "last_pass_duration_seconds", kind) * 1000)));
    }
    return wallMs;
  } finally {
    await sidecar.stop();
  }
}

interface Metric {
  /** Without the prefix that all have. */
  name: string;
  reconciler: string | undefined;
  result: string | undefined;
  value: number;
}

function parseMetrics(text: string): Metric[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = /^config_manager_(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const label = (of: string) => new RegExp(`${of}="(\\w+)"`).exec(labels)?.[1];
    return [{ name, reconciler: label("reconciler"), result: label("result"), value: Number(value) }];
  });
}
