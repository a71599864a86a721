import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createScratch } from "./fakes.ts";
import { getTool } from "./kubernetes-tools.ts";
import { DEPLOY, type Manifest, parseManifests } from "./manifests.ts";
import { type Ended, run } from "./process.ts";

export const CHART = join(DEPLOY, "chart");

interface ChartOptions {
  /** Files of values, before the values themselves. */
  files?: readonly string[];
  /** A directory or an archive; else ours. */
  chart?: string;
  release?: string;
}

/** Runs `helm` with these words; it keeps nothing, and knows no repository. */
export async function helm(words: readonly string[]): Promise<Ended> {
  await using scratch = await createScratch();
  const directories = { HELM_CACHE_HOME: "cache", HELM_CONFIG_HOME: "config", HELM_DATA_HOME: "data" };
  const env = Object.fromEntries(Object.entries(directories).map(([name, path]) => [name, scratch.in(path)]));
  return await run(await getTool("helm"), words, { env });
}

/**
 * What `helm template` makes of the chart, hooks included.
 *
 * @throws with what helm says, if it refuses the values.
 */
export async function renderChart(
  values: object = {},
  { files = [], chart = CHART, release = "openclaw" }: ChartOptions = {},
): Promise<Manifest[]> {
  await using scratch = await createScratch();
  const path = scratch.in("values.json");
  await writeFile(path, JSON.stringify(values));
  const flags = [...files, path].flatMap((file) => ["--values", file]);
  const { exitCode, stdout, stderr } = await helm(["template", release, chart, "--namespace", "openclaw", ...flags]);
  if (exitCode !== 0) throw new Error(stderr);
  return parseManifests(stdout).filter((manifest: Manifest | null) => manifest !== null);
}
