import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import type { ExecResult } from "./container.ts";

/** What an image says of itself, as far as it matters to who runs it. */
interface ImageConfig {
  User?: string;
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  WorkingDir?: string;
}

interface BuildOptions {
  target?: string;
  args?: Record<string, string>;
  /** Mounted while it is built, and no part of it: places in it, by places here. */
  volumes?: Record<string, string>;
}

/** Builds images from nothing, with no daemon, and keeps them in a place of its own. */
export interface Builder extends AsyncDisposable {
  /** A directory to lay out an image in. */
  readonly scratch: (name: string) => Promise<string>;
  /** Builds the image of that name from a directory, by a Dockerfile's text or the directory's own. */
  build(name: string, directory: string, dockerfile?: string, options?: BuildOptions): Promise<void>;
  inspect(name: string): Promise<ImageConfig>;
  /** Every path in it, sorted, and the place where it is mounted. */
  open(name: string): Promise<{ root: string; paths: string[] }>;
  /** Runs a command in it, as its user. */
  run(name: string, command: readonly string[], volumes?: Record<string, string>): Promise<ExecResult>;
}

export async function createBuilder(): Promise<Builder> {
  const directory = await mkdtemp(join(tmpdir(), "config-manager-images-"));
  const buildah = ["buildah", "--storage-driver", "vfs", "--root", join(directory, "storage")];
  buildah.push("--runroot", join(directory, "run"));
  const containers = new Map<string, string>();

  async function call(args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await $`${buildah} ${args}`.quiet().nothrow();
    // Not what was typed: a volume may be named after what nobody should read in a log.
    if (exitCode !== 0)
      throw new Error(`buildah ${args[0]} ended with ${exitCode}:\n${stdout.toString()}${stderr.toString()}`);
    return stdout.toString().trim();
  }

  async function containerOf(name: string): Promise<string> {
    const container = containers.get(name) ?? (await call(["from", "--pull-never", `localhost/${name}`]));
    containers.set(name, container);
    return container;
  }

  return {
    async scratch(name) {
      const path = join(directory, "scratch", name);
      await mkdir(path, { recursive: true });
      return path;
    },
    async build(name, context, dockerfile, { target, args = {}, volumes = {} } = {}) {
      const file = dockerfile === undefined ? join(context, "Dockerfile") : join(directory, `${name}.Dockerfile`);
      if (dockerfile !== undefined) await writeFile(file, dockerfile);
      const options = [
        ...Object.entries(args).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
        ...Object.entries(volumes).flatMap(([inside, here]) => ["--volume", `${here}:${inside}`]),
        ...(target === undefined ? [] : ["--target", target]),
      ];
      await call(["build", "--isolation", "chroot", ...options, "--tag", `localhost/${name}`, "--file", file, context]);
    },
    async inspect(name) {
      const said = await call(["inspect", "--type", "image", `localhost/${name}`]);
      return (JSON.parse(said) as { OCIv1: { config: ImageConfig } }).OCIv1.config;
    },
    async open(name) {
      const root = await call(["mount", await containerOf(name)]);
      return { root, paths: (await readdir(root, { recursive: true })).toSorted() };
    },
    async run(name, command, volumes = {}) {
      const options = Object.entries(volumes).flatMap(([inside, here]) => ["--volume", `${here}:${inside}`]);
      const args = ["run", "--isolation", "chroot", ...options, await containerOf(name), "--", ...command];
      const { exitCode, stdout, stderr } = await $`${buildah} ${args}`.quiet().nothrow();
      return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
    },
    async [Symbol.asyncDispose]() {
      await $`${buildah} umount --all`.quiet().nothrow();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
