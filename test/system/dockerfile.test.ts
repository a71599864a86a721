// The Dockerfile, built with buildah, both of its images, and what is in them. No image can be pulled everywhere that
// this runs, so those that it builds on are made on the spot.

import { chmod, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { $ } from "zx";
import { renderLicenses } from "../../lib/commands/licenses.ts";
import { layOutDistroless, layOutNode, layOutOpenclaw } from "../support/base-images.ts";
import { type Builder, createBuilder } from "../support/buildah.ts";
import { missingTools } from "../support/debian.ts";
import { isRoot } from "../support/small-volume.ts";
import { REPOSITORY } from "../support/repository.ts";

const BINARY = "/usr/local/bin/config-manager";
const SOURCE = "https://forge.example/config-manager";
const DOCUMENTS = "/usr/share/doc/config-manager";
const VERSION = /^config-manager \d+\.\d+\.\d+ \(abc1234\)\n$/;
/** To end a broken test, not to measure: the bases are made and everything is built twice in there. */
const LIMIT_MS = 900_000;
/** In the settings that npm is given, and nowhere else. */
const MARK = crypto.randomUUID();

const missing = await findMissing();
if (missing) console.log(`(skip) the images: ${missing}`);

/** What this machine lacks for it. */
async function findMissing(): Promise<string | undefined> {
  if (!isRoot) return "not root";
  if (process.arch !== "x64") return "the Node of the first stage is for x64";
  return missingTools({ buildah: "buildah", debootstrap: "debootstrap", "apt-get": "apt", unshare: "util-linux" });
}

/** npm's cache and settings as they are here, for the first stage. */
async function findSettings(directory: string): Promise<{ npmrc: string; volumes: string[] }> {
  const get = async (name: string) => (await $`npm config get ${name}`.quiet().text()).trim();
  const authority = await get("cafile");
  const hasAuthority = authority !== "" && authority !== "null";
  const settings = [`; ${MARK}`, `registry=${await get("registry")}`, "prefer-offline=true"];
  if (hasAuthority) settings.push("cafile=/run/authority.pem");
  const npmrc = join(directory, ".npmrc");
  await writeFile(npmrc, `${settings.join("\n")}\n`);
  const certificate = hasAuthority ? [`${authority}:/run/authority.pem:ro`] : [];
  return { npmrc, volumes: [`${await get("cache")}:/root/.npm`, ...certificate] };
}

describe.skipIf(missing !== undefined)("the Dockerfile", () => {
  let builder: Builder;

  beforeAll(async () => {
    builder = await createBuilder();
    const lay = (name: string) => builder.scratch(`root-of-${name}`);
    const node = await layOutNode(await lay("node"));
    await builder.build("node", await lay("node"), node.dockerfile);
    await builder.build("openclaw-base", await lay("openclaw"), await layOutOpenclaw(await lay("openclaw")));
    await builder.build("distroless", await lay("distroless"), await layOutDistroless(await lay("distroless")));

    const images = { BUILD_IMAGE: "node", OPENCLAW_IMAGE: "openclaw-base", GLIBC_IMAGE: "distroless" };
    const args = Object.fromEntries(Object.entries(images).map(([name, image]) => [name, `localhost/${image}`]));
    const { npmrc, volumes } = await findSettings(await builder.scratch("npm"));
    const options = {
      args: { ...args, COMMIT: "abc1234", SOURCE },
      volumes: [...node.volumes, ...volumes],
      secrets: { npmrc },
    };
    await builder.build("openclaw", REPOSITORY, undefined, options);
    await builder.build("sidecar", REPOSITORY, undefined, { ...options, target: "sidecar" });
  }, LIMIT_MS);
  afterAll(() => builder?.[Symbol.asyncDispose](), LIMIT_MS);

  test("is given the sources of the binary, and nothing else", async () => {
    await builder.build("context", REPOSITORY, "FROM scratch\nCOPY . /\n");
    const names = ["LICENSE", "build.sh", "lib", "manager.ts", "package-lock.json", "package.json", "tsconfig.json"];
    expect((await readdir(await builder.open("context"))).toSorted()).toEqual(names);
  });

  test("makes the OpenClaw image with the binary and its licenses more, where no target is named", async () => {
    await expectOnlyOursMore("openclaw-base", "openclaw");
    const { User, Env, Entrypoint, Cmd, WorkingDir, Labels } = await builder.inspect("openclaw-base");
    const found = await builder.inspect("openclaw");
    expect(found).toMatchObject({ User, Env, Entrypoint, Cmd, WorkingDir });
    expect(withoutBuilder(found.Labels)).toEqual(withoutBuilder(Labels));
  });

  test("the binary runs in the OpenClaw image as its user, through its entrypoint, and knows its commit", async () => {
    const run = async (...command: string[]) => {
      const { Entrypoint = [] } = await builder.inspect("openclaw");
      return builder.run("openclaw", [...Entrypoint, ...command]);
    };
    expect(await run("id", "-u")).toMatchObject({ stdout: "1000\n" });
    expect(await run("config-manager", "version")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(VERSION),
    });
  });

  test("makes an image of the binary alone, for 1000:1000, at --target sidecar", async () => {
    await expectOnlyOursMore("distroless", "sidecar");
    expect(await builder.inspect("sidecar")).toMatchObject({
      User: "1000:1000",
      WorkingDir: "/",
      Entrypoint: [BINARY],
      Env: (await builder.inspect("distroless")).Env,
    });
    expect((await builder.inspect("sidecar")).Cmd ?? []).toEqual([]);
    const root = await builder.open("sidecar");
    const programs = await $`find ${root} -type f -perm /111 -not -name ${"*.so.*"} -printf ${"/%P\n"}`.quiet().text();
    expect(programs).toBe(`${BINARY}\n`);
    const [bytes] = (await $`du --summarize --bytes ${root}`.quiet().text()).split("\t");
    const { size } = await stat(join(root, BINARY));
    console.log(`the image of the binary alone: ${toMegabytes(Number(bytes))}, ${toMegabytes(size)} of it the binary`);
  });

  test("labels the image of the binary alone", async () => {
    const { Labels } = await builder.inspect("sidecar");
    expect(withoutBuilder(Labels)).toEqual({
      "org.opencontainers.image.title": "config-manager",
      "org.opencontainers.image.licenses": "MIT",
      "org.opencontainers.image.revision": "abc1234",
      "org.opencontainers.image.source": SOURCE,
    });
  });

  test.each(["openclaw", "sidecar"])(
    "the image %s has the licenses of what is compiled into the binary",
    async (name) => {
      const root = await builder.open(name);
      const read = (file: string) => readFile(join(root, DOCUMENTS, file), "utf8");
      expect(await read("LICENSE")).toBe(await readFile(join(REPOSITORY, "LICENSE"), "utf8"));
      expect(await read("licenses.txt")).toBe(renderLicenses());
    },
  );

  test("the binary runs in the image that has nothing else, as its user", async () => {
    expect(await builder.run("sidecar", [BINARY, "version"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(VERSION),
    });
  });

  test("it runs there under a read-only root, with no environment at all", async () => {
    const volume = await builder.scratch("volume");
    await chmod(volume, 0o1777);
    for (const name of ["config", "cron"]) await mkdir(join(volume, name));
    await writeFile(join(volume, "config/openclaw.json"), '{ gateway: { mode: "local" } }\n');
    await writeFile(join(volume, "cron/cron-jobs.json"), "[]\n");
    expect(await runReadOnly(volume, "version")).toMatch(VERSION);
    expect(JSON.parse(await runReadOnly(volume, "schema"))).toHaveProperty("$schema");
    const sources = ["--config-dir=/tmp/config", "--cron-dir=/tmp/cron"];
    const targets = ["--pvc-config=/tmp/live.json", "--staging-dir=/tmp/staged", "--checksum-dir=/tmp/sums"];
    await runReadOnly(volume, "init", ...sources, ...targets);
    for (const name of ["live.json", "staged/cron-jobs.json"]) {
      const { uid, gid } = await stat(join(volume, name));
      expect({ name, uid, gid }).toEqual({ name, uid: 1000, gid: 1000 });
    }
  });

  test("no image holds the settings of npm that it was built with", async () => {
    const registry = (await $`npm config get registry`.quiet().text()).trim();
    for (const name of ["openclaw", "sidecar"]) {
      const root = await builder.open(name);
      const named = await $`find ${root} -name .npmrc`.quiet().text();
      const marked = await $`grep -rlF ${MARK} ${root}`.quiet().nothrow().text();
      expect({ name, named, marked }).toEqual({ name, named: "", marked: "" });
      const description = await builder.describe(name);
      // Not the registry itself: a test that fails prints what it compares.
      expect({ name, isTold: [MARK, registry].some((text) => description.includes(text)) }).toEqual({
        name,
        isTold: false,
      });
    }
  });

  /** That all of an image is as in its base, owners and modes too, but for what is ours, which is root's. */
  async function expectOnlyOursMore(base: string, built: string): Promise<void> {
    const [before, after] = [await builder.open(base), await builder.open(built)];
    const list = async (root: string) => {
      // No size of a directory, which is the file system's.
      const files = await $`find ${root} -mindepth 1 -printf ${"/%P %y %m %U:%G %l\n"}`.quiet().text();
      return files.trimEnd().split("\n").toSorted();
    };
    const [known, found] = [new Set(await list(before)), await list(after)];
    const ours = [
      `${BINARY} f 755 0:0 `,
      `${DOCUMENTS} d 755 0:0 `,
      `${DOCUMENTS}/LICENSE f 644 0:0 `,
      `${DOCUMENTS}/licenses.txt f 644 0:0 `,
    ];
    expect(found.filter((line) => !known.has(line))).toEqual(ours);
    expect(found.length).toBe(known.size + ours.length);
    const differences = await $`diff -rq --no-dereference ${before} ${after}`.quiet().nothrow().text();
    const places = ["usr/local/bin", "usr/share/doc"].map((name) => `Only in ${join(after, name)}: config-manager\n`);
    expect(differences).toBe(places.join(""));
  }

  /** Runs the binary in the image of it alone as a Pod can: 1000:1000, all read-only but /tmp, no HOME, no PATH. */
  async function runReadOnly(volume: string, ...args: string[]): Promise<string> {
    const root = await builder.open("sidecar");
    const script = `
      mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" &&
      mount --bind "$2" "$1/tmp" && mount -t proc proc "$1/proc" || exit 1
      root=$1; shift 2
      exec env -i "$(command -v chroot)" --userspec=1000:1000 "$root" "$@"`;
    const ran = await $`unshare --mount sh -c ${script} sh ${root} ${volume} ${BINARY} ${args}`.quiet().nothrow();
    const { stdout, stderr } = ran;
    expect({ args, exitCode: ran.exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: "" });
    return stdout;
  }
});

/** Without the label by which buildah names itself. */
function withoutBuilder(labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith("io.buildah.")));
}

function toMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
