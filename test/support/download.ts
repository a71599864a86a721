import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CACHE } from "../../release/cache.ts";
import { mustRun } from "./process.ts";

/** Fills a cache directory once, under another name that is then renamed, so that an existing one is complete. */
export async function keepInCache(name: string, fill: (directory: string) => Promise<void>): Promise<string> {
  const directory = join(CACHE, name);
  if (existsSync(directory)) return directory;
  await mkdir(CACHE, { recursive: true });
  const aside = await mkdtemp(join(CACHE, `.${name}-`));
  try {
    await chmod(aside, 0o755); // it may hold another user's root directory
    console.error(`fetching ${name} …`);
    await fill(aside);
    await rename(aside, directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error; // else another process was faster, and its result is equal
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return directory;
}

/** Installs one package from npm into a directory. */
export async function install(spec: string, directory: string, flags: readonly string[] = []): Promise<void> {
  // Releases before 2026.4 name a package from git and one that was withdrawn.
  const overrides = { libsignal: "npm:libsignal@6.0.0", linkedom: "0.18.12" };
  await writeFile(join(directory, "package.json"), JSON.stringify({ private: true, overrides }));
  const quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--save-exact"];
  await mustRun("npm", ["install", ...quietly, ...flags, spec], { cwd: directory });
}
