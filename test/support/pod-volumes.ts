import { chmod, chown, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { IPodSpec, IVolumeMount } from "kubernetes-models/v1";
import type { Mount } from "./container.ts";
import { type Volume, createVolume } from "./volume.ts";

/** The content of a Pod's volumes. */
export interface VolumeSources {
  /** By name, then by file. */
  configMaps: Record<string, Record<string, string>>;
  /** The directories of the claims, by the name of the claim. */
  readonly claims: string;
}

/** The volumes of a Pod, as the kubelet lays them out on the node. */
export interface PodVolumes {
  /** How a container mounts one of them. */
  mount(this: void, mount: IVolumeMount): Promise<Mount>;
  /** Swaps the volumes of this ConfigMap. @returns when, in ms since 1970. */
  publish(configMap: string, files: Record<string, string>): Promise<number>;
}

/** Lays out the volumes of a Pod: links and swaps of ConfigMaps, claims that outlive it, and fsGroup. */
export async function mountVolumes(spec: IPodSpec, sources: VolumeSources, directory: string): Promise<PodVolumes> {
  const group = spec.securityContext?.fsGroup ?? 0;
  const places = new Map<string, string>();
  const published = new Map<string, Volume[]>();
  for (const { name, configMap, emptyDir, persistentVolumeClaim } of spec.volumes ?? []) {
    const place = persistentVolumeClaim ? join(sources.claims, persistentVolumeClaim.claimName) : join(directory, name);
    await mkdir(place, { recursive: true });
    places.set(name, place);
    if (!configMap) {
      await giveToGroup(place, group);
      if (emptyDir) await chmod(place, 0o2777);
      continue;
    }
    const volume = await createVolume(place);
    const files = sources.configMaps[configMap.name ?? ""];
    if (files) await volume.publish(files);
    else if (!configMap.optional) throw new Error(`there is no ConfigMap ${configMap.name}`);
    published.set(configMap.name ?? "", [...(published.get(configMap.name ?? "") ?? []), volume]);
  }
  return {
    async mount({ name, mountPath, readOnly = false, subPath = "" }) {
      const place = places.get(name);
      if (place === undefined) throw new Error(`there is no volume ${name}`);
      const source = join(place, subPath);
      await mkdir(source, { recursive: true });
      if (subPath) await giveToGroup(source, group);
      return { source, destination: mountPath, options: ["rbind", readOnly ? "ro" : "rw"] };
    },
    async publish(configMap, files) {
      let atMs = Date.now();
      for (const volume of published.get(configMap) ?? []) {
        atMs = Date.now();
        await volume.publish(files);
      }
      return atMs;
    },
  };
}

/** What fsGroup does to a writable volume, each time that it is mounted. */
async function giveToGroup(directory: string, group: number): Promise<void> {
  await chown(directory, (await stat(directory)).uid, group);
  await chmod(directory, 0o2775);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await giveToGroup(path, group);
    else if (entry.isFile()) {
      const { uid, mode } = await stat(path);
      await chown(path, uid, group);
      await chmod(path, mode | 0o660);
    }
  }
}
