import { readVolume } from "../files/volume.ts";
import { type ConfigFile, toConfigFile } from "./config-file.ts";

/** The ConfigMap's key. OpenClaw's own file has the same name. */
const CONFIG_FILE = "openclaw.json";

/**
 * Reads the desired config; undefined if the ConfigMap is not mounted or has no `openclaw.json`.
 *
 * @throws {ManagerError} `file` if the directory or the file exists and cannot be read.
 */
export async function readDesiredConfig(configDir: string): Promise<ConfigFile | undefined> {
  const files = await readVolume(configDir, (name) => name === CONFIG_FILE);
  return toConfigFile(files?.[0]?.bytes);
}
