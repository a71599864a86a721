import { renameSync } from "node:fs";
import { mkdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A ConfigMap volume, published and swapped as by the kubelet. */
export interface Volume {
  readonly path: string;
  /** Publishes these files in one step: a rename replaces the link `..data`. */
  publish(files: Record<string, string | Uint8Array>): Promise<void>;
  /** The same in two steps, for a test that needs the moment in between. */
  prepare(files: Record<string, string | Uint8Array>): Promise<Swap>;
}

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

  async function prepare(files: Record<string, string | Uint8Array>): Promise<Swap> {
    generation += 1;
    const name = `..2026_11_22_10_00_00.${String(generation).padStart(9, "0")}`;
    await mkdir(join(path, name));
    for (const [file, content] of Object.entries(files)) await writeFile(join(path, name, file), content);
    const old = await readlink(join(path, "..data")).catch(() => undefined);
    await symlink(name, join(path, "..data_tmp"));
    return {
      perform: () => renameSync(join(path, "..data_tmp"), join(path, "..data")),
      async finish() {
        const names = Object.keys(files);
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
