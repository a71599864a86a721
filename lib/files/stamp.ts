import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** More than anybody has in one directory; the others do not count. */
const MAX_FILES = 1_000;

/**
 * Tells whether files of a directory were replaced since, without reading them: names, and when each was last written.
 * Names that begin with two dots do not count. Empty if there is no such directory, or no file in it.
 */
export async function stampDirectory(directory: string): Promise<string> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => !name.startsWith(".."));
  const lines = names
    .toSorted()
    .slice(0, MAX_FILES)
    .map(async (name) => {
      const stats = await lstat(join(directory, name)).catch(() => undefined);
      return stats ? `${stats.ino} ${stats.mtimeMs} ${stats.size}  ${name}\n` : "";
    });
  return (await Promise.all(lines)).join("");
}
