import { readRegularFile } from "../files/regular-file.ts";
import { type JsonObject, isJsonObject, readPath } from "../json.ts";
import { parseJson5 } from "../text/json5.ts";

/**
 * Reads an object at a dotted path of the live config, with `$include` and `${VAR}` as they are written. Empty if it is
 * not there, or the config is missing or broken: the config reconciler reports that.
 */
export async function readLiveObject(pvcConfig: string, path: string): Promise<JsonObject> {
  try {
    const bytes = await readRegularFile(pvcConfig);
    const found = readPath(parseJson5(bytes?.toString("utf8") ?? "null"), path);
    return isJsonObject(found) ? found : {};
  } catch {
    return {};
  }
}
