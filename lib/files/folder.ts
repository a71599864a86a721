import { type Stats, constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir } from "node:fs/promises";
import { ManagerError, systemCode } from "../errors.ts";
import { isRefusedByVolume } from "./attributes.ts";

/** What keeps a folder from being entered, to stand after its path. */
export class FolderError extends ManagerError {
  readonly path: string;
  readonly what: string;

  constructor(path: string, what: string) {
    super("file", `${path} ${what}`, { hint: "remove it; config-manager writes nothing through it" });
    this.path = path;
    this.what = what;
  }
}

/**
 * A folder that is held open, on a volume that others write to. What is done at {@link Folder.at} happens in this very
 * folder, even if somebody puts a link in its place meanwhile: the kernel's `/proc/self/fd/N` names what is open.
 */
export class Folder implements AsyncDisposable {
  /** For messages. */
  readonly path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /**
   * Opens a folder that nobody but us, the image or the kubelet names: links on the way are followed.
   *
   * @throws the system's error
   */
  static async open(path: string): Promise<Folder> {
    return new Folder(path, await open(path, constants.O_RDONLY | constants.O_DIRECTORY));
  }

  /** The path of an entry, for calls of the system. A link at the entry itself is followed by calls that follow links. */
  at(name: string): string {
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }

  /**
   * Opens a folder below it, one name after the other, through no link.
   *
   * @param mayCreate whether folders that are missing are made
   * @returns undefined if one is missing
   * @throws {FolderError} if something else is there; else the system's error
   */
  async descend(names: readonly string[], mayCreate = false): Promise<Folder | undefined> {
    let here = new Folder(this.path, await open(this.at("."), OPEN_FLAGS));
    for (const name of names) {
      await using above = here;
      const next = await above.#enter(name, mayCreate);
      if (!next) return undefined;
      here = next;
    }
    return here;
  }

  async #enter(name: string, mayCreate: boolean): Promise<Folder | undefined> {
    const path = `${this.path}/${name}`;
    try {
      return new Folder(path, await open(this.at(name), OPEN_FLAGS));
    } catch (error) {
      const code = systemCode(error);
      if (code === "ENOTDIR" || code === "ELOOP") throw new FolderError(path, describeOther(await this.stat(name)));
      if (code !== "ENOENT") throw error;
      if (!mayCreate) return undefined;
      await mkdir(this.at(name), { mode: 0o755 }).catch((failure: unknown) => {
        if (systemCode(failure) !== "EEXIST") throw failure;
      });
      return new Folder(path, await open(this.at(name), OPEN_FLAGS));
    }
  }

  /** What is at a name, without following it; undefined if nothing is. */
  async stat(name: string): Promise<Stats | undefined> {
    return lstat(this.at(name)).catch((error: unknown) => {
      if (systemCode(error) === "ENOENT") return undefined;
      throw error;
    });
  }

  /** Its names, sorted. */
  async list(): Promise<string[]> {
    return (await readdir(this.at("."))).toSorted();
  }

  /** Writes its entries to the disk, where the volume can. */
  async sync(): Promise<void> {
    await this.#handle.sync().catch((error: unknown) => {
      if (!isRefusedByVolume(error)) throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

const OPEN_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

function describeOther(stats: Stats | undefined): string {
  if (stats?.isSymbolicLink()) return "is a symbolic link, expected a folder";
  return stats?.isFile() ? "is a file, expected a folder" : "is no folder";
}
