import { renameSync } from "node:fs";
import { chmod, mkdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A volume of a ConfigMap or a Secret, published and swapped as by the kubelet. */
export interface Volume {
  readonly path: string;
  /**
   * Publishes these files in one step: a rename replaces the link `..data`. A path such as `skills/x/SKILL.md` is that of
   * an item, with the mode that it has.
   */
  publish(files: VolumeFiles): Promise<void>;
  /** The same in two steps, for a test that needs the moment in between. */
  prepare(files: VolumeFiles): Promise<Swap>;
}

/** Files by path, with a mode where it is not that of the volume. */
export type VolumeFiles = Record<string, string | Uint8Array | { content: string | Uint8Array; mode: number }>;

/** A generation that is written and not visible yet. */
interface Swap {
  /** Makes it visible. Returns after that. */
  perform(): void;
  /** Removes the previous generation. */
  finish(): Promise<void>;
}

let generation = 0;

/** `FILE → ..data/FILE`, `..data → ..<timestamp>`, `..<timestamp>/FILE`. */
export async function createVolume(path: string): Promise<Volume> {
  await mkdir(path, { recursive: true });
  let published: string[] = [];

  async function prepare(files: VolumeFiles): Promise<Swap> {
    generation += 1;
    const name = `..2026_11_22_10_00_00.${String(generation).padStart(9, "0")}`;
    await mkdir(join(path, name));
    for (const [file, value] of Object.entries(files)) {
      const isPlain = typeof value === "string" || value instanceof Uint8Array;
      const { content, mode } = isPlain ? { content: value, mode: 0o644 } : value;
      await mkdir(dirname(join(path, name, file)), { recursive: true });
      await writeFile(join(path, name, file), content);
      await chmod(join(path, name, file), mode);
    }
    const old = await readlink(join(path, "..data")).catch(() => undefined);
    await symlink(name, join(path, "..data_tmp"));
    return {
      perform: () => renameSync(join(path, "..data_tmp"), join(path, "..data")),
      async finish() {
        const names = [...new Set(Object.keys(files).map((file) => file.split("/", 1)[0] ?? file))];
        for (const file of names) {
          if (!published.includes(file)) await symlink(join("..data", file), join(path, file));
        }
        for (const file of published) if (!names.includes(file)) await rm(join(path, file));
        published = names;
        if (old !== undefined) await rm(join(path, old), { recursive: true });
      },
    };
  }

  return {
    path,
    prepare,
    async publish(files) {
      const swap = await prepare(files);
      swap.perform();
      await swap.finish();
    },
  };
}
