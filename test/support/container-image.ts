import { existsSync } from "node:fs";
import { chmod, chown, lstat, mkdir, readlink, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Mount } from "./container.ts";
import type { Release } from "./release.ts";
import { BINARY } from "./sidecar.ts";

/** What a container is made from: its root, and the user that it runs as if the Pod does not set one. */
export interface ContainerImage {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly entrypoint: readonly string[];
  /** Lays out a root, which keeps what the container writes, and returns the mounts that it needs. */
  layOut(root: string): Promise<Mount[]>;
}

/** This machine's Debian. */
export function createDebianImage(): ContainerImage {
  return {
    env: { PATH: "/usr/bin" },
    cwd: "/",
    entrypoint: [],
    async layOut(root) {
      await layOutDebian(root);
      return [bindReadOnly("/usr")];
    },
  };
}

/** The user of the OpenClaw image. */
const NODE_USER = 1000;

/** Where each call of the openclaw CLI in a container leaves its arguments, a line each. */
export const CLI_CALLS = "/tmp/openclaw-calls";

/**
 * A substitute for the OpenClaw image with the binary, which cannot be pulled: this machine's Debian, a real OpenClaw at
 * /app, its Node and CLI and the binary in /usr/local/bin, the user node.
 */
export function createOpenclawImage(release: Release): ContainerImage {
  const cli = `#!/bin/sh\necho "$@" >>${CLI_CALLS}\nexec node /app/openclaw.mjs "$@"\n`;
  return {
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NO_COLOR: "1" },
    cwd: "/app",
    entrypoint: [],
    async layOut(root) {
      await layOutDebian(root);
      await symlink("/opt/openclaw/node_modules/openclaw", join(root, "app"));
      const bin = join(root, "opt/bin");
      await mkdir(bin);
      for (const name of ["node", "config-manager"]) await symlink(`/opt/${name}`, join(bin, name));
      await writeFile(join(bin, "openclaw"), cli, { mode: 0o755 });
      for (const name of ["home/node", "home/node/.claude"]) {
        await mkdir(join(root, name), { recursive: true });
        await chown(join(root, name), NODE_USER, NODE_USER);
      }
      return [
        bindReadOnly("/usr"),
        bindReadOnly("/etc/alternatives"), // the alternatives, such as awk
        bindReadOnly(bin, "/usr/local/bin"),
        bindReadOnly(dirname(dirname(release.entry)), "/opt/openclaw/node_modules"),
        bindReadOnly(release.node, "/opt/node"),
        bindReadOnly(BINARY, "/opt/config-manager"),
      ];
    },
  };
}

/** A substitute for the image with only the binary: glibc, without a shell. */
export function createSidecarImage(): ContainerImage {
  return {
    env: { PATH: "/usr/local/bin" },
    cwd: "/",
    entrypoint: ["/usr/local/bin/config-manager"],
    async layOut(root) {
      for (const name of ["etc", "tmp"]) await mkdir(join(root, name), { recursive: true });
      await linkIntoUsr(root, ["lib", "lib64"]);
      return ["/usr/lib", "/usr/lib64"]
        .filter((path) => existsSync(path))
        .map((path) => bindReadOnly(path))
        .concat(bindReadOnly(BINARY, "/usr/local/bin/config-manager"));
    },
  };
}

function bindReadOnly(source: string, destination = source): Mount {
  return { source, destination, options: ["rbind", "ro"] };
}

/** A root around this machine's /usr, which is mounted into it: a Debian with the users root and node. */
async function layOutDebian(root: string): Promise<void> {
  for (const name of ["etc", "opt", "run", "tmp", "usr", "var/tmp"]) await mkdir(join(root, name), { recursive: true });
  for (const name of ["tmp", "var/tmp"]) await chmod(join(root, name), 0o1777);
  await linkIntoUsr(root, ["bin", "sbin", "lib", "lib64"]);
  const files = {
    passwd: `root:x:0:0:root:/root:/bin/sh\nnode:x:${NODE_USER}:${NODE_USER}::/home/node:/bin/sh\n`,
    group: `root:x:0:\nnode:x:${NODE_USER}:\n`,
    hosts: "127.0.0.1 localhost\n",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, "etc", name), text);
}

/** Debian has /bin, /lib and the like in /usr since version 12. */
async function linkIntoUsr(root: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!(await lstat(`/${name}`)).isSymbolicLink()) throw new Error(`/${name} is not in /usr on this machine`);
    await symlink(await readlink(`/${name}`), join(root, name));
  }
}
