import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { dropConfigFiles } from "../definition/config-files.ts";
import { isDefinitionFile, parseDefinitionFiles } from "../definition/files.ts";
import { ManagerError, describeError, toResult } from "../errors.ts";
import { listOpenDirectory, readOpenDirectory, refuseOther } from "../files/directory.ts";
import { MAX_RECORD_BYTES, type ObstacleError, readHint } from "../files/regular-file.ts";
import { removeStaleTempFilesIn, replaceFile } from "../files/replace.ts";
import { isTemporary } from "../files/temporary.ts";
import type { VolumeFile } from "../files/volume.ts";
import { type DesiredSet, toDesired } from "./read.ts";

const ignore = () => undefined;

/**
 * Copies the definition files to the staging directory, byte for byte, for the next start of the Pod. Removes files
 * that are no longer declared, but only if they contain valid definitions: the directory may hold other files too.
 *
 * @returns the names of those that it leaves, and what keeps a file from being written: the others are
 * @throws {ManagerError} `file` if something else is in its place, or it cannot be read.
 */
export async function stageDefinitions(
  files: readonly VolumeFile[],
  directory: string,
): Promise<{ left: string[]; failure: ManagerError | undefined }> {
  await refuseOther(directory);
  await removeStaleTempFilesIn(directory);
  const failures: ManagerError[] = [];
  for (const { name, bytes } of files) {
    const path = join(directory, name);
    const staged = await readHint(path, { maxBytes: MAX_RECORD_BYTES }, ignore);
    const written = staged?.equals(bytes) || (await toResult(replaceFile(path, bytes, 0o644)));
    if (written instanceof ManagerError) failures.push(written);
  }

  const declared = new Set(files.map(({ name }) => name));
  const isUndeclared = (name: string) => !declared.has(name);
  for (const name of await findStaged(directory, isUndeclared)) await unlink(join(directory, name)).catch(ignore);
  const [first, second] = failures;
  const failure = second ? new ManagerError("file", failures.map(describeError).join("; ")) : first;
  // While two Pods overlap, the other one's sidecar may be writing here.
  const left = (await listOpenDirectory(directory)).filter((name) => isUndeclared(name) && !isTemporary(name));
  return { left, failure };
}

/**
 * Lists the files that are ours: those with valid definitions. The directory may hold other files too.
 *
 * @throws {ManagerError} `file` if something else is in its place, or it cannot be read.
 */
export async function findStaged(directory: string, select: (name: string) => boolean): Promise<string[]> {
  const read = await readOpenDirectory(directory, (name) => isDefinitionFile(name) && select(name), ignore);
  const found: string[] = [];
  for (const file of dropConfigFiles(read)) {
    const { kind } = await parseDefinitionFiles([file]);
    if (kind === "valid") found.push(file.name);
  }
  return found;
}

/**
 * Reads what is staged. The agent can write there too.
 *
 * @param onObstacle is told what is in the way of a file
 * @throws {ManagerError} `file` if the directory exists and cannot be read.
 */
export async function readStaged(
  directory: string,
  onObstacle: (obstacle: ObstacleError) => void = ignore,
): Promise<DesiredSet> {
  return toDesired(dropConfigFiles(await readOpenDirectory(directory, isDefinitionFile, onObstacle)));
}
