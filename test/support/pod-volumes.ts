import { chmod, chown, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { IKeyToPath, IPodSpec, IVolumeMount } from "kubernetes-models/v1";
import type { Mount } from "./container.ts";
import { mustRun } from "./process.ts";
import { toNumber } from "./quantities.ts";
import { type Volume, type VolumeFiles, createVolume } from "./volume.ts";

/** The content of a Pod's volumes. */
export interface VolumeSources {
  /** By name, then by key. */
  configMaps: Record<string, Record<string, string>>;
  secrets: Record<string, Record<string, string>>;
  /** The directories of the claims, by the name of the claim. */
  readonly claims: string;
}

/** The volumes of a Pod, as the kubelet lays them out on the node. */
export interface PodVolumes {
  /** How a container mounts one of them. */
  mount(this: void, mount: IVolumeMount): Promise<Mount>;
  /** Swaps the volumes of this ConfigMap or Secret. @returns when, in ms since 1970. */
  publish(name: string, data: Record<string, string>): Promise<number>;
  /** Swaps those of which the source has changed: what a sync of a Pod does. */
  refresh(this: void): Promise<void>;
  /** Unmounts what is in memory. */
  unmount(): Promise<void>;
}

/** A volume that is swapped, and what it takes of a ConfigMap or a Secret. */
interface Published {
  volume: Volume;
  items: readonly IKeyToPath[] | undefined;
  mode: number;
  /** What it has been published from. */
  shown?: string;
}

/** Lays out the volumes of a Pod: links and swaps, items, claims that outlive it, memory, and fsGroup. */
export async function mountVolumes(spec: IPodSpec, sources: VolumeSources, directory: string): Promise<PodVolumes> {
  const group = spec.securityContext?.fsGroup ?? 0;
  const places = new Map<string, string>();
  const published = new Map<string, Published[]>();
  const inMemory: string[] = [];
  for (const { name, configMap, secret, emptyDir, persistentVolumeClaim } of spec.volumes ?? []) {
    const place = persistentVolumeClaim ? join(sources.claims, persistentVolumeClaim.claimName) : join(directory, name);
    await mkdir(place, { recursive: true });
    places.set(name, place);
    const source = configMap ?? secret;
    if (!source) {
      if (emptyDir?.medium === "Memory") {
        await mustRun("mount", [
          "-t",
          "tmpfs",
          "-o",
          `size=${toNumber(emptyDir.sizeLimit) ?? 2 ** 24}`,
          "tmpfs",
          place,
        ]);
        inMemory.push(place);
      }
      await giveToGroup(place, group);
      if (emptyDir) await chmod(place, 0o2777);
      continue;
    }
    const sourceName = configMap?.name ?? secret?.secretName ?? "";
    const kept: Published = {
      volume: await createVolume(place),
      items: source.items,
      mode: source.defaultMode ?? 0o644,
    };
    const data = (configMap ? sources.configMaps : sources.secrets)[sourceName];
    if (data) await show(kept, data);
    else if (!source.optional) throw new Error(`there is no ConfigMap or Secret ${sourceName}`);
    published.set(sourceName, [...(published.get(sourceName) ?? []), kept]);
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
    async publish(name, data) {
      let atMs = Date.now();
      for (const kept of published.get(name) ?? []) {
        atMs = Date.now();
        await show(kept, data);
      }
      return atMs;
    },
    async refresh() {
      for (const [name, all] of published) {
        const data = sources.configMaps[name] ?? sources.secrets[name];
        for (const kept of all) if (data && kept.shown !== JSON.stringify(data)) await show(kept, data);
      }
    },
    async unmount() {
      for (const place of inMemory) await mustRun("umount", [place]);
    },
  };
}

async function show(kept: Published, data: Record<string, string>): Promise<void> {
  await kept.volume.publish(select(kept, data));
  kept.shown = JSON.stringify(data);
}

/** The files that a volume has of this data: its items, or each key. */
function select({ items, mode }: Published, data: Record<string, string>): VolumeFiles {
  const all = items ?? Object.keys(data).map((key) => ({ key, path: key, mode: undefined }));
  return Object.fromEntries(
    all.flatMap((item) => {
      const content = data[item.key];
      return content === undefined ? [] : [[item.path, { content, mode: item.mode ?? mode }]];
    }),
  );
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
