import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasDebian, unpackPackages } from "./debian-package.ts";
import { keepInCache } from "./download.ts";

/**
 * How a program for arm64 is run here: what to put before it. By qemu's user emulation with Debian's glibc for arm64, which
 * are fetched into the cache, once; nothing is installed.
 *
 * @returns undefined, after a line that says so, where there is no apt to fetch them with.
 */
export async function getArm64(): Promise<string[] | undefined> {
  if (process.arch === "arm64") return [];
  if (!hasDebian()) {
    console.log("(skip) arm64: qemu comes from Debian, and there is no apt-get or no dpkg-deb here");
    return undefined;
  }
  const directory = await keepInCache("qemu-arm64", fetchPackages);
  return [join(directory, "qemu-aarch64-static"), "-L", join(directory, "root")];
}

async function fetchPackages(aside: string): Promise<void> {
  const unpacked = join(aside, "unpacked");
  await mkdir(unpacked);
  await unpackPackages(["qemu-user-static", "libc6-arm64-cross"], unpacked);
  await rename(join(unpacked, "usr/bin/qemu-aarch64-static"), join(aside, "qemu-aarch64-static"));
  await rename(join(unpacked, "usr/aarch64-linux-gnu"), join(aside, "root"));
  await rm(unpacked, { recursive: true });
}
