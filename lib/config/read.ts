import { readVolume } from "../files/volume.ts";
import { type ConfigFile, toConfigFile } from "./config-file.ts";

/** The key of the ConfigMap, and the name of the file that OpenClaw reads. */
const CONFIG_FILE = "openclaw.json";

/**
 * Reads what Git says; undefined where the ConfigMap is not mounted, or has no `openclaw.json`.
 *
 * @throws {ManagerError} `file` when something is there and cannot be read.
 */
export async function readDesiredConfig(configDir: string): Promise<ConfigFile | undefined> {
  const files = await readVolume(configDir, (name) => name === CONFIG_FILE);
  return toConfigFile(files?.[0]?.bytes);
}
