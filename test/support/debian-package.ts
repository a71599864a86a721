import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./process.ts";

/** Whether packages of Debian can be had here. */
export function hasDebian(): boolean {
  return Boolean(Bun.which("apt-get") && Bun.which("dpkg-deb"));
}

/** Fetches packages of Debian and unpacks them into a directory. Nothing is installed, and root is not needed. */
export async function unpackPackages(names: readonly string[], unpacked: string): Promise<void> {
  // Its own lists of packages: most images have none, and those of the machine are not ours to fetch.
  const [lists, cache] = [join(unpacked, "lists"), join(unpacked, "cache")];
  for (const directory of [lists, cache]) await mkdir(join(directory, "partial"), { recursive: true });
  const own = ["-qq", "-o", `Dir::State::Lists=${lists}`, "-o", `Dir::Cache=${cache}`];
  for (const command of [["update"], ["download", ...names]]) {
    await mustRun("apt-get", [...own, ...command], { cwd: unpacked });
  }
  const archives = (await readdir(unpacked)).filter((file) => file.endsWith(".deb"));
  if (archives.length !== names.length) throw new Error(`apt-get download has not fetched all of ${names.join(", ")}`);
  for (const archive of archives) await mustRun("dpkg-deb", ["--extract", archive, "."], { cwd: unpacked });
}
