import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigFile } from "../config/config-file.ts";
import { collectGeneration } from "../config/collect.ts";
import { ROOT_NAME } from "../config/generation.ts";
import { mayInclude } from "../text/include-files.ts";
import { describeMisnamed } from "../config/misnamed.ts";
import { dropConfigFiles, findConfigFiles } from "../definition/config-files.ts";
import { isDefinitionFile } from "../definition/files.ts";
import { ManagerError, describeError } from "../errors.ts";
import { type VolumeFile, readVolume } from "../files/volume.ts";
import { CONFIG_LIMITS } from "../text/limits.ts";
import { APPROVALS, isConfigName } from "./file-kinds.ts";
import type { MountedEntry } from "./kustomize-maps.ts";
import { readNamed, readSource } from "./named-sources.ts";

/** What `validate` checks. */
export type Source =
  /** Files, directories, and `-` for stdin. */
  | { kind: "named"; paths: readonly string[] }
  /** The mounted ConfigMaps, as the sidecar reads them. */
  | { kind: "mounted"; configDir: string; cronDir: string };

/** A file to check, or a finding about one. `name` is shown in the output: the path, or `stdin`. */
export type SourceFile =
  | ReadFile
  | { kind: "unread"; name: string; problem: string }
  /** A directory with no file to check in it. */
  | { kind: "empty"; name: string }
  /** A ConfigMap that a kustomization makes. `name` is the path of the kustomization. */
  | { kind: "configMap"; name: string; entries: readonly MountedEntry[] }
  | { kind: "warning"; name: string; problem: string }
  /** A file or a folder, found in a directory that was named, which is not read. */
  | { kind: "skipped"; name: string };

export interface ReadFile {
  kind: "read";
  name: string;
  bytes: Buffer;
  /** What the file must contain: `included` is a part of a config. Without it, its name and content decide. */
  holds?: "config" | "included" | "definitions" | "approvals";
  /** `alone`: a person named this file and no other. `listed`: it was found in a directory that was named. */
  found?: "alone" | "listed";
  /** Whether it was found below that directory, where files of any other tool are more likely than ours. */
  isNested?: true;
  /** Whether it is in a Helm chart, which may render it. */
  isInChart?: true;
}

/** Known by their names, and not because a config includes them. */
const OWN_NAMES = new Set([ROOT_NAME, APPROVALS]);

/**
 * Reads the files to check. A file that cannot be read is a result, not an error.
 *
 * @throws {ManagerError} `usage` if no file is named and none is mounted.
 */
export async function readSources(source: Source): Promise<SourceFile[]> {
  if (source.kind === "mounted") return readMounted(source.configDir, source.cronDir);
  const { files, mounted } = await readNamed(source.paths);
  const [first] = files;
  const isAlone = source.paths.length === 1 && first?.kind === "read" && first.found === undefined;
  const read = isAlone ? [{ ...first, found: "alone" } as const] : distinct(files);
  return [...markIncluded(distinct([...read, ...(await readIncludedBeside(read))])), ...mounted];
}

/** Reads the files that a named `openclaw.json` includes. A missing one is left out: the check of the config names it. */
async function readIncludedBeside(files: readonly SourceFile[]): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for (const file of files) {
    if (file.kind !== "read" || basename(file.name) !== ROOT_NAME || !mayInclude(file.bytes)) continue;
    const directory = dirname(file.name);
    const readInside = async (name: string) => {
      const path = join(directory, name);
      if (!(await isFile(path))) return undefined;
      const included = await readSource(path);
      found.push(included);
      return included.kind === "read" ? included.bytes : undefined;
    };
    await collectGeneration(new ConfigFile(file.bytes), { directory, roots: [] }, readInside, async () => undefined);
  }
  return found;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

/** Marks the files that an `openclaw.json` in the same directory includes: they are neither jobs nor whole configs. */
function markIncluded(files: readonly SourceFile[]): SourceFile[] {
  const read = files.filter((file) => file.kind === "read");
  const directories = Map.groupBy(read, ({ name }) => dirname(name));
  const included = new Set<SourceFile>();
  for (const inDirectory of directories.values()) {
    if (inDirectory.length === 1) continue; // there is nothing beside it
    const named = inDirectory.map((file) => ({ name: basename(file.name), bytes: file.bytes, file }));
    const names = findConfigFiles(named);
    for (const { name, file } of named) if (names.has(name) && !OWN_NAMES.has(name)) included.add(file);
  }
  return files.map((file) => (file.kind === "read" && included.has(file) ? { ...file, holds: "included" } : file));
}

async function readMounted(configDir: string, cronDir: string): Promise<SourceFile[]> {
  const files = [...(await readConfigMount(configDir)), ...(await readDefinitionMount(cronDir))];
  if (files.some(({ kind }) => kind !== "empty")) return files;
  throw new ManagerError("usage", `no openclaw.json in ${configDir}, and no definition file in ${cronDir}`, {
    hint: "config-manager validate FILE…",
  });
}

/** Reads the mounted definition files. */
export async function readDefinitionMount(cronDir: string): Promise<SourceFile[]> {
  return readMount(cronDir, chooseDefinitions, isDefinitionFile);
}

async function readConfigMount(directory: string): Promise<SourceFile[]> {
  const files = await readMount(directory, chooseConfig, () => true);
  if (files.some((file) => file.kind !== "empty" && !(file.kind === "read" && file.holds === "approvals")))
    return files;
  const problem = describeMisnamed(await readdir(directory).catch(() => []));
  if (problem === undefined) return files;
  return [{ kind: "unread", name: directory, problem }, ...files.filter(({ kind }) => kind !== "empty")];
}

/** Chooses the files of a mount, and says what each must contain. */
type Choose = (files: readonly VolumeFile[]) => { file: VolumeFile; holds: NonNullable<ReadFile["holds"]> }[];

/** `openclaw.json`, the files beside it that it includes, and the exec approvals. */
const chooseConfig: Choose = (files) => {
  const names = findConfigFiles(files);
  const chosen = files.filter(({ name }) => names.has(name));
  const holds = (name: string) => (isConfigName(name) ? "config" : name === APPROVALS ? "approvals" : "included");
  return chosen.map((file) => ({ file, holds: holds(file.name) }));
};

const chooseDefinitions: Choose = (files) => dropConfigFiles(files).map((file) => ({ file, holds: "definitions" }));

async function readMount(directory: string, choose: Choose, select: (name: string) => boolean): Promise<SourceFile[]> {
  try {
    const chosen = choose((await readVolume(directory, select, CONFIG_LIMITS.bytes)) ?? []);
    if (chosen.length === 0) return [{ kind: "empty", name: directory }];
    return chosen.map(({ file: { name, bytes }, holds }) => {
      return { kind: "read", name: join(directory, name), bytes, holds };
    });
  } catch (error) {
    return [{ kind: "unread", name: directory, problem: describeError(error) }];
  }
}

/** Drops repeated files: `validate deploy deploy/jobs.yaml` names one twice. */
function distinct(files: readonly SourceFile[]): SourceFile[] {
  const seen = new Set<string>();
  return files.filter(({ name }) => seen.size < seen.add(resolve(name)).size);
}
