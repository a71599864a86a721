import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import process from "node:process";
import { isDefinitionFile } from "../definition/files.ts";
import { ManagerError, describeError, systemCode } from "../errors.ts";
import { readVolume } from "../files/volume.ts";

/** What `validate` checks. */
export type Source =
  /** Files, directories, and `-` for stdin. */
  | { kind: "named"; paths: readonly string[] }
  /** The mounted ConfigMaps, as the sidecar reads them. */
  | { kind: "mounted"; configDir: string; cronDir: string };

/** A file to check. `name` is shown in the output: the path, or `stdin`. */
export type SourceFile =
  /** `holds`: what the file must contain; without it, its name and content decide. */
  | { kind: "read"; name: string; bytes: Buffer; holds?: "config" | "definitions" }
  | { kind: "unread"; name: string; problem: string }
  /** A directory with no file to check in it. */
  | { kind: "empty"; name: string };

/** Larger than any object that a cluster accepts, and small enough to fit into memory. */
const MAX_MIB = 8;

/**
 * Reads the files to check. A file that cannot be read is a result, not an error.
 *
 * @throws {ManagerError} `usage` if no file is named and none is mounted.
 */
export async function readSources(source: Source): Promise<SourceFile[]> {
  if (source.kind === "mounted") return readMounted(source.configDir, source.cronDir);
  const files: SourceFile[] = [];
  for (const path of source.paths) files.push(...(await readNamed(path)));
  return distinct(files);
}

async function readMounted(configDir: string, cronDir: string): Promise<SourceFile[]> {
  const files = [
    ...(await readMount(configDir, (name) => name === "openclaw.json", "config")),
    ...(await readMount(cronDir, isDefinitionFile, "definitions")),
  ];
  if (files.some(({ kind }) => kind !== "empty")) return files;
  throw new ManagerError("usage", `no openclaw.json in ${configDir}, and no definition file in ${cronDir}`, {
    hint: "config-manager validate FILE…",
  });
}

async function readMount(
  directory: string,
  select: (name: string) => boolean,
  holds: "config" | "definitions",
): Promise<SourceFile[]> {
  try {
    const files = (await readVolume(directory, select)) ?? [];
    if (files.length === 0) return [{ kind: "empty", name: directory }];
    return files.map(({ name, bytes }) => ({ kind: "read", name: join(directory, name), bytes, holds }));
  } catch (error) {
    return [{ kind: "unread", name: directory, problem: describeError(error) }];
  }
}

/** Drops repeated files: `validate deploy deploy/jobs.yaml` names one twice. */
function distinct(files: readonly SourceFile[]): SourceFile[] {
  const seen = new Set<string>();
  return files.filter(({ name }) => seen.size < seen.add(resolve(name)).size);
}

async function readNamed(path: string): Promise<SourceFile[]> {
  if (path === "-") return [await readStream("stdin", process.stdin)];
  try {
    if (!(await stat(path)).isDirectory()) return [await readStream(path, createReadStream(path))];
    const entries = await readdir(path, { withFileTypes: true });
    // Skip pipes: reading one may block forever.
    const names = entries.filter((entry) => isDefinitionFile(entry.name) && (entry.isFile() || entry.isSymbolicLink()));
    const files: SourceFile[] = [];
    for (const file of names.map(({ name }) => join(path, name)).toSorted()) {
      files.push(await readStream(file, createReadStream(file)));
    }
    return files.length > 0 ? files : [{ kind: "empty", name: path }];
  } catch (error) {
    return [unread(path, error)];
  }
}

/** Reads a stream up to {@link MAX_MIB}: a device may never end. */
async function readStream(name: string, stream: AsyncIterable<Uint8Array>): Promise<SourceFile> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      size += chunk.length;
      if (size > MAX_MIB * 1024 * 1024) return { kind: "unread", name, problem: `is larger than ${MAX_MIB} MiB` };
      chunks.push(chunk);
    }
  } catch (error) {
    return unread(name, error);
  }
  return { kind: "read", name, bytes: Buffer.concat(chunks) };
}

function unread(name: string, error: unknown): SourceFile {
  const code = systemCode(error);
  const problem = code === "ENOENT" ? "there is no such file" : `cannot be read: ${code ?? describeError(error)}`;
  return { kind: "unread", name, problem };
}
