import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { ManagerError, describeError, systemCode } from "../errors.ts";
import { readChecksum } from "../files/checksum.ts";
import { type ConfigFile, toConfigFile } from "./config-file.ts";
import { readDesiredConfig } from "./read.ts";
import { type ConfigRecord, readConfigRecord } from "./record.ts";

/** Where the config comes from, where it goes, and where the checksum of the last one is kept. */
export interface ConfigPlaces {
  configDir: string;
  pvcConfig: string;
  checksumDir: string;
}

/** What is desired, what is there, and what is known of both. */
export interface ConfigState extends ConfigRecord {
  /** The ConfigMap's; undefined when it has none. */
  desired: ConfigFile | undefined;
  /** The live file; undefined when there is no regular file. */
  observed: ConfigFile | undefined;
  /** The md5 of what was last applied; undefined in a new container. */
  lastApplied: string | undefined;
}

/** @throws {ManagerError} `file` when something is there and cannot be read. */
export async function observeConfig({ configDir, pvcConfig, checksumDir }: ConfigPlaces): Promise<ConfigState> {
  const [desired, observed, lastApplied, record] = await Promise.all([
    readDesiredConfig(configDir),
    readLiveConfig(pvcConfig),
    readChecksum(checksumDir, "config"),
    readConfigRecord(pvcConfig),
  ]);
  return { desired, observed, lastApplied, ...record };
}

/**
 * Reads the live file; undefined where there is no regular file.
 *
 * @throws {ManagerError} `file` when one is there and cannot be read.
 */
export async function readLiveConfig(path: string): Promise<ConfigFile | undefined> {
  try {
    // A symbolic link is not followed: it is not the live file, and writing will say so.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return toConfigFile(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (["ENOENT", "ELOOP", "EISDIR", "ENOTDIR"].includes(code)) return undefined;
    throw new ManagerError("file", `cannot read ${path}: ${code || describeError(error)}`, { cause: error });
  }
}
