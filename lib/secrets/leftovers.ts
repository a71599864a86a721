import { basename } from "node:path";
import { listOpenDirectory } from "../files/directory.ts";
import { ownIn } from "../files/own.ts";
import { formerDirectoryOf, stateDirectoryOf } from "../gateway/secret-file.ts";
import type { Leftovers } from "../reconcile/leftovers.ts";
import { readRecord } from "./record.ts";

/** Lists the record and the former values. The copies stay: the gateway reads them. */
export async function findSecretsLeftovers(targetDir: string): Promise<Leftovers> {
  const [state, former] = [stateDirectoryOf(targetDir), formerDirectoryOf(targetDir)];
  const inState = (...names: string[]) => ownIn(targetDir, basename(state), ...names);
  const { names } = await readRecord(targetDir, () => undefined);
  const formers = await listOpenDirectory(former);
  const own = (await listOpenDirectory(state)).filter((name) => name !== basename(former));
  const count = names.length === 1 ? "the copy of 1 key stays" : `the copies of ${names.length} keys stay`;
  return {
    files: [...own.map((name) => inState(name)), ...formers.map((name) => inState(basename(former), name))],
    directories: [inState(basename(former)), inState()],
    inUse:
      names.length > 0
        ? [`${targetDir}: ${count}, because the gateway reads what its config refers to; an emptyDir goes with the Pod`]
        : [],
  };
}
