import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { computeChecksum } from "../files/checksum.ts";
import { readVolumeByName } from "../files/volume.ts";
import type { Mounted } from "../reconcile/standing.ts";
import { CONFIG_LIMITS } from "../text/limits.ts";
import { checkApprovals, formatApprovalsProblem } from "./check.ts";
import type { Keyed } from "./document.ts";

/** The file's name, beside `openclaw.json`. */
const APPROVALS_NAME = "exec-approvals.json";

/** What Git says of the exec approvals. */
export type DesiredApprovals =
  /** The ConfigMap is not mounted, or is empty: nothing is known. */
  | { kind: "missing" }
  /** The ConfigMap is there, with other files. */
  | { kind: "absent" }
  | { kind: "invalid"; checksum: string; problems: readonly string[] }
  | { kind: "valid"; checksum: string; bytes: Buffer; keyed: Keyed; entries: number };

/**
 * Reads and checks `exec-approvals.json` of the mounted ConfigMap, of one generation.
 *
 * @throws {ManagerError} `file` if the directory or the file cannot be read
 */
export async function readDesired(configDir: string): Promise<DesiredApprovals> {
  const found = await readVolumeByName(
    configDir,
    async (readByName) => {
      const bytes = await readByName(APPROVALS_NAME);
      return bytes ?? ((await hasOther(configDir, readByName)) ? "absent" : "missing");
    },
    CONFIG_LIMITS.bytes,
  );
  if (typeof found === "string") return { kind: found };
  const checksum = computeChecksum(found);
  const checked = checkApprovals(found);
  if (checked.kind === "invalid")
    return { ...checked, checksum, problems: checked.problems.map(formatApprovalsProblem) };
  return { ...checked, checksum, bytes: found };
}

/**
 * The ConfigMap is the config's, too: without this file in it, there is nothing to wait for.
 *
 * @throws {ManagerError} like {@link readDesired}
 */
export async function readMountedApprovals(configDir: string): Promise<Mounted> {
  const desired = await readDesired(configDir);
  return { checksum: "checksum" in desired ? desired.checksum : undefined, file: APPROVALS_NAME };
}

/** Whether this generation has another file: the links beside it may still be those of the one before. */
async function hasOther(
  configDir: string,
  readByName: (name: string) => Promise<Buffer | undefined>,
): Promise<boolean> {
  const names = await readdir(configDir).catch(() => []);
  for (const name of names.filter((each) => !each.startsWith(".."))) {
    // A directory, or a file that cannot be read, is something as well.
    if ((await readByName(name).catch(() => name)) !== undefined) return true;
  }
  return false;
}

/** The path of the mounted file. */
export function pathOfApprovals(configDir: string): string {
  return join(configDir, APPROVALS_NAME);
}
