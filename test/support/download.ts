import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";

/** Outside the checkout, because each run of CI is a fresh clone. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "config-manager");

/** Installs one package from npm into a directory of its own, once. A directory that is there is whole. */
export async function install(spec: string, name: string, flags: readonly string[] = []): Promise<string> {
  const directory = join(CACHE, name);
  if (existsSync(directory)) return directory;
  await mkdir(CACHE, { recursive: true });
  const aside = await mkdtemp(join(CACHE, `.${name}-`));
  // Releases before 2026.4 name a package from git and one that was withdrawn.
  const overrides = { libsignal: "npm:libsignal@6.0.0", linkedom: "0.18.12" };
  await writeFile(join(aside, "package.json"), JSON.stringify({ private: true, overrides }));
  console.error(`downloading ${spec} …`);
  await $`npm install --ignore-scripts --no-audit --no-fund --loglevel=error --save-exact ${flags} ${spec}`
    .cwd(aside)
    .quiet();
  // Somebody else may have been faster; theirs is as good.
  await rename(aside, directory).catch(() => rm(aside, { recursive: true, force: true }));
  return directory;
}
