import { realpath, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { type FoundFile, listFolder } from "./folder.ts";
import { APPROVALS, isConfigName, isJobName } from "./file-kinds.ts";
import { isKustomizationName } from "./kustomization.ts";
import type { BuiltMap } from "./kustomize-maps.ts";
import { STDIN, describeFailure, readInput } from "./read-input.ts";
import type { SourceFile } from "./sources.ts";

/** A ConfigMap holds 1 MiB. What is larger, and has none of our names, is somebody's data. */
const MAX_LISTED_BYTES = 1024 * 1024;

/** Without one of these words a file holds neither jobs nor a config. Most files of a repository need no parser, so. */
const OUR_WORDS = /openclaw|schedul|shedul|cron|gateway|\$include|agents|channels|models|systemEvent/i;

/** What the named paths lead to. */
export interface Named {
  /** Files, each of which says by itself what it is. */
  files: SourceFile[];
  /** What kustomizations make of others. */
  mounted: SourceFile[];
}

/** Reads files, `-` for stdin, kustomizations, and directories with what is below them. */
export async function readNamed(paths: readonly string[]): Promise<Named> {
  const found: (SourceFile | (FoundFile & { kind: "listed" }))[] = [];
  const kustomizations: string[] = [];
  for (const path of paths) {
    if (path === "-") found.push(toSource("stdin", await readInput(STDIN)));
    else if (isKustomizationName(path)) kustomizations.push(path);
    else if (!(await isFolder(path))) found.push(await readSource(path));
    else {
      const folder = await listFolder(path).catch(describeFailure);
      if (typeof folder === "string") {
        found.push({ kind: "unread", name: path, problem: folder });
        continue;
      }
      kustomizations.push(...folder.kustomizations);
      for (const file of folder.files) found.push({ kind: "listed", ...file });
      for (const name of folder.skipped) found.push({ kind: "skipped", name: `${name}/` });
      if (folder.files.length + folder.kustomizations.length === 0) found.push({ kind: "empty", name: path });
      if (folder.isCut)
        found.push({ kind: "unread", name: path, problem: "has too many files; name the folders in it" });
    }
  }
  const built = kustomizations.length > 0 ? await buildAll(kustomizations) : NOTHING_BUILT;
  for (const path of built.resources) found.push({ kind: "listed", path, isNested: true, isInChart: false });
  const files: SourceFile[] = [];
  for (const file of found) {
    if (file.kind !== "listed") files.push(file);
    else if (!(await built.covers(file.path))) files.push(await readListed(file));
  }
  return { files, mounted: built.mounted };
}

interface Built {
  mounted: SourceFile[];
  /** The files that the kustomizations take in. */
  resources: string[];
  /** Whether a file is checked as a part of a kustomization. */
  covers: (path: string) => Promise<boolean>;
}

const NOTHING_BUILT: Built = { mounted: [], resources: [], covers: async () => false };

/** Builds kustomizations. One that another one takes in is checked as a part of that. */
async function buildAll(paths: readonly string[]): Promise<Built> {
  // Loaded only when needed: it parses YAML.
  const { Kustomizer } = await import("./kustomize.ts");
  const kustomizer = new Kustomizer();
  const outer: { path: string; real: string; maps: BuiltMap[] }[] = [];
  for (const path of paths) {
    const real = await realpath(path).catch(() => path);
    outer.push({ path, real, maps: (await kustomizer.build(path)).maps });
  }
  const mounted: SourceFile[] = [];
  const covered = new Set(kustomizer.partFiles);
  const seen = new Set<string>();
  for (const { path, real, maps } of outer) {
    if (kustomizer.inner.has(real)) continue;
    const own = maps.filter(({ isBuilt }) => isBuilt);
    if (own.length === 0 && !seen.has(real)) mounted.push({ kind: "skipped", name: path });
    seen.add(real);
    for (const { entries } of own) {
      const mountedEntries = [...entries.values()];
      const id = mountedEntries.map((entry) => `${entry.key}=${resolve(entry.name)}`).join("\n");
      if (seen.has(id)) continue;
      seen.add(id);
      mounted.push({ kind: "configMap", name: path, entries: mountedEntries });
      for (const { name } of mountedEntries) covered.add(await realpath(name).catch(() => name));
    }
  }
  const remarks = kustomizer.remarks.map(({ kind, name, message }): SourceFile => {
    return { kind: kind === "problem" ? "unread" : "warning", name, problem: message };
  });
  return {
    mounted: [...remarks, ...mounted],
    resources: [...kustomizer.resourceFiles],
    covers: async (path: string) => covered.has(await realpath(path).catch(() => path)),
  };
}

/** Reads a file of a directory, unless it is plain that it has nothing to do with us. */
async function readListed({ path, isNested, isInChart }: FoundFile): Promise<SourceFile> {
  const isOurs = isConfigName(path) || isJobName(path) || basename(path) === APPROVALS;
  if (isNested && !isOurs && ((await sizeOf(path)) ?? Infinity) > MAX_LISTED_BYTES)
    return { kind: "skipped", name: path };
  const read = await readSource(path);
  if (read.kind !== "read") return read;
  if (isNested && !isOurs && !OUR_WORDS.test(read.bytes.toString("latin1"))) return { kind: "skipped", name: path };
  return { ...read, found: "listed", ...(isNested && { isNested }), ...(isInChart && { isInChart }) };
}

/** Reads one file. */
export async function readSource(path: string): Promise<SourceFile> {
  return toSource(path, await readInput(path));
}

function toSource(name: string, input: Buffer | string): SourceFile {
  return typeof input === "string" ? { kind: "unread", name, problem: input } : { kind: "read", name, bytes: input };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** @returns undefined for what is no file: a link to a folder, or to nothing */
async function sizeOf(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ? stats.size : undefined;
}
