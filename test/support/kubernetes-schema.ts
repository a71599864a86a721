import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Manifest } from "./manifests.ts";
import { run } from "./process.ts";
import { REPOSITORY } from "./repository.ts";

const NODE_MODULES = resolve(REPOSITORY, "node_modules");

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
  const library = (await import(`kubernetes-models/${apiVersion}/${kind}`)) as Record<string, ModelClass>;
  const Model = library[kind];
  if (!Model) return [`${kind} ${metadata.name}: Kubernetes has none in ${apiVersion}`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${kind} ${metadata.name}: ${(error as Error).message}`];
  }
}

type ModelClass = new (manifest: Manifest) => { validate(): void };

/** An object literal with an unknown field does not compile. */
async function findUnknownFields(manifests: readonly Manifest[]): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), "config-manager-types-"));
  try {
    await symlink(NODE_MODULES, join(directory, "node_modules"));
    const source = manifests.map(
      (manifest, index) =>
        `import type { I${manifest.kind} as I${index} } from "kubernetes-models/${manifest.apiVersion}/${manifest.kind}";\n` +
        `export const of${index}: I${index} = ${JSON.stringify(manifest)};\n`,
    );
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
