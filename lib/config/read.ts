import { readRegularFile } from "../files/regular-file.ts";
import { readVolumeByName } from "../files/volume.ts";
import { CONFIG_LIMITS } from "../text/limits.ts";
import { ConfigFile } from "./config-file.ts";
import { collectGeneration } from "./collect.ts";
import { type Generation, ROOT_NAME } from "./generation.ts";
import type { IncludePlaces } from "../text/include-files.ts";

/**
 * Reads the desired config with the files that it includes, all of one generation of the ConfigMap; undefined if the
 * ConfigMap is not mounted or has no `openclaw.json`.
 *
 * @throws {ManagerError} `file` if the directory or a file exists and cannot be read.
 */
export async function readDesiredConfig(configDir: string, places: IncludePlaces): Promise<Generation | undefined> {
  const read = async (readByName: (name: string) => Promise<Buffer | undefined>) => {
    const bytes = await readByName(ROOT_NAME);
    return bytes && collectGeneration(new ConfigFile(bytes), places, readByName, readOutside);
  };
  return readVolumeByName(configDir, read, CONFIG_LIMITS.bytes);
}

/** A file outside may be readable by the gateway alone. Its content only tells whether it has changed. */
export async function readOutside(path: string): Promise<Uint8Array | undefined> {
  return readRegularFile(path, { follow: true }).catch(() => undefined);
}
