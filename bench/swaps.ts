import { existsSync, readFileSync, watch as watchFile } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { findFreePort } from "../test/support/free-port.ts";
import { BINARY, createMounts } from "../test/support/sidecar.ts";
import { type Watched, watch } from "./process.ts";
import { swapVolume } from "./scene.ts";

/** Since a file that is replaced twice in a moment makes OpenClaw deaf, ours lets one lie for so long first. */
const REST_MS = 200;

/** After this, a file is not waited for any longer, in milliseconds: manager.sh looks once a minute. */
const ARRIVAL_LIMIT_MS = 180_000;

export interface Swapping {
  swaps: number;
  /** What is mounted, all of it with this mark in it. */
  files: (mark: string) => Record<string, string>;
  /** What OpenClaw makes of its config at its start: the live text. */
  digest?: (live: string) => string;
}

/** The text by which the files of a swap are known. */
export const markOf = (swap: number): string => `swap ${swap}.`;

/**
 * Swaps a ConfigMap that a sidecar without a gateway follows and, at the same time, the least that a shell can do.
 *
 * @returns the milliseconds from each swap to the last file in place
 */
export async function measureSwaps({ swaps, files, digest }: Swapping): Promise<{ ours: number[]; floor: number[] }> {
  const mounts = await createMounts();
  const [live, floor] = [join(mounts.root, "live"), join(mounts.root, "floor")];
  const sidecars: Watched[] = [];
  const begin = (command: readonly string[], env: Record<string, string>) => {
    const started = watch(command, env);
    sidecars.push(started);
    return started;
  };
  try {
    const nobody = `ws://127.0.0.1:${await findFreePort()}`;
    const config = join(live, "openclaw.json");
    const env = mounts.environment({ OPENCLAW_GATEWAY_URL: nobody, PVC_CONFIG: config });
    await mkdir(live);
    await mkdir(floor);
    await mounts.config.publish(files(markOf(0)));
    await mounts.publishJobs([]);
    await begin([BINARY, "run"], env).lineAfter(0, /Config update complete/);
    if (digest) await writeFile(config, digest(await readFile(config, "utf8")));
    const script = await writeFloor(mounts.root, mounts.config.path, floor);
    await begin(["sh", script], { PATH: env.PATH ?? "" }).lineAfter(0, /watching/);
    const samples: Record<"ours" | "floor", number[]> = { ours: [], floor: [] };
    for (let swap = 1; swap <= swaps; swap++) {
      await Bun.sleep(REST_MS);
      const texts = files(markOf(swap));
      const arrivals = [live, floor].map((directory) => awaitFiles(directory, Object.keys(texts), markOf(swap)));
      const swappedMs = await swapVolume(mounts.config, texts);
      const [oursMs = 0, floorMs = 0] = await Promise.all(arrivals);
      samples.ours.push(oursMs - swappedMs);
      samples.floor.push(floorMs - swappedMs);
    }
    return samples;
  } finally {
    for (const each of sidecars) await each.stop();
    await mounts.dispose();
  }
}

/** When the last of these files came to hold this mark. */
function awaitFiles(directory: string, names: readonly string[], mark: string): Promise<number> {
  const missing = new Set(names);
  const isThere = (name: string) => {
    const path = join(directory, name);
    return existsSync(path) && readFileSync(path, "utf8").includes(mark);
  };
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      watcher.close();
      reject(new Error(`waited ${ARRIVAL_LIMIT_MS} ms for ${mark} in ${[...missing].join(", ")} of ${directory}`));
    }, ARRIVAL_LIMIT_MS);
    const watcher = watchFile(directory, (_event, changed) => {
      const atMs = performance.now();
      if (changed === null || !missing.has(changed)) return;
      for (const name of missing) {
        if (!isThere(name)) return;
        missing.delete(name);
      }
      watcher.close();
      clearTimeout(late);
      resolve(atMs);
    });
  });
}

/** The same of a single file. */
export function awaitFile(path: string, mark: string): Promise<number> {
  return awaitFiles(dirname(path), [basename(path)], mark);
}

/** The least that a shell can do: told by the kernel, copies, and renames. */
async function writeFloor(root: string, source: string, target: string): Promise<string> {
  const script = join(root, "floor.sh");
  const lines = [
    `inotifywait -m -q -e moved_to '${source}' | {`,
    "  echo watching",
    "  while read -r _; do",
    `    for file in '${source}'/*; do`,
    `      cp "$file" '${root}/floor.new' && mv '${root}/floor.new' "${target}/\${file##*/}"`,
    "    done",
    "  done",
    "}",
  ];
  await writeFile(script, `${lines.join("\n")}\n`);
  return script;
}
