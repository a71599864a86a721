import { type Scratch, createScratch } from "./fakes.ts";
import { mustRun, run } from "./process.ts";

export const isRoot = process.getuid?.() === 0;

/** A volume of 64 KiB, mounted in a place that only this test knows. Disposal removes it. */
export interface SmallVolume extends AsyncDisposable {
  readonly scratch: Scratch;
  readonly isMounted: boolean;
  /** Makes it read-only, as a PVC that is mounted wrongly, or writable again. */
  remount(how: "ro" | "rw"): Promise<void>;
}

export async function mountSmallVolume(): Promise<SmallVolume> {
  const scratch = await createScratch();
  const mount = await run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", scratch.path]);
  return {
    scratch,
    isMounted: mount.exitCode === 0,
    async remount(how) {
      await mustRun("mount", ["-o", `remount,${how}`, scratch.path]);
    },
    async [Symbol.asyncDispose]() {
      if (mount.exitCode === 0) await run("umount", [scratch.path]);
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** Whether this machine allows that. A test that needs it is skipped visibly otherwise. */
export async function canMountSmallVolume(): Promise<boolean> {
  if (!isRoot || !Bun.which("mount")) return false;
  await using volume = await mountSmallVolume();
  return volume.isMounted;
}
