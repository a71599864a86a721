import { join } from "node:path";
import { dropConfigFiles } from "../definition/config-files.ts";
import { type DefinitionSet, isDefinitionFile, parseDefinitionFiles } from "../definition/files.ts";
import { type VolumeFile, isEmptyVolume, readVolume } from "../files/volume.ts";
import { type Mounted, NOTHING } from "../reconcile/standing.ts";

/** The desired jobs. Only a `valid` set may be applied, and only as a whole. */
export type DesiredSet =
  | DefinitionSet
  /** No directory, or no definition file in it. This does not mean that there are no jobs. */
  | { kind: "missing" };

/**
 * Reads and checks all definition files of a directory. The config and the exec approvals may be in it too.
 *
 * @throws {ManagerError} `file` if the directory or a file in it exists and cannot be read.
 */
export function readDefinitions(directory: string): Promise<DesiredSet> {
  return createDefinitionReader(directory)();
}

/**
 * A {@link readDefinitions} for repeated use: it does not check the same bytes twice. The sidecar reads the files every
 * minute, and whenever a job changes in the gateway, and they rarely differ.
 */
export function createDefinitionReader(directory: string): () => Promise<DesiredSet> {
  let last: { read: VolumeFile[]; desired: DesiredSet } | undefined;
  return async () => {
    const read = (await readVolume(directory, isDefinitionFile)) ?? [];
    if (!last || !areEqual(last.read, read)) last = { read, desired: await toDesired(dropConfigFiles(read)) };
    return last.desired;
  };
}

/** Checks files that are read. */
export async function toDesired(files: VolumeFile[]): Promise<DesiredSet> {
  return files.length === 0 ? { kind: "missing" } : parseDefinitionFiles(files);
}

function areEqual(some: readonly VolumeFile[], others: readonly VolumeFile[]): boolean {
  const isSame = ({ name, bytes }: VolumeFile, index: number) =>
    name === others[index]?.name && bytes.equals(others[index].bytes);
  return some.length === others.length && some.every(isSame);
}

/** @throws {ManagerError} like {@link readDefinitions} */
export async function readMountedJobs(directory: string): Promise<Mounted> {
  const desired = await readDefinitions(directory);
  if (desired.kind !== "missing") return { checksum: desired.checksum };
  return { checksum: (await isEmptyVolume(directory)) ? undefined : NOTHING };
}

/** Names the source of the definitions for the log: the only file, as manager.sh does, or else the directory. */
export function describeSource(directory: string, desired: DesiredSet): string {
  if (desired.kind === "missing") return join(directory, "cron-jobs.json");
  const [first, second] = desired.files;
  return first && !second ? join(directory, first.name) : directory;
}
