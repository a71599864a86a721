import { basename, dirname } from "node:path";

/** How many names one line has. */
const MAX_NAMES = 10;

/** How many folders have a line each. */
const MAX_FOLDERS = 10;

/**
 * Names the skipped files of each directory in one line, so that a file which should have been checked is noticed. Those
 * of many directories are in one line.
 *
 * @param isAll whether nothing else was there
 */
export function describeSkipped(names: readonly string[], isAll: boolean): string[] {
  const words = isAll ? "nothing to check in it: neither jobs nor a config" : "skipped, neither jobs nor a config";
  const byFolder = Map.groupBy(names, (name) => dirname(name));
  const shown = [...byFolder].slice(0, MAX_FOLDERS);
  const lines = shown.map(([folder, inFolder]) => `${folder}: ${words}: ${listNames(inFolder.map(showName))}`);
  const rest = [...byFolder].slice(MAX_FOLDERS);
  if (rest.length === 0) return lines;
  const count = rest.reduce((sum, [, inFolder]) => sum + inFolder.length, 0);
  const folders = listNames(rest.map(([folder]) => folder));
  return [...lines, `${count} more files in ${rest.length} more folders: ${words}: ${folders}`];
}

function listNames(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** A folder ends in a slash. */
function showName(path: string): string {
  return path.endsWith("/") ? `${basename(path)}/` : basename(path);
}
