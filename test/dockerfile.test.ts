// The Dockerfile, built with buildah. No image can be pulled everywhere that this runs, so what it builds on is made on
// the spot: around this machine's Debian and npm for the first stage, of glibc alone for the others.

import { chmod, copyFile, mkdir, realpath, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { $ } from "bun";
import { type Builder, createBuilder } from "./support/buildah.ts";
import { layOutDebian } from "./support/container-image.ts";
import { missingTools } from "./support/debian.ts";
import { RELEASES, getRelease } from "./support/release.ts";

const REPOSITORY = resolve(import.meta.dir, "..");
const BINARY = "/usr/local/bin/config-manager";
const LIMIT_MS = 600_000;

const missing = process.getuid?.() === 0 ? missingTools({ buildah: "buildah" }) : "not root";
if (missing) console.log(`(skip) the images: ${missing}`);

/** What stands for the OpenClaw image, beside its files. */
const OPENCLAW = `FROM scratch
COPY . /
ENV PATH=/usr/local/bin:/usr/bin:/bin NODE_ENV=production
WORKDIR /app
USER node
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["node", "openclaw.mjs", "gateway"]
`;

/** Copies what the binary is linked with, and nothing else. */
async function layOutGlibc(root: string): Promise<void> {
  const libraries = "usr/lib/x86_64-linux-gnu";
  for (const name of [libraries, "usr/lib64", "etc", "tmp"]) await mkdir(join(root, name), { recursive: true });
  await chmod(join(root, "tmp"), 0o1777);
  for (const name of ["lib", "lib64"]) await symlink(`usr/${name}`, join(root, name));
  for (const name of ["libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0"]) {
    await copyFile(`/${libraries}/${name}`, join(root, libraries, name));
  }
  await copyFile("/lib64/ld-linux-x86-64.so.2", join(root, "usr/lib64/ld-linux-x86-64.so.2"));
  await writeFile(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n");
  await writeFile(join(root, "etc/group"), "root:x:0:\nnode:x:1000:\n");
}

/** This machine's Debian, Node and npm, with npm's settings: mounted while the first stage is built. */
async function findVolumes(scratch: string): Promise<Record<string, string>> {
  const { node } = await getRelease(RELEASES[0]);
  const npm = await realpath(Bun.which("npm") ?? "/usr/bin/npm");
  const setting = async (name: string) => (await $`npm config get ${name}`.quiet().text()).trim();
  const authority = await setting("cafile");
  // Where there is no network, that is to be told at once.
  const settings = [
    `registry=${await setting("registry")}`,
    "fetch-retries=0",
    ...(authority === "null" ? [] : ["cafile=/opt/ca.pem"]),
  ];
  await writeFile(join(scratch, "npmrc"), `${settings.join("\n")}\n`);
  return {
    "/usr": "/usr",
    "/etc/ssl": "/etc/ssl",
    "/opt/node": dirname(dirname(node)),
    "/opt/npm": dirname(dirname(npm)),
    "/root/.npm": await setting("cache"),
    "/root/.npmrc": join(scratch, "npmrc"),
    ...(authority === "null" ? {} : { "/opt/ca.pem": authority }),
  };
}

describe.skipIf(missing !== undefined)("the Dockerfile", () => {
  let builder: Builder;

  beforeAll(async () => {
    builder = await createBuilder();
    const debian = await builder.scratch("debian");
    await layOutDebian(debian);
    await mkdir(join(debian, "opt/bin"), { recursive: true });
    await symlink("/opt/node/bin/node", join(debian, "opt/bin/node"));
    const npm = '#!/bin/sh\nexec node /opt/npm/bin/npm-cli.js "$@"\n';
    await writeFile(join(debian, "opt/bin/npm"), npm, { mode: 0o755 });
    await builder.build("node", debian, "FROM scratch\nCOPY . /\nENV PATH=/opt/bin:/usr/bin:/bin\n");

    const glibc = await builder.scratch("glibc");
    await layOutGlibc(glibc);
    await builder.build("glibc", glibc, "FROM scratch\nCOPY . /\n");
    await builder.build("openclaw", glibc, OPENCLAW);

    const bases = { BUILD_IMAGE: "node", GLIBC_IMAGE: "glibc", OPENCLAW_IMAGE: "openclaw" };
    const args = Object.fromEntries(Object.entries(bases).map(([name, image]) => [name, `localhost/${image}`]));
    const options = { args: { ...args, COMMIT: "abc1234" }, volumes: await findVolumes(await builder.scratch("npm")) };
    await builder.build("built-openclaw", REPOSITORY, undefined, options);
    await builder.build("built-sidecar", REPOSITORY, undefined, { ...options, target: "sidecar" });
  }, LIMIT_MS);
  afterAll(() => builder[Symbol.asyncDispose](), LIMIT_MS);

  test("adds one file to the OpenClaw image, and leaves the rest of it", async () => {
    const [before, after] = [await builder.open("openclaw"), await builder.open("built-openclaw")];
    expect(after.paths.filter((path) => !before.paths.includes(path))).toEqual([
      "usr/local",
      "usr/local/bin",
      BINARY.slice(1),
    ]);
    expect(before.paths.filter((path) => !after.paths.includes(path))).toEqual([]);
    const { uid, gid, mode } = await stat(join(after.root, BINARY));
    expect({ uid, gid, mode: mode & 0o7777 }).toEqual({ uid: 0, gid: 0, mode: 0o755 });
    const { User, Env, Entrypoint, Cmd, WorkingDir } = await builder.inspect("openclaw");
    expect(await builder.inspect("built-openclaw")).toMatchObject({ User, Env, Entrypoint, Cmd, WorkingDir });
    expect({ User, Entrypoint }).toEqual({ User: "node", Entrypoint: ["docker-entrypoint.sh"] });
  });

  test("the binary runs in it as its user, and says which commit it is of", async () => {
    expect(await builder.run("built-openclaw", [BINARY, "version"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^config-manager \d+\.\d+\.\d+ \(abc1234\)\n$/),
    });
    const { stdout } = await builder.run("built-openclaw", ["/usr/bin/id", "-un"], {
      "/usr/bin": "/usr/bin",
      "/usr/lib": "/usr/lib",
    });
    expect(stdout).toBe("node\n");
    const staged = await initAs("built-openclaw");
    expect(staged).toEqual({ uid: 1000, gid: 1000 });
  });

  test("the image of the binary alone has glibc and the binary, and runs it as 1000:1000", async () => {
    const [before, after] = [await builder.open("glibc"), await builder.open("built-sidecar")];
    expect(after.paths.filter((path) => !before.paths.includes(path))).toEqual([
      "usr/local",
      "usr/local/bin",
      BINARY.slice(1),
    ]);
    expect(await builder.inspect("built-sidecar")).toMatchObject({ User: "1000:1000", Entrypoint: [BINARY] });
    expect(await builder.run("built-sidecar", [BINARY, "schema"])).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await initAs("built-sidecar")).toEqual({ uid: 1000, gid: 1000 });
  });

  /** Whose the files are that `init` writes in there. */
  async function initAs(image: string): Promise<{ uid: number; gid: number }> {
    const place = await builder.scratch(`volume-of-${image}`);
    await writeFile(join(place, "cron-jobs.json"), "[]");
    await chmod(place, 0o777);
    const init = [BINARY, "init", "--only=cron", "--cron-dir=/volume", "--staging-dir=/volume/staged"];
    expect(await builder.run(image, init, { "/volume": place })).toMatchObject({ exitCode: 0, stderr: "" });
    const { uid, gid } = await stat(join(place, "staged/cron-jobs.json"));
    return { uid, gid };
  }
});
