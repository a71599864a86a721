import { chmod, chown, copyFile, mkdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { keepInCache } from "./download.ts";
import { mustRun, run } from "./process.ts";
import { getNode } from "./release.ts";

const DEBIAN = "bookworm";
const LIBRARIES = "usr/lib/x86_64-linux-gnu";
const PASSWD = "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n";

/**
 * Lays out a substitute for the first stage's image, `node:*-bookworm-slim`: Debian, Node, and this machine's npm.
 *
 * @returns the Dockerfile, and the paths to mount when it runs: copying them would take most of a minute.
 */
export async function layOutNode(root: string): Promise<{ dockerfile: string; volumes: string[] }> {
  const debian = await getDebian();
  await mustRun("sh", [
    "-c",
    'tar --create --directory "$0" --exclude ./usr . | tar --extract --directory "$1"',
    debian,
    root,
  ]);
  for (const name of ["usr", "opt/bin"]) await mkdir(join(root, name), { recursive: true });
  await symlink("/opt/node/bin/node", join(root, "opt/bin/node"));
  await symlink("/opt/npm/bin/npm-cli.js", join(root, "opt/bin/npm"));
  const npm = dirname(dirname(await realpath(Bun.which("npm") ?? "/usr/bin/npm")));
  const node = dirname(dirname(await getNode()));
  return {
    dockerfile: "FROM scratch\nCOPY . /\nENV PATH=/opt/bin:/usr/bin:/bin\n",
    volumes: [`${debian}/usr:/usr:ro`, `${node}:/opt/node:ro`, `${npm}:/opt/npm:ro`],
  };
}

/**
 * Lays out a substitute for `distroless/base-nossl-debian12:nonroot`, as far as the binary needs it: glibc, and a home
 * directory that only its user may enter as the working directory.
 *
 * @returns the Dockerfile.
 */
export async function layOutDistroless(root: string): Promise<string> {
  const debian = await getDebian();
  const home = join(root, "home/nonroot");
  const directories = [LIBRARIES, "usr/lib64", "usr/local/bin", "usr/share/doc", "home/nonroot"];
  directories.push("etc", "tmp", "proc", "dev", "sys");
  for (const name of directories) await mkdir(join(root, name), { recursive: true });
  for (const name of ["lib", "lib64"]) await symlink(`usr/${name}`, join(root, name));
  const libraries = ["libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2"];
  for (const name of libraries) await copyFile(join(debian, LIBRARIES, name), join(root, LIBRARIES, name));
  await symlink("../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", join(root, "usr/lib64/ld-linux-x86-64.so.2"));
  await chmod(join(root, "tmp"), 0o1777);
  await chmod(home, 0o700);
  await chown(home, 65_532, 65_532);
  await writeFile(join(root, "etc/passwd"), PASSWD);
  await writeFile(join(root, "etc/group"), "root:x:0:\nnonroot:x:65532:\n");
  return "FROM scratch\nCOPY . /\nENV PATH=/usr/local/bin\nWORKDIR /home/nonroot\nUSER 65532\n";
}

/**
 * Lays out a substitute for OpenClaw's image, without Node and OpenClaw: a shell, the user, and the image's metadata.
 *
 * @returns the Dockerfile.
 */
export async function layOutOpenclaw(root: string): Promise<string> {
  const debian = await getDebian();
  await layOutDistroless(root);
  for (const name of ["usr/bin", "app", "home/node"]) await mkdir(join(root, name), { recursive: true });
  await symlink("usr/bin", join(root, "bin"));
  await copyFile(join(debian, "usr/bin/dash"), join(root, "usr/bin/sh"));
  await copyFile(join(debian, "usr/bin/id"), join(root, "usr/bin/id"));
  const libraries = ["libselinux.so.1", "libpcre2-8.so.0"];
  for (const name of libraries) await copyFile(join(debian, LIBRARIES, name), join(root, LIBRARIES, name));
  await writeFile(join(root, "etc/passwd"), `${PASSWD}node:x:1000:1000::/home/node:/bin/sh\n`);
  await writeFile(join(root, "etc/group"), "root:x:0:\nnode:x:1000:\n");
  await chown(join(root, "home/node"), 1000, 1000);
  const entrypoint = join(root, "usr/local/bin/docker-entrypoint.sh");
  await writeFile(entrypoint, '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  return `FROM scratch
COPY . /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_ENV=production
WORKDIR /app
USER node
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["node", "openclaw.mjs", "gateway"]
`;
}

/** Creates the root of a minimal Debian once, from the mirror that this machine uses. */
async function getDebian(): Promise<string> {
  return keepInCache(`debian-${DEBIAN}`, async (aside) => {
    const args = ["--variant=minbase", DEBIAN, aside, await findMirror()];
    const made = await run("debootstrap", args, { env: process.env });
    if (made.exitCode !== 0) {
      const said = made.stdout.replaceAll(/\bhttps?:\/\/\S+/g, "(URL)");
      throw new Error(`debootstrap ended with ${made.exitCode}:\n${said}`);
    }
    // The mirror's name, files that a build cannot copy, and files that only take up room.
    for (const name of ["etc/apt/sources.list", "dev", "var/cache/apt", "var/lib/apt/lists", "var/log/bootstrap.log"]) {
      await rm(join(aside, name), { recursive: true });
    }
    await mkdir(join(aside, "dev"));
  });
}

/** The mirror of this machine's own Debian. Its updates and security fixes may come from elsewhere. */
async function findMirror(): Promise<string> {
  const targets = await mustRun("apt-get", ["indextargets", "--format", "$(RELEASE) $(SITE)", "Created-By: Packages"]);
  const [, mirror] = /^[^\s-]+ (\S+)$/m.exec(targets) ?? [];
  if (mirror === undefined) throw new Error("apt knows no mirror of Debian");
  return mirror;
}
