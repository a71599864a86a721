import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasDebian, unpackPackages } from "./debian-package.ts";
import { keepInCache } from "./download.ts";

/** Prometheus and its promtool, unpacked from Debian's package. */
export interface Prometheus {
  readonly prometheus: string;
  readonly promtool: string;
}

/**
 * Fetches Debian's package of Prometheus into the cache, once. Nothing is installed, and root is not needed.
 *
 * @returns undefined, after a line that says so, where there is no apt to fetch it with.
 */
export async function getPrometheus(): Promise<Prometheus | undefined> {
  if (!hasDebian()) {
    console.log("(skip) Prometheus: it comes from Debian, and there is no apt-get or no dpkg-deb here");
    return undefined;
  }
  const directory = await keepInCache("prometheus", fetchPackage);
  return { prometheus: join(directory, "prometheus"), promtool: join(directory, "promtool") };
}

async function fetchPackage(aside: string): Promise<void> {
  const unpacked = join(aside, "unpacked");
  await mkdir(unpacked);
  await unpackPackages(["prometheus"], unpacked);
  for (const program of ["prometheus", "promtool"]) {
    await rename(join(unpacked, "usr/bin", program), join(aside, program));
  }
  await rm(unpacked, { recursive: true });
}
