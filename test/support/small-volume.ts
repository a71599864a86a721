import { type Scratch, createScratch } from "./fakes.ts";

export const isRoot = process.getuid?.() === 0;

/** A volume of 64 KiB, mounted where only this test knows; gone with the test. */
export interface SmallVolume extends AsyncDisposable {
  readonly scratch: Scratch;
  readonly isMounted: boolean;
  /** Makes it what a PVC is that was mounted wrongly, or is none of that any more. */
  remount(how: "ro" | "rw"): void;
}

export async function mountSmallVolume(): Promise<SmallVolume> {
  const scratch = await createScratch();
  const mount = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", scratch.path]);
  return {
    scratch,
    isMounted: mount.exitCode === 0,
    remount(how) {
      const { exitCode, stderr } = Bun.spawnSync(["mount", "-o", `remount,${how}`, scratch.path]);
      if (exitCode !== 0) throw new Error(`cannot remount ${scratch.path} ${how}: ${stderr.toString()}`);
    },
    async [Symbol.asyncDispose]() {
      if (mount.exitCode === 0) Bun.spawnSync(["umount", scratch.path]);
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
