import { readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { LicenseSection } from "../../lib/commands/licenses.ts";
import { readBundled } from "../../release/bundled.ts";
import { createScratch } from "./fakes.ts";
import { mustRun } from "./process.ts";
import { REPOSITORY } from "./repository.ts";

/** A package of which code is in the bundle. */
interface BundledPackage {
  name: string;
  version: string;
  license: string;
  /** All texts about its license that it brings, and those beside the bundled files. */
  texts: string;
}

/** Bun's own list of what it consists of, in the package with its types: of the same version. */
const BUN_LICENSE = "node_modules/bun-types/docs/project/license.mdx";
const TEXT_NAMES = /^(?:licen[cs]e|copying|notice|3rd-party|third-party)/i;

const read = (...path: string[]) => readFile(resolve(REPOSITORY, ...path), "utf8");
const readPackage = async (directory: string) =>
  JSON.parse(await read(directory, "package.json")) as { name: string; version: string; license?: string };

/** Finds the packages of which the bundler puts code into the binary, by name. */
export async function findBundledPackages(): Promise<BundledPackage[]> {
  await using scratch = await createScratch();
  const metafile = scratch.in("metafile.json");
  // As build.sh does it, as far as it decides what is bundled.
  const options = ["--minify", "--splitting", "--format=esm", "--target=bun", "--outdir", scratch.in("bundle")];
  const bun = join(REPOSITORY, "node_modules/.bin/bun");
  await mustRun(bun, ["build", ...options, `--metafile=${metafile}`, join(REPOSITORY, "manager.ts")], {
    cwd: REPOSITORY,
  });
  const packages = await Promise.all(
    [...readBundled(metafile)].map(async ([root, places]) => {
      const { name, version, license = "unknown" } = await readPackage(root);
      const texts = (await Promise.all([...places].toSorted().map(readTexts))).flat();
      return { name, version, license, texts: texts.join("\n\n") };
    }),
  );
  return packages.toSorted((a, b) => a.name.localeCompare(b.name, "en"));
}

/** Makes what `config-manager licenses` prints from what is installed, but for the texts that belong to no package. */
export async function makeLicenses(packages: readonly BundledPackage[]): Promise<LicenseSection[]> {
  const groups = Map.groupBy(packages, ({ license, texts }) => `${license}\n${texts}`);
  const ours = await readPackage("");
  const bun = await readPackage("node_modules/bun");
  return [
    { title: ours.name, license: ours.license ?? "", text: tidy(await read("LICENSE")) },
    ...[...groups.values()].map((group) => ({
      title: group.map(({ name, version }) => `${name} ${version}`).join(", "),
      license: group[0]?.license ?? "",
      text: group[0]?.texts ?? "",
    })),
    { title: `bun ${bun.version}`, license: "MIT, and what its list says", text: tidyTables(await read(BUN_LICENSE)) },
  ];
}

async function readTexts(directory: string): Promise<string[]> {
  const names = (await readdir(resolve(REPOSITORY, directory))).filter((name) => TEXT_NAMES.test(name)).toSorted();
  return Promise.all(names.map(async (name) => tidy(await read(directory, name))));
}

/** Leaves out what does not show: form feeds, and blanks at the ends of lines. */
function tidy(text: string): string {
  return text
    .replaceAll(/[\f\r]/g, "")
    .replaceAll(/[ \t]+$/gm, "")
    .trim();
}

/** Leaves out the head of a page of documentation, and the padding of its tables. */
function tidyTables(page: string): string {
  return tidy(page.replace(/^---\n[^]*?\n---\n/, ""))
    .replaceAll(/ {2,}\|/g, " |")
    .replaceAll(/-{4,}/g, "---");
}
