import { ManagerError } from "../errors.ts";
import { MAX_CONFIG_BYTES } from "../files/regular-file.ts";
import { type IncludePlaces, type NamedReference, followIncludes } from "../text/include-files.ts";
import { ConfigFile } from "./config-file.ts";
import { Generation, ROOT_NAME } from "./generation.ts";
import { referencesOf } from "./references.ts";

/** More than any real config has. The live files are not ours alone. */
const MAX_FILES = 200;

/**
 * Reads all that a root file includes. A missing file is left out; {@link Generation.problems} names it.
 *
 * @param readInside reads a file beside the root; undefined if there is none
 * @param readOutside reads a file by path; undefined if we cannot
 * @throws {ManagerError} `file` if they have more than 4 MiB together
 */
export async function collectGeneration(
  root: ConfigFile,
  places: IncludePlaces,
  readInside: (name: string) => Promise<Uint8Array | undefined>,
  readOutside: (path: string) => Promise<Uint8Array | undefined>,
): Promise<Generation> {
  const inside = new Map<string, ConfigFile>();
  const outside = new Map<string, ConfigFile | undefined>();
  let size = root.bytes.length;
  const read = async (reference: NamedReference) => {
    const isInside = reference.kind === "inside";
    const bytes = await (isInside ? readInside(reference.name) : readOutside(reference.path));
    size += bytes?.length ?? 0;
    if (size > MAX_CONFIG_BYTES) throw tooMuch(places);
    const file = bytes && new ConfigFile(bytes);
    if (!isInside) outside.set(reference.path, file);
    else if (file) inside.set(reference.name, file);
    return file;
  };
  const listOf = (file: ConfigFile, name: string) => referencesOf(file, name, places);
  await followIncludes({ name: ROOT_NAME, file: root }, listOf, read, MAX_FILES);
  return new Generation(root, places, inside, outside);
}

function tooMuch({ directory }: IncludePlaces): ManagerError {
  const problem = `${ROOT_NAME} with the files that it includes has more than ${MAX_CONFIG_BYTES} bytes`;
  return new ManagerError("file", `${problem} (in ${directory}, or in the ConfigMap for it)`);
}
