// `./build.sh release` twice, in two places, and what it makes. Only what no network but npm is needed for: the rest is
// .github/workflows/release.yml.

import { createHash } from "node:crypto";
import { appendFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { parse } from "yaml";
import { renderLicenses } from "../../lib/commands/licenses.ts";
import lock from "../../package-lock.json" with { type: "json" };
import packageJson from "../../package.json" with { type: "json" };
import { getArm64 } from "../support/arm64.ts";
import { type Copy, copySources } from "../support/commit.ts";
import { findBundledPackages } from "../support/licenses.ts";
import { run } from "../support/process.ts";
import { REPOSITORY } from "../support/repository.ts";
import { SPDX_SCHEMA } from "../support/spdx-schema.ts";

const { version } = packageJson;
const TARGETS = ["linux-arm64", "linux-x64", "linux-x64-baseline"];
const BINARIES = TARGETS.map((target) => `config-manager-${version}-${target}`);
const SBOM = `config-manager-${version}.spdx.json`;
/** To end a broken test, not to measure. */
const LIMIT_MS = 600_000;

interface Workflow {
  jobs: Record<string, { steps: { run?: string }[] }>;
}

interface Sbom {
  packages: { SPDXID: string; name: string; versionInfo: string; checksums?: { checksumValue: string }[] }[];
  files: { SPDXID: string; fileName: string; checksums: { algorithm: string; checksumValue: string }[] }[];
  relationships: { spdxElementId: string; relationshipType: string; relatedSpdxElement: string }[];
}

describe("./build.sh release", () => {
  let scratch: string;
  let copy: Copy;
  let other: Copy;
  let sbom: Sbom;

  const build = (of: Copy, args: readonly string[] = [], env: Record<string, string> = {}) =>
    run("./build.sh", ["release", ...args], { cwd: of.directory, env: { ...process.env, ...env }, limitMs: LIMIT_MS });
  const made = (name: string, of = copy) => join(of.directory, "dist/release", name);
  const read = (name: string, of = copy) => readFile(made(name, of));

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "config-manager-release-"));
    copy = await copySources(join(scratch, "here"));
    other = await copySources(join(scratch, "quite/another/place of it"));
    // Nothing of a build before is used, and the machine has another time zone and language.
    for (const [of, env] of [[copy, {}] as const, [other, { TZ: "Asia/Tokyo", LANG: "ja_JP.UTF-8" }] as const]) {
      const { exitCode, stderr } = await build(of, [], env);
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    }
    sbom = JSON.parse((await read(SBOM)).toString()) as Sbom;
  }, LIMIT_MS);
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  test("makes three binaries, their checksums, the list of what is in them, and the notes", async () => {
    expect((await readdir(made(""))).toSorted()).toEqual(
      ["SHA256SUMS", ...BINARIES, SBOM, "install.yaml", "notes.md"].toSorted(),
    );
    const { exitCode, stdout } = await run("sha256sum", ["--check", "SHA256SUMS"], { cwd: made(""), env: process.env });
    const checked = [...BINARIES, SBOM, "install.yaml"].toSorted().map((name) => `${name}: OK\n`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: checked.join("") });
    expect((await read("notes.md")).toString()).toMatch(/^### Added$/m);
  });

  test("makes the same, byte for byte, of the same commit in another place", async () => {
    const [here, there] = await Promise.all([copy, other].map(async (of) => (await read("SHA256SUMS", of)).toString()));
    console.log(`SHA256SUMS, twice:\n${here}`);
    expect(there).toBe(here ?? "");
  });

  test("leaves no path of this machine in a binary", async () => {
    for (const name of BINARIES) {
      const bytes = await read(name);
      // Not toContain(), which prints all of them.
      const found = [scratch, "quite/another", REPOSITORY].filter((path) => bytes.includes(path));
      expect({ name, found }).toEqual({ name, found: [] });
    }
  });

  test("the list is SPDX 2.3, each reference in it is to something in it, and no two have one name", () => {
    const validate = new Ajv({ allErrors: true }).compile(SPDX_SCHEMA as object);
    validate(sbom);
    expect(validate.errors ?? []).toEqual([]);
    const ids = ["SPDXRef-DOCUMENT", ...sbom.packages.map(idOf), ...sbom.files.map(idOf)];
    expect(new Set(ids).size).toBe(ids.length);
    const named = sbom.relationships.flatMap(({ spdxElementId, relatedSpdxElement }) => [
      spdxElementId,
      relatedSpdxElement,
    ]);
    expect(new Set(named)).toEqual(new Set(ids));
  });

  test("the list has what is in the binaries, Bun included, and nothing else", async () => {
    const bundled = (await findBundledPackages()).map(({ name }) => name);
    const runtimes = ["@oven/bun-linux-aarch64", "@oven/bun-linux-x64", "@oven/bun-linux-x64-baseline"];
    const found = sbom.packages.map(({ name }) => name).toSorted();
    expect(found).toEqual(["config-manager", ...bundled, ...runtimes].toSorted());
    expect(bundled.length).toBeGreaterThan(10);
  });

  test("the list has the versions and the digests of package-lock.json", () => {
    const packages: Record<string, { version?: string; integrity?: string }> = lock.packages;
    const ofBun = packages["node_modules/bun"]?.version;
    for (const { name, versionInfo, checksums } of sbom.packages.filter(({ name }) => name !== "config-manager")) {
      const digest = Buffer.from(checksums?.[0]?.checksumValue ?? "", "hex").toString("base64");
      // The one that Bun does not ask for, so that the lock file cannot have it.
      const isOther = name === "@oven/bun-linux-x64-baseline";
      const locked = isOther ? { version: ofBun, integrity: `sha512-${digest}` } : packages[`node_modules/${name}`];
      expect({ name, version: versionInfo, integrity: `sha512-${digest}` }).toEqual({
        name,
        version: locked?.version ?? "none",
        integrity: locked?.integrity ?? "none",
      });
    }
  });

  test("the list has each binary by its digests, with the Bun that is in it", async () => {
    expect(sbom.files.map(({ fileName }) => fileName).toSorted()).toEqual(BINARIES.map((name) => `./${name}`));
    for (const { SPDXID, fileName, checksums } of sbom.files) {
      const bytes = await read(fileName);
      for (const { algorithm, checksumValue } of checksums) {
        expect(createHash(algorithm.toLowerCase()).update(bytes).digest("hex")).toBe(checksumValue);
      }
      const contained = sbom.relationships.filter(({ spdxElementId }) => spdxElementId === SPDXID);
      const runtime = `SPDXRef-oven-bun-${fileName.split(`${version}-`)[1]?.replace("arm64", "aarch64")}`;
      expect(
        contained.map(({ relationshipType, relatedSpdxElement }) => [relationshipType, relatedSpdxElement]),
      ).toEqual([
        ["GENERATED_FROM", "SPDXRef-config-manager"],
        ["CONTAINS", runtime],
      ]);
    }
  });

  test("each binary that this machine can run says its version and its commit", async () => {
    const commit = (await copy.git("rev-parse", "HEAD")).slice(0, 12);
    for (const name of BINARIES.filter((file) => file.includes(process.arch))) {
      const { stdout, stderr } = await run(made(name), ["version"], { env: {} });
      expect({ name, stdout, stderr }).toEqual({ name, stdout: `config-manager ${version} (${commit})\n`, stderr: "" });
    }
  });

  test("the one for arm64 runs: version, and validate as the one for this machine", async () => {
    const emulator = await getArm64();
    if (!emulator) return;
    const [program, ...first] = [...emulator, made(`config-manager-${version}-linux-arm64`)];
    const arm64 = (...args: string[]) =>
      run(program, [...first, ...args], { env: {}, cwd: scratch, limitMs: LIMIT_MS });
    const { stdout } = await arm64("version");
    console.log(`arm64: ${stdout.trim()}`);
    expect(stdout).toStartWith(`config-manager ${version} (`);

    const config = (key: string) => `{ gateway: { mode: "local" }, messages: { ${key}: "👀" } }\n`;
    for (const [folder, key] of [
      ["good", "ackReaction"],
      ["bad", "ackReactoin"],
    ] as const) {
      await mkdir(join(scratch, folder));
      await writeFile(join(scratch, folder, "openclaw.json"), config(key));
    }
    const validate = (folder: string) => arm64("validate", "--openclaw", "2026.9.6", folder);
    expect(await validate("good")).toMatchObject({ exitCode: 0 });
    const bad = await validate("bad");
    console.log(`arm64: ${bad.stdout.trim()}`);
    expect(bad.exitCode).toBe(1);
    expect(bad.stdout).toContain("bad/openclaw.json:1: messages.ackReactoin: unknown key, did you mean ackReaction?");
  });

  test("the workflow lays out for the images what the first stage of the Dockerfile would have made", async () => {
    const { jobs } = parse(await readFile(join(REPOSITORY, ".github/workflows/release.yml"), "utf8")) as Workflow;
    const script = jobs["build"]?.steps.find(({ run }) => run?.includes("context.tar"))?.run ?? "";
    const env = { ...process.env, GITHUB_REF_NAME: `v${version}` };
    const { exitCode, stderr } = await run("bash", ["-e", "-c", script], { cwd: copy.directory, env });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const listed = await run("tar", ["--list", "--verbose", "--file=context.tar"], { cwd: copy.directory, env });
    const files = [...listed.stdout.matchAll(/^-(\S+) .* (context\/\S+)$/gm)].map(
      ([, mode, file]) => `${mode} ${file}`,
    );
    const expected = ["amd64", "arm64"].flatMap((arch) => [
      `rw-r--r-- context/${arch}/src/doc/LICENSE`,
      `rw-r--r-- context/${arch}/src/doc/licenses.txt`,
      `rwxr-xr-x context/${arch}/src/dist/config-manager`,
    ]);
    expect(files.toSorted()).toEqual(expected.toSorted());
    for (const [arch, target] of [
      ["amd64", "linux-x64"],
      ["arm64", "linux-arm64"],
    ] as const) {
      const binary = await readFile(join(copy.directory, `context/${arch}/src/dist/config-manager`));
      expect({ arch, isEqual: binary.equals(await read(`config-manager-${version}-${target}`)) }).toEqual({
        arch,
        isEqual: true,
      });
      const licenses = await readFile(join(copy.directory, `context/${arch}/src/doc/licenses.txt`), "utf8");
      expect(licenses).toBe(renderLicenses());
    }
  });

  test("builds from no other Bun than the one that is pinned", async () => {
    const file = join(copy.directory, "release/lock.ts");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace(/"sha512-\w{8}/, '"sha512-AAAAAAAA'));
    // Nothing is in that cache.
    const env = { ...process.env, XDG_CACHE_HOME: join(scratch, "cache") };
    const built = await run("./build.sh", ["--target", "linux-x64-baseline"], { cwd: copy.directory, env });
    await writeFile(file, text);
    expect(built.exitCode).not.toBe(0);
    expect(built.stderr).toMatch(
      /error: @oven\/bun-linux-x64-baseline \S+ from npm is sha512-\S+, and not sha512-AAAAAAAA\S+: nothing is built from it\n/,
    );
    expect(await readdir(join(copy.directory, "dist"))).toEqual(["release"]);
    expect(await readdir(join(scratch, "cache/config-manager"))).toEqual([]);
  });

  test("refuses a tag that is not that of the version, also one that is on the commit", async () => {
    const line = `error: the tag is v9.9.9, but package.json has version ${version}\n`;
    const hint = `hint: put the tag v${version} on the commit that has this version\n`;
    expect(await build(copy, ["v9.9.9"])).toMatchObject({ exitCode: 64, stderr: line + hint, stdout: "" });
    await copy.git("tag", "v9.9.9");
    expect(await build(copy)).toMatchObject({ exitCode: 64, stderr: line + hint, stdout: "" });
    await copy.git("tag", "--delete", "v9.9.9");
  });

  test("refuses a tree with changes that are in no commit", async () => {
    await appendFile(join(copy.directory, "manager.ts"), "// a change\n");
    const refused = await build(copy);
    await copy.git("checkout", "--quiet", "manager.ts");
    expect(refused).toMatchObject({
      exitCode: 64,
      stderr: "error: the tree has changes that are in no commit:  M manager.ts\nhint: commit or stash them\n",
    });
  });

  test("refuses a tag of which the changelog says nothing, before it builds anything", async () => {
    const hint = `hint: it needs a section \`## ${version} - YYYY-MM-DD\`\n`;
    expect(await build(copy, [`v${version}`])).toMatchObject({
      exitCode: 64,
      stderr: `error: CHANGELOG.md says nothing about ${version}\n${hint}`,
    });
  });
});

function idOf({ SPDXID }: { SPDXID: string }): string {
  return SPDXID;
}
