import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { ManagerError, describeError, systemCode } from "../errors.ts";
import { readChecksum } from "../files/checksum.ts";
import { type ConfigFile, toConfigFile } from "./config-file.ts";
import { readDesiredConfig } from "./read.ts";
import { type ConfigRecord, readConfigRecord } from "./record.ts";

/** The paths of the desired config, the live config and the checksum of the last applied one. */
export interface ConfigPlaces {
  configDir: string;
  pvcConfig: string;
  checksumDir: string;
}

/** Desired and observed config, and the records of earlier passes. */
export interface ConfigState extends ConfigRecord {
  /** The ConfigMap's file; undefined if it has none. */
  desired: ConfigFile | undefined;
  /** The live file; undefined if there is no regular file. */
  observed: ConfigFile | undefined;
  /** The md5 of the last applied file; undefined in a new container. */
  lastApplied: string | undefined;
}

/** @throws {ManagerError} `file` if a file exists and cannot be read. */
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
 * Reads the live file; undefined if there is no regular file.
 *
 * @throws {ManagerError} `file` if the file exists and cannot be read.
 */
export async function readLiveConfig(path: string): Promise<ConfigFile | undefined> {
  try {
    // A symbolic link is not the live file. replaceFile() refuses to write through it, with an error.
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
