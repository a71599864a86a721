import { readdir, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isDefinitionFile } from "../definition/files.ts";
import { findKustomization } from "./kustomization.ts";

/** A file of a folder. */
export interface FoundFile {
  path: string;
  /** Whether it lies below the folder, in another one. */
  isNested: boolean;
  /** Whether it is part of a Helm chart, which may render it. */
  isInChart: boolean;
}

/** What is in a folder and below it. All paths begin with the folder's. */
export interface Folder {
  /** Files whose name ends as that of a config, definition or manifest. */
  files: FoundFile[];
  /** One `kustomization.yaml`, or the like, for each folder that has one. */
  kustomizations: string[];
  /** Folders that were not looked into. */
  skipped: string[];
  /** Whether there was more than anybody means to have checked. */
  isCut: boolean;
}

/** More than a repository of manifests has. */
const MAX_FILES = 20_000;

/** Code of others, which may come with any number of files. Folders with a dot, `.git` among them, are passed over unsaid. */
const FOREIGN_FOLDERS = new Set(["node_modules", "__pycache__"]);

/**
 * Lists a folder and those below it, sorted. Links to folders are not followed, so it ends.
 *
 * @throws the system's error if the folder itself cannot be listed; one below it that cannot be is `skipped`
 */
export async function listFolder(path: string): Promise<Folder> {
  const found: Folder = { files: [], kustomizations: [], skipped: [], isCut: false };
  await visit(path, { isNested: false, isInChart: await isBelowChart(path) }, found);
  return found;
}

async function visit(path: string, place: Omit<FoundFile, "path">, found: Folder): Promise<void> {
  const entries = (await readdir(path, { withFileTypes: true })).toSorted((one, other) =>
    one.name < other.name ? -1 : 1,
  );
  const isInChart = place.isInChart || entries.some(({ name }) => isChartName(name));
  const kustomization = findKustomization(entries.map(({ name }) => name));
  if (kustomization !== undefined) found.kustomizations.push(join(path, kustomization));
  for (const entry of entries) {
    // Skip pipes: reading one may block forever.
    if (!isDefinitionFile(entry.name) || !(entry.isFile() || entry.isSymbolicLink())) continue;
    if (found.files.length >= MAX_FILES) found.isCut = true;
    else if (entry.name !== kustomization) found.files.push({ path: join(path, entry.name), ...place, isInChart });
  }
  for (const { name } of entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))) {
    const below = join(path, name);
    if (FOREIGN_FOLDERS.has(name)) found.skipped.push(below);
    else await visit(below, { isNested: true, isInChart }, found).catch(() => void found.skipped.push(below));
  }
}

/** Returns whether the folder is one of a chart's: `validate chart/templates`. */
async function isBelowChart(path: string): Promise<boolean> {
  const folder = await realpath(path);
  if (!["templates", "files", "crds"].includes(basename(folder))) return false;
  return (await readdir(dirname(folder)).catch(() => [])).some(isChartName);
}

function isChartName(name: string): boolean {
  return /^Chart\.ya?ml$/.test(name);
}
