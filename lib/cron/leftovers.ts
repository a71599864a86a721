import { listOpenDirectory } from "../files/directory.ts";
import { ownIn, withTemporaries } from "../files/own.ts";
import { isTemporary } from "../files/temporary.ts";
import { listSome } from "../printable.ts";
import type { Leftovers } from "../reconcile/leftovers.ts";
import type { Settings } from "../settings.ts";
import { declarationKeyOf, markDescription } from "./ownership.ts";
import { findStaged } from "./staging.ts";

/** How many files one line names. */
const MAX_NAMES = 10;

/** Lists the staged definitions. The jobs stay: they are the gateway's, and nothing can take their key off. */
export async function findCronLeftovers({
  stagingDir,
  checksumDir,
  owner,
}: Pick<Settings, "stagingDir" | "checksumDir" | "owner">): Promise<Leftovers> {
  const staged = await findStaged(stagingDir, () => true);
  const others = (await listOpenDirectory(stagingDir)).filter((name) => !staged.includes(name) && !isTemporary(name));
  const names = listSome(others, MAX_NAMES);
  return {
    files: await withTemporaries([...staged.map((name) => ownIn(stagingDir, name)), ownIn(checksumDir, "cron")]),
    directories: [ownIn(stagingDir)],
    inUse: [
      "the jobs stay in the gateway and go on running: openclaw cron list --all shows them, openclaw cron rm ID removes one. " +
        `Those of Git keep the key ${declarationKeyOf(owner, "NAME")}, or ${markDescription(undefined, owner)} in their ` +
        "description, by which a later config-manager knows them",
      ...(others.length > 0 ? [`${stagingDir}: not staged by config-manager, left alone: ${names}`] : []),
    ],
  };
}
