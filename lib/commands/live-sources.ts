import { dirname, join } from "node:path";
import { readIncludeRoots } from "../text/include-files.ts";
import { readLiveConfig } from "../config/observe.ts";
import { ManagerError, describeError, toResult } from "../errors.ts";
import type { Environment } from "../setting-sources.ts";
import type { Settings } from "../settings.ts";
import type { Judge } from "./judge.ts";
import { type SourceFile, readDefinitionMount } from "./sources.ts";

/** What is said of OpenClaw's own stamp is left out: each gateway writes its own, and nobody else can mend it. */
export function withoutStamp(judge: Judge["judge"]): Judge["judge"] {
  return async (generation) => (await judge(generation)).filter(({ path }) => path[0] !== "meta");
}

/**
 * Reads what is in force: the live config with the files that it includes, and the mounted definitions. A file that cannot be
 * read is a result, not an error.
 */
export async function readLiveSources(
  { pvcConfig, cronDir }: Pick<Settings, "pvcConfig" | "cronDir">,
  env: Environment,
): Promise<SourceFile[]> {
  const places = { directory: dirname(pvcConfig), roots: readIncludeRoots(env) };
  const [live, definitions] = await Promise.all([
    toResult(readLiveConfig(pvcConfig, places)),
    readDefinitionMount(cronDir),
  ]);
  const jobs = definitions.filter(({ kind }) => kind !== "empty"); // no jobs are declared: nothing is wrong
  if (live instanceof ManagerError) {
    return [{ kind: "unread", name: pvcConfig, problem: describeError(live) }, ...jobs];
  }
  if (!live) return [{ kind: "unread", name: pvcConfig, problem: "there is no such file" }, ...jobs];
  const included = [...live.includes].map(([name, { bytes }]): SourceFile => {
    return { kind: "read", name: join(dirname(pvcConfig), name), bytes: Buffer.from(bytes), holds: "included" };
  });
  return [
    { kind: "read", name: pvcConfig, bytes: Buffer.from(live.root.bytes), holds: "config" },
    ...included,
    ...jobs,
  ];
}
