import { cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import lock from "../../package-lock.json" with { type: "json" };
import { mustRun } from "./process.ts";
import { REPOSITORY } from "./repository.ts";

/** The same commit wherever it is made. */
const IDENTITY = Object.fromEntries(
  ["AUTHOR", "COMMITTER"].flatMap((who) => [
    [`GIT_${who}_NAME`, "test"],
    [`GIT_${who}_EMAIL`, "test@example.com"],
    [`GIT_${who}_DATE`, "2026-01-02T03:04:05Z"],
  ]),
);

/** A git repository of these sources, as they are now, changes included, in one commit, with the packages that it needs to build. */
export interface Copy {
  readonly directory: string;
  git(...args: readonly string[]): Promise<string>;
}

/** Makes a copy in a directory that is not there yet. */
export async function copySources(directory: string): Promise<Copy> {
  const run = async (cwd: string, args: readonly string[]) => {
    const env = { ...process.env, ...IDENTITY, GIT_CONFIG_GLOBAL: "/dev/null" };
    return mustRun("git", [...args], { cwd, env });
  };
  const listed = await run(REPOSITORY, ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  const names = listed.split("\0").filter((name) => name !== "" && name !== "node_modules");
  for (const name of names) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await cp(join(REPOSITORY, name), join(directory, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error; // it has been removed, and that is in no commit yet
    });
  }
  const git = (...args: readonly string[]) => run(directory, args);
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all");
  await git("commit", "--quiet", "--no-gpg-sign", "--message=sources");
  await copyPackages(directory);
  return { directory, git };
}

/** What install.yaml is rendered with, besides what goes into the binary. */
const ALSO = new Set(["node_modules/fflate"]);

/** Copies, and does not link, what a build needs of the packages: a link is followed, and the paths behind it get into the bundle. */
async function copyPackages(directory: string): Promise<void> {
  const packages = lock.packages as Record<string, { dev?: boolean }>;
  const needed = Object.entries(packages).filter(([name, { dev }]) => name !== "" && (dev !== true || ALSO.has(name)));
  for (const [name] of needed) {
    const options = { recursive: true, verbatimSymlinks: true };
    await cp(join(REPOSITORY, name), join(directory, name), options).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error; // it is for another platform
    });
  }
  await mkdir(join(directory, "node_modules/.bin"), { recursive: true });
  const options = { verbatimSymlinks: true };
  await cp(join(REPOSITORY, "node_modules/.bin/bun"), join(directory, "node_modules/.bin/bun"), options);
  // Newer than package-lock.json: build.sh takes the packages for installed.
  await cp(join(REPOSITORY, "node_modules/.package-lock.json"), join(directory, "node_modules/.package-lock.json"));
}
