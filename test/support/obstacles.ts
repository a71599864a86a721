import { type Server, createServer } from "node:net";
import { link, mkdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./process.ts";

/** Puts something at a path. `outside`: a directory with a `secret.json`, which nothing may read or write. */
type Put = (path: string, outside: string) => Promise<void | Server>;

/** What an agent can put in the place of a file on a volume that it shares with us. */
export const OBSTACLES: Readonly<Record<string, Put>> = {
  "a pipe": async (path) => {
    await mustRun("mkfifo", [path]);
  },
  "a socket": async (path) => {
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(path, resolve);
    await promise;
    return server;
  },
  "a directory": async (path) => {
    await mkdir(path);
    await writeFile(join(path, "note"), "not ours");
  },
  "a link to a file": (path, outside) => symlink(join(outside, "secret.json"), path),
  "a link to a directory": (path, outside) => symlink(outside, path),
  "a dangling link": (path, outside) => symlink(join(outside, "nothing"), path),
  "a link to itself": (path) => symlink(path, path),
  "a link to a device": (path) => symlink("/dev/zero", path),
  "a hard link": (path, outside) => link(join(outside, "secret.json"), path),
  "a sparse file of 1.5 GB": async (path) => {
    await writeFile(path, "{");
    await truncate(path, 1_610_612_736);
  },
  "a file of mode 000": (path) => writeFile(path, "{}", { mode: 0 }),
};

/** Something that is in the way. Disposal takes it away, and what has taken its place. */
export interface Obstacle extends AsyncDisposable {
  readonly path: string;
}

/** Takes away what is at the path, and puts an obstacle there. */
export async function putObstacle(name: string, path: string, outside: string): Promise<Obstacle> {
  const put = async () => {
    await rm(path, { recursive: true, force: true });
    return OBSTACLES[name]?.(path, outside);
  };
  const server = await put().catch(put); // a sidecar may have written the file anew in between
  return {
    path,
    async [Symbol.asyncDispose]() {
      server?.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}
