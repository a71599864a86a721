import { readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { dropConfigFiles } from "../definition/config-files.ts";
import { isDefinitionFile, parseDefinitionFiles } from "../definition/files.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { replaceFile, removeStaleTempFiles } from "../files/replace.ts";
import { type VolumeFile, readVolume } from "../files/volume.ts";

/**
 * Copies the definition files to the staging directory, byte for byte, for the next start of the Pod. Removes files
 * that are no longer declared, but only if they contain valid definitions: the directory may hold other files too.
 *
 * @throws {ManagerError} `file` if a file cannot be written.
 */
export async function stageDefinitions(files: readonly VolumeFile[], directory: string): Promise<PassOutcome> {
  await removeStaleTempFiles(...files.map(({ name }) => join(directory, name)));
  for (const { name, bytes } of files) {
    const path = join(directory, name);
    const staged = await readFile(path).catch(() => undefined);
    if (!staged?.equals(bytes)) await replaceFile(path, bytes, 0o644);
  }
  const declared = new Set(files.map(({ name }) => name));
  // Read the undeclared files only: readVolume() waits for recently modified files, such as those just written.
  const left = (await readVolume(directory, (name) => isDefinitionFile(name) && !declared.has(name))) ?? [];
  for (const file of dropConfigFiles(left)) {
    const { kind } = await parseDefinitionFiles([file]);
    if (kind === "valid") await unlink(join(directory, file.name)).catch(() => undefined);
  }
  return { kind: "equal" };
}
