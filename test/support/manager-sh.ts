import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Mounts } from "./sidecar.ts";
import { REPOSITORY } from "./repository.ts";

export const MANAGER_SH = resolve(REPOSITORY, "../shared/seed/manager.sh");

/** manager.sh as it is, but for its paths, and for other words that are put in the place of its own. */
export async function readManagerSh(
  { root, config, cron, staging, checksums }: Mounts,
  pvcConfig: string,
  words: Readonly<Record<string, string>> = {},
): Promise<string> {
  const places = {
    CONFIG_DIR: config.path,
    CRON_DIR: cron.path,
    PVC_CONFIG: pvcConfig,
    STAGING_DIR: staging,
    CHECKSUM_DIR: checksums,
  };
  let text = await readFile(MANAGER_SH, "utf8");
  const replace = (from: string | RegExp, to: string) => {
    const next = text.replace(from, () => to);
    // It would use the paths of this machine.
    if (next === text) throw new Error(`manager.sh is another one: it has no ${from}`);
    text = next;
  };
  for (const [own, other] of Object.entries(words)) replace(own, other);
  for (const [name, path] of Object.entries(places)) replace(new RegExp(`^${name}=.*$`, "m"), `${name}="${path}"`);
  // Its files for one job each, under names that two runs on one machine would share.
  return text.replaceAll('"/tmp/cron-job-', `"${root}/cron-job-`);
}
