import { dirname } from "node:path";
import { ManagerError, toResult } from "../errors.ts";
import { listTemporariesOf, ownFile, ownIn, withTemporaries } from "../files/own.ts";
import type { Leftovers } from "../reconcile/leftovers.ts";
import { type ConfigPlaces, readLiveConfig, toIncludePlaces } from "./observe.ts";
import { listRecordPaths } from "./record.ts";

/** What of `$CHECKSUM_DIR` is the config's. */
const CHECKSUMS = ["config", "config-accepted", "config-pending", "config-held", "config-let-in"];

/** Lists the records beside the live config. The live files stay: the gateway reads them. */
export async function findConfigLeftovers(places: ConfigPlaces): Promise<Leftovers> {
  const { pvcConfig, checksumDir } = places;
  const live = await toResult(readLiveConfig(pvcConfig, toIncludePlaces(places)));
  const includes = live && !(live instanceof ManagerError) ? [...live.includes.keys()] : [];
  const inside = includes.map((name) => name.split("/")).filter((names) => !names.includes(".."));
  const replaced = [ownFile(pvcConfig), ...inside.map((names) => ({ root: dirname(pvcConfig), names }))];
  const records = [...listRecordPaths(pvcConfig).map(ownFile), ...CHECKSUMS.map((name) => ownIn(checksumDir, name))];
  const temporaries = await Promise.all(replaced.map(listTemporariesOf));
  const also = includes.length > 0 ? `, with the files that it includes (${includes.join(", ")})` : "";
  return {
    files: [...(await withTemporaries(records)), ...temporaries.flat()],
    directories: [],
    inUse: live === undefined ? [] : [`${pvcConfig}${also}: the gateway's config stays as it is, and may be edited`],
  };
}
