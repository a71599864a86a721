import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecResult } from "./container.ts";
import { type Running, start as startProcess } from "./process.ts";

/** The metadata of an image that matters for running it. */
interface ImageConfig {
  User?: string;
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  WorkingDir?: string;
  Labels?: Record<string, string>;
}

interface BuildOptions {
  target?: string;
  args?: Record<string, string>;
  /** Mounts during the build that do not become part of the image: `HERE:INSIDE`, or `HERE:INSIDE:ro`. */
  volumes?: readonly string[];
  /** As `linux/arm64`; this machine's where it is not given. */
  platform?: string;
  /** Directories to take in the place of stages, by the names of the stages. */
  contexts?: Record<string, string>;
  /** Files that one command of the build can read, by the names that the Dockerfile gives them. */
  secrets?: Record<string, string>;
}

/** Builds images without a daemon, in its own storage directory. Disposal removes it and ends running containers. */
export interface Builder extends AsyncDisposable {
  /** Creates a directory, to lay out an image in or to mount. */
  scratch(name: string): Promise<string>;
  /**
   * Builds the image of that name from a directory, with this Dockerfile or the directory's own.
   *
   * @throws with buildah's output, without its URLs.
   */
  build(name: string, directory: string, dockerfile?: string, options?: BuildOptions): Promise<void>;
  inspect(name: string): Promise<ImageConfig>;
  /** Returns the image's metadata: config, history, annotations. */
  describe(name: string): Promise<string>;
  /** Where the files of an image are mounted; changes to them are kept. */
  open(name: string): Promise<string>;
  /** Runs a command in an image, as the image's user. */
  run(name: string, command: readonly string[]): Promise<ExecResult>;
}

/** A command that hangs is killed after this time. */
const LIMIT_MS = 600_000;

export async function createBuilder(): Promise<Builder> {
  const directory = await mkdtemp(join(tmpdir(), "config-manager-images-"));
  await mkdir(join(directory, "tmp"));
  const global = ["--storage-driver", "vfs", "--root", join(directory, "storage"), "--runroot", join(directory, "run")];
  const containers = new Map<string, Promise<string>>();
  const running = new Set<Running>();

  async function start(args: readonly string[]): Promise<ExecResult> {
    // buildah keeps files here that it would leave behind when it is killed.
    const env = { ...process.env, TMPDIR: join(directory, "tmp") };
    const child = startProcess("buildah", [...global, ...args], { env, limitMs: LIMIT_MS });
    running.add(child);
    return child.exited;
  }

  async function call(args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await start(args);
    // The URL may name a registry that must not appear in a log.
    const said = `${stdout}${stderr}`.replaceAll(/\bhttps?:\/\/\S+/g, "(URL)");
    if (exitCode !== 0) throw new Error(`buildah ${args[0]} ended with ${exitCode}:\n${said}`);
    return stdout.trim();
  }

  function containerOf(name: string): Promise<string> {
    const container = containers.get(name) ?? call(["from", "--pull-never", `localhost/${name}`]);
    containers.set(name, container);
    return container;
  }

  const describe = (name: string) => call(["inspect", "--type", "image", `localhost/${name}`]);

  return {
    async scratch(name) {
      const path = join(directory, "scratch", name);
      await mkdir(path, { recursive: true });
      return path;
    },
    async build(
      name,
      context,
      dockerfile,
      { target, platform, contexts = {}, args = {}, volumes = [], secrets = {} } = {},
    ) {
      const file = dockerfile === undefined ? join(context, "Dockerfile") : join(directory, `${name}.Dockerfile`);
      if (dockerfile !== undefined) await writeFile(file, dockerfile);
      const options = [
        ...Object.entries(args).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
        ...volumes.flatMap((volume) => ["--volume", volume]),
        ...Object.entries(secrets).flatMap(([id, path]) => ["--secret", `id=${id},src=${path}`]),
        ...Object.entries(contexts).flatMap(([stage, path]) => ["--build-context", `${stage}=${path}`]),
        ...(target === undefined ? [] : ["--target", target]),
        ...(platform === undefined ? [] : ["--platform", platform]),
      ];
      const how = ["--isolation", "chroot", "--pull-never"];
      await call(["build", ...how, ...options, "--tag", `localhost/${name}`, "--file", file, context]);
    },
    async inspect(name) {
      return (JSON.parse(await describe(name)) as { OCIv1: { config: ImageConfig } }).OCIv1.config;
    },
    describe,
    open: async (name) => call(["mount", await containerOf(name)]),
    run: async (name, command) => start(["run", "--isolation", "chroot", await containerOf(name), "--", ...command]),
    async [Symbol.asyncDispose]() {
      for (const child of running) child.kill("SIGTERM");
      await Promise.allSettled([...running].map(({ exited }) => exited));
      // A build mounts only in a mount namespace of its own, so nothing is mounted here.
      await rm(directory, { recursive: true, force: true });
    },
  };
}
