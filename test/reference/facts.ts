// What a set of manifests says, in a form that can be written down and compared: see plan.ts.

import type { IContainer, IVolumeMount } from "kubernetes-models/v1";
import { type Kustomization, type Manifest, findKustomization, findManifest } from "../support/manifests.ts";

/** `path=value` of each leaf, in any order. Nothing is left out, so an unknown field shows up here. */
type Settings = string[];

interface ContainerFacts {
  image: string;
  /** The program and its arguments, but for the text that `sh -c` runs. */
  command: string[];
  /** The lines between `===` that its script prints. */
  says: string[];
  /** What its script ends as, by `exec`. */
  ends?: string;
  /** A value, or `SECRET/KEY`. */
  env: Record<string, string>;
  /** `VOLUME at PATH`, `VOLUME/SUBPATH at PATH`; read-only ones say so. */
  mounts: string[];
  settings: Settings;
}

export interface Facts {
  deployment: Settings;
  initContainers: Record<string, ContainerFacts>;
  containers: Record<string, ContainerFacts>;
  volumes: Settings;
  configMaps: Record<string, { metadata: Settings; files: string[] }>;
  kustomization: Pick<Kustomization, "namespace" | "resources">;
}

/** The facts of these manifests: one Deployment with the ConfigMaps that it mounts, and a Kustomization. */
export function readFacts(manifests: readonly Manifest[]): Facts {
  const { spec, ...deployment } = findManifest(manifests, "Deployment", "openclaw");
  const { initContainers = [], containers, volumes = [], ...pod } = spec?.template.spec ?? { containers: [] };
  const template = { ...spec?.template, spec: pod };
  const configMaps = ["openclaw-config", "openclaw-cron-jobs"].map((name) => {
    const { metadata, data } = findManifest(manifests, "ConfigMap", name);
    return [name, { metadata: flatten(metadata), files: Object.keys(data) }] as const;
  });
  const { namespace, resources } = findKustomization(manifests);
  return {
    deployment: flatten({ ...deployment, spec: { ...spec, template } }),
    initContainers: Object.fromEntries(initContainers.map(readContainer)),
    containers: Object.fromEntries(containers.map(readContainer)),
    volumes: volumes.flatMap(({ name, ...source }) => flatten({ [name]: source })),
    configMaps: Object.fromEntries(configMaps),
    kustomization: { namespace, resources },
  };
}

/** The same facts with their settings in order, to be compared. */
export function sortFacts(facts: Facts): Facts {
  return JSON.parse(JSON.stringify(facts), (key, value: unknown) =>
    SETTINGS.has(key) && Array.isArray(value) ? (value as string[]).toSorted() : value,
  ) as Facts;
}

const SETTINGS = new Set<string>(["deployment", "metadata", "settings"]);

/** The text that a container gives to `sh -c`; empty where it does not. */
export function scriptOf({ command, args }: IContainer): string {
  return command?.join(" ") === "sh -c" ? (args?.[0] ?? "") : "";
}

function readContainer(container: IContainer): [name: string, facts: ContainerFacts] {
  const { name, image = "", command = [], args = [], env = [], volumeMounts = [], ...settings } = container;
  const script = scriptOf(container);
  const [, ends] = /^exec (.*)$/m.exec(script) ?? [];
  const values = env.map(({ name: variable, value, valueFrom }): [string, string] => {
    const source = valueFrom?.secretKeyRef;
    return [variable, source ? `${source.name}/${source.key}` : (value ?? "")];
  });
  return [
    name,
    {
      image,
      command: script === "" ? [...command, ...args] : command,
      says: [...script.matchAll(/echo "(=== .* ===)"/g)].map(([, line = ""]) => line),
      ...(ends !== undefined && { ends }),
      env: Object.fromEntries(values),
      mounts: volumeMounts.map(describeMount),
      settings: flatten(settings),
    },
  ];
}

function describeMount({ name, subPath, mountPath, readOnly, ...rest }: IVolumeMount): string {
  if (Object.keys(rest).length > 0) throw new Error(`a mount with more than is compared: ${JSON.stringify(rest)}`);
  return `${name}${subPath ? `/${subPath}` : ""} at ${mountPath}${readOnly ? ", read-only" : ""}`;
}

function flatten(value: unknown, path = ""): Settings {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) {
    return [`${path}=${typeof value === "string" ? value : JSON.stringify(value)}`];
  }
  const join = (key: string) => (path === "" ? key : `${path}.${key}`);
  return Object.keys(value)
    .toSorted()
    .flatMap((key) => flatten((value as Record<string, unknown>)[key], join(key)));
}
