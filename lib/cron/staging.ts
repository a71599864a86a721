import { readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { isDefinitionFile, parseDefinitionFiles } from "../definition/files.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { replaceFile, removeStaleTempFiles } from "../files/replace.ts";
import { type VolumeFile, readVolume } from "../files/volume.ts";

/**
 * Makes the staging directory hold these definition files, byte for byte, for the next start of the Pod.
 * A file that is no longer declared goes, but only if it is a definition file indeed: the directory may be
 * one that somebody keeps other things in.
 *
 * @throws {ManagerError} `file` when the volume refuses.
 */
export async function stageDefinitions(files: readonly VolumeFile[], directory: string): Promise<PassOutcome> {
  await removeStaleTempFiles(...files.map(({ name }) => join(directory, name)));
  for (const { name, bytes } of files) {
    const path = join(directory, name);
    const staged = await readFile(path).catch(() => undefined);
    if (!staged?.equals(bytes)) await replaceFile(path, bytes, 0o644);
  }
  const declared = new Set(files.map(({ name }) => name));
  // Those alone: what has just been written would be waited for, as something that somebody may still be writing.
  const left = (await readVolume(directory, (name) => isDefinitionFile(name) && !declared.has(name))) ?? [];
  for (const file of left) {
    const { kind } = await parseDefinitionFiles([file]);
    if (kind === "valid") await unlink(join(directory, file.name)).catch(() => undefined);
  }
  return { kind: "equal" };
}
