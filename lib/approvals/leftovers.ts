import { isOwnFile, ownFile, ownIn, withTemporaries } from "../files/own.ts";
import type { Leftovers } from "../reconcile/leftovers.ts";
import { type RecordPlaces, pathOf } from "./record.ts";

/** Lists the records of what was applied. The approvals stay: they are the gateway's. */
export async function findApprovalsLeftovers(places: RecordPlaces): Promise<Leftovers> {
  const names = ["approvals", "approvals-pending"] as const;
  const records = names.map((name) => ownFile(pathOf(places, name)));
  const checksums = names.map((name) => ownIn(places.checksumDir, name));
  const found = await Promise.all(records.map((path) => isOwnFile(path).catch(() => false)));
  return {
    files: await withTemporaries([...records, ...checksums]),
    directories: [],
    inUse: found.includes(true)
      ? [
          "exec approvals of Git stay in force in the gateway: take out there what is to go, or in Git before you uninstall",
        ]
      : [],
  };
}
