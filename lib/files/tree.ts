import type { Stats } from "node:fs";
import { lstat, readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { systemCode } from "../errors.ts";
import { mapAtOnce } from "./at-once.ts";
import { readOpened } from "./regular-file.ts";
import { readOneGeneration, waitUntilUnmodified } from "./volume.ts";

/** A file of a volume with nested folders. */
export interface TreeFile {
  /** Relative, with slashes: `skills/foo/SKILL.md`. */
  path: string;
  bytes: Buffer;
  /** Whether its owner may run it: `items[].mode` of the volume. */
  isExecutable: boolean;
}

export type Tree =
  /** `problems`: what was left out, each as `PATH: why`. */
  | { kind: "read"; files: TreeFile[]; problems: string[] }
  /** It holds more than may be: then nothing of it counts. */
  | { kind: "excess"; problem: string };

/** The most that a volume may hold. */
export interface TreeLimits {
  files: number;
  bytesPerFile: number;
  bytes: number;
}

/** A ConfigMap's `items[].path` is never that deep. */
const MAX_DEPTH = 20;

/** Folders and refused things count too, so that a walk ends. */
const ENTRIES_PER_FILE = 4;

class Excess extends Error {}

/**
 * Reads all files of a mounted volume with its folders, all of one generation, sorted by path. A link is followed to a
 * file inside the volume alone. A pipe or a device is never opened.
 *
 * @returns undefined if the directory does not exist
 * @throws {ManagerError} `file` if the directory or something in it cannot be read. This is never an empty set.
 */
export async function readTree(directory: string, limits: TreeLimits): Promise<Tree | undefined> {
  return readOneGeneration(directory, async (generation): Promise<Tree | undefined> => {
    const root = await realpath(generation ?? directory).catch((error: unknown) => {
      if (systemCode(error) === "ENOENT") return undefined;
      throw error;
    });
    if (root === undefined) return undefined;
    const walk = new Walk(root, limits, generation === undefined);
    try {
      await walk.enter("", 0);
    } catch (error) {
      if (error instanceof Excess) return { kind: "excess", problem: error.message };
      throw error;
    }
    const files = walk.files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
    return { kind: "read", files, problems: walk.problems.toSorted() };
  });
}

class Walk {
  readonly files: TreeFile[] = [];
  readonly problems: string[] = [];
  readonly #root: string;
  readonly #limits: TreeLimits;
  readonly #isPlain: boolean;
  #entries = 0;
  #files = 0;
  #bytes = 0;

  constructor(root: string, limits: TreeLimits, isPlain: boolean) {
    this.#root = root;
    this.#limits = limits;
    this.#isPlain = isPlain;
  }

  async enter(folder: string, depth: number): Promise<void> {
    const names = await readdir(join(this.#root, folder));
    const own = folder === "" ? names.filter((name) => !name.startsWith("..")) : names; // without the kubelet's
    this.#entries += own.length;
    if (this.#entries > this.#limits.files * ENTRIES_PER_FILE) throw new Excess("it has too many files and folders");
    const paths = own.toSorted().map((name) => (folder === "" ? name : `${folder}/${name}`));
    const isFolder = await mapAtOnce(paths, (path) => this.#take(path));
    for (const below of paths.filter((_, index) => isFolder[index])) {
      if (depth >= MAX_DEPTH) throw new Excess(`its folders are nested deeper than ${MAX_DEPTH}`);
      await this.enter(below, depth + 1);
    }
  }

  /** @returns whether it is a folder, to be entered */
  async #take(path: string): Promise<boolean> {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name.includes("\ufffd")) return this.#refuse(path, "the name is not UTF-8");
    if (name.startsWith("..")) return this.#refuse(path, "no name may begin with two dots");
    const stats = await lstat(join(this.#root, path));
    if (stats.isDirectory()) return true;
    const fault = stats.isSymbolicLink() ? await this.#findLinkFault(path) : findFault(stats);
    if (fault !== undefined) return this.#refuse(path, fault);
    if (this.#isPlain) await waitUntilUnmodified([join(this.#root, path)]);
    await this.#read(path);
    return false;
  }

  async #findLinkFault(path: string): Promise<string | undefined> {
    const target = await realpath(join(this.#root, path)).catch(() => undefined);
    if (target === undefined) return "is a link that leads nowhere";
    if (!target.startsWith(this.#root + sep)) return "is a link that leads out of the volume";
    const stats = await lstat(target);
    return stats.isDirectory() ? "is a link to a folder" : findFault(stats);
  }

  async #read(path: string): Promise<void> {
    let isExecutable = false;
    const bytes = await readOpened(join(this.#root, path), 0, (stats) => {
      isExecutable = (stats.mode & 0o100) !== 0;
      this.#reserve(path, stats.size);
      return stats.size;
    });
    this.files.push({ path, bytes, isExecutable });
  }

  /** Counts a file before it is read: others are read at the same time. */
  #reserve(path: string, size: number): void {
    const { files, bytesPerFile, bytes } = this.#limits;
    this.#files += 1;
    this.#bytes += size;
    if (this.#files > files) throw new Excess(`it has more than ${files} files`);
    if (size > bytesPerFile) throw new Excess(`${path} has ${size} bytes; at most ${bytesPerFile} are read`);
    if (this.#bytes > bytes) throw new Excess(`its files have more than ${bytes} bytes together`);
  }

  #refuse(path: string, why: string): false {
    this.problems.push(`${path}: ${why}`);
    return false;
  }
}

function findFault(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined;
  return `is ${stats.isFIFO() ? "a pipe" : stats.isSocket() ? "a socket" : "a device"}, expected a file`;
}
