import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { install, keepInCache } from "./download.ts";
import type { Manifest } from "./manifests.ts";
import { run } from "./process.ts";
import { REPOSITORY } from "./repository.ts";

const NODE_MODULES = resolve(REPOSITORY, "node_modules");

/** The npm packages with the kinds of Flux and ArgoCD, by API group. They bring `kubernetes-models` along. */
const FOREIGN: Readonly<Record<string, string>> = {
  "kustomize.toolkit.fluxcd.io": "@kubernetes-models/flux-cd",
  "argoproj.io": "@kubernetes-models/argo-cd",
};
const FOREIGN_VERSION = "4.0.0";

/** Where the models of an object are. */
interface Models {
  /** The directory `node_modules`. */
  directory: string;
  package: string;
}

/**
 * Lists what is wrong with these objects by the schemas of Kubernetes, from a library, without a cluster. The library's
 * validators accept fields that Kubernetes does not have, and its types do not, so both are used.
 */
export async function validateManifests(manifests: readonly Manifest[]): Promise<string[]> {
  const invalid = await Promise.all(manifests.map(validateManifest));
  return [...invalid.flat(), ...(await findUnknownFields(manifests))];
}

async function validateManifest(manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind, metadata } = manifest;
  const models = await findModels(apiVersion);
  const library = (await import(join(models.directory, models.package, `${apiVersion}/${kind}.js`))) as Record<
    string,
    ModelClass
  >;
  const Model = library[kind];
  if (!Model) return [`${kind} ${metadata.name}: Kubernetes has none in ${apiVersion}`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${kind} ${metadata.name}: ${(error as Error).message}`];
  }
}

async function findModels(apiVersion: string): Promise<Models> {
  const foreign = FOREIGN[apiVersion.split("/")[0] ?? ""];
  if (foreign === undefined) return { directory: NODE_MODULES, package: "kubernetes-models" };
  // Downloaded once, by npm.
  const name = `${foreign.replaceAll("/", "-")}-${FOREIGN_VERSION}`;
  const directory = await keepInCache(name, (aside) => install(`${foreign}@${FOREIGN_VERSION}`, aside));
  return { directory: join(directory, "node_modules"), package: foreign };
}

type ModelClass = new (manifest: Manifest) => { validate(): void };

/** An object literal with an unknown field does not compile. */
async function findUnknownFields(manifests: readonly Manifest[]): Promise<string[]> {
  const found = await Promise.all(manifests.map(({ apiVersion }) => findModels(apiVersion)));
  const directories = [...new Set(found.map(({ directory }) => directory))];
  const lines = await Promise.all(
    directories.map((modules) =>
      compile(
        modules,
        manifests.flatMap((manifest, index) => {
          const { directory, package: name } = found[index] ?? {};
          if (directory !== modules) return [];
          return [
            `import type { I${manifest.kind} as I${index} } from "${name}/${manifest.apiVersion}/${manifest.kind}";\n` +
              `export const of${index}: I${index} = ${JSON.stringify(manifest)};\n`,
          ];
        }),
      ),
    ),
  );
  return lines.flat();
}

async function compile(modules: string, source: readonly string[]): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), "config-manager-types-"));
  try {
    await symlink(modules, join(directory, "node_modules"));
    await writeFile(join(directory, "manifests.ts"), source.join(""));
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "preserve", "--target", "esnext"];
    const tsc = join(NODE_MODULES, ".bin/tsc");
    const checked = await run(tsc, [...options, "manifests.ts"], { cwd: directory, env: process.env });
    const lines = checked.stdout.trim().split("\n");
    return checked.exitCode === 0
      ? []
      : lines.map((line) => line.replace(/^manifests\.ts\(\d+,\d+\): error \w+: /, ""));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
