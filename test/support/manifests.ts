import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { IDeployment, IStatefulSet } from "kubernetes-models/apps/v1";
import type { IJob } from "kubernetes-models/batch/v1";
import type { IConfigMap, IPersistentVolumeClaim, ISecret, IService } from "kubernetes-models/v1";
import * as yaml from "yaml";
import { createScratch } from "./fakes.ts";
import { getTool } from "./kubernetes-tools.ts";
import { mustRun } from "./process.ts";
import { REPOSITORY } from "./repository.ts";

/** The directory of the manifests. */
export const DEPLOY = resolve(REPOSITORY, "deploy");

/** A Kubernetes object, with the fields that all kinds have. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

export type Deployment = IDeployment & Manifest;

/** The kinds that tests look into. */
interface Kinds {
  Deployment: Deployment;
  StatefulSet: IStatefulSet & Manifest;
  ConfigMap: IConfigMap & Manifest & { data: Record<string, string> };
  Secret: ISecret & Manifest & { data: Record<string, string> };
  Job: IJob & Manifest;
  PersistentVolumeClaim: IPersistentVolumeClaim & Manifest;
  Service: IService & Manifest;
}

/** What a kustomization.yaml lists. */
export interface Kustomization {
  namespace: string;
  resources: string[];
}

/** What `kubectl kustomize` makes of a directory. */
export async function renderManifests(directory: string): Promise<Manifest[]> {
  return parseManifests(await kustomize(directory));
}

/** The same as text. */
export async function kustomize(directory: string): Promise<string> {
  return await mustRun(await getTool("kubectl"), ["kustomize", directory]);
}

/**
 * What `kubectl kustomize` makes of an overlay of these resources, each a directory of ours or objects, and components: ours
 * by name, others by URL.
 */
export async function renderOverlay(
  resources: readonly (string | Manifest[])[],
  components: readonly string[],
  more: { namespace?: string; patches?: { patch: string }[] } = {},
): Promise<Manifest[]> {
  await using scratch = await createScratch();
  const overlay = scratch.in("overlay");
  await mkdir(overlay);
  const ours = (name: string) => (name.includes("://") ? name : relative(overlay, join(DEPLOY, name)));
  const names = await Promise.all(
    resources.map(async (resource, index) => {
      if (typeof resource === "string") return ours(resource);
      // Unfolded: kustomize and this library disagree on the line breaks of a folded text.
      const objects = resource.map((object) => yaml.stringify(object, { lineWidth: 0 }));
      await writeFile(join(overlay, `${index}.yaml`), objects.join("---\n"));
      return `${index}.yaml`;
    }),
  );
  const kustomization = { resources: names, components: components.map(ours), ...more };
  await writeFile(join(overlay, "kustomization.yaml"), yaml.stringify(kustomization));
  return await renderManifests(overlay);
}

/** Parses the objects of a YAML stream. */
export function parseManifests(text: string): Manifest[] {
  return yaml.parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

/** Finds the object of this kind and name. */
export function findManifest<Kind extends keyof Kinds>(
  manifests: readonly Manifest[],
  kind: Kind,
  name: string,
): Kinds[Kind] {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found as Kinds[Kind];
}

/** The Kustomization among them: it has no name. */
export function findKustomization(manifests: readonly Manifest[]): Kustomization {
  const found = manifests.find(({ kind }) => kind === "Kustomization");
  if (!found) throw new Error("there is no Kustomization");
  return found as unknown as Kustomization;
}
