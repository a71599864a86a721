import { type Scratch, createScratch } from "./fakes.ts";
import { mustRun, run } from "./process.ts";

export const isRoot = process.getuid?.() === 0;

/** A volume of 64 KiB, mounted where only this test knows; gone with the test. */
export interface SmallVolume extends AsyncDisposable {
  readonly scratch: Scratch;
  readonly isMounted: boolean;
  /** Makes it what a PVC is that was mounted wrongly, or is none of that any more. */
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

/** Whether this machine lets us; a test that needs it is skipped visibly where it does not. */
export async function canMountSmallVolume(): Promise<boolean> {
  if (!isRoot || !Bun.which("mount")) return false;
  await using volume = await mountSmallVolume();
  return volume.isMounted;
}
