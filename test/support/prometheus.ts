import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { keepInCache } from "./download.ts";
import { mustRun } from "./process.ts";

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
  if (!Bun.which("apt-get") || !Bun.which("dpkg-deb")) {
    console.log("(skip) Prometheus: it comes from Debian, and there is no apt-get or no dpkg-deb here");
    return undefined;
  }
  const directory = await keepInCache("prometheus", fetchPackage);
  return { prometheus: join(directory, "prometheus"), promtool: join(directory, "promtool") };
}

async function fetchPackage(aside: string): Promise<void> {
  const unpacked = join(aside, "unpacked");
  // Its own lists of packages: most images have none, and those of the machine are not ours to fetch.
  const [lists, cache] = [join(unpacked, "lists"), join(unpacked, "cache")];
  for (const directory of [lists, cache]) await mkdir(join(directory, "partial"), { recursive: true });
  const own = ["-qq", "-o", `Dir::State::Lists=${lists}`, "-o", `Dir::Cache=${cache}`];
  for (const command of [["update"], ["download", "prometheus"]]) {
    await mustRun("apt-get", [...own, ...command], { cwd: unpacked });
  }
  const name = (await readdir(unpacked)).find((file) => file.endsWith(".deb"));
  if (name === undefined) throw new Error("apt-get download has fetched no package of Prometheus");
  await mustRun("dpkg-deb", ["--extract", name, "."], { cwd: unpacked });
  for (const program of ["prometheus", "promtool"]) {
    await rename(join(unpacked, "usr/bin", program), join(aside, program));
  }
  await rm(unpacked, { recursive: true });
}
