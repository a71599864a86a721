import { ownFile, withTemporaries } from "../files/own.ts";
import { listSome } from "../printable.ts";
import type { Leftovers } from "../reconcile/leftovers.ts";
import type { Settings } from "../settings.ts";
import { manifestPathOf, readManifest } from "./manifest.ts";

/** How many files one line names. */
const MAX_NAMES = 10;

/** Lists the manifest. The files in the workspaces stay: the agents work with them. */
export async function findWorkspaceLeftovers({ stagingDir }: Pick<Settings, "stagingDir">): Promise<Leftovers> {
  const path = manifestPathOf(stagingDir);
  const manifest = await readManifest(path, () => undefined); // what is in its way is told when it is to go
  const inUse = [...(manifest ?? [])].map(([workspace, entries]) => {
    const names = listSome([...entries.keys()], MAX_NAMES);
    return `${workspace}: files from Git stay, with NAME.from-agent copies beside them, and are the agent's now: ${names}`;
  });
  return {
    files: await withTemporaries([ownFile(path)]),
    directories: [],
    inUse,
  };
}
