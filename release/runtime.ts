// runtime.ts TARGET: prints the path of the Bun that a binary for this target consists of, which build.sh compiles into it.
//
// Bun would fetch it by itself, and take what comes. This one is held against the lock file.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { CACHE } from "./cache.ts";
import { RUNTIMES, readLocked } from "./lock.ts";

const target = process.argv[2] ?? "";
const name = RUNTIMES[target];
if (name === undefined) throw new Error(`no Bun is known for the target ${target}`);
console.log(isThisMachine(target) ? process.execPath : getRuntime(name));

/** The Bun that runs this is the one: npm has installed it as the lock file pins it. */
function isThisMachine(candidate: string): boolean {
  return candidate === `${process.platform}-${process.arch}`;
}

/** Fetches a package of Bun from npm into the cache, once. */
function getRuntime(packageName: string): string {
  const { version, integrity } = readLocked(packageName);
  const file = join(CACHE, `${packageName.replace("@oven/", "")}-${version}`);
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  const aside = mkdtempSync(join(CACHE, ".bun-"));
  try {
    const stdio = ["ignore", "pipe", "inherit"] as const;
    execFileSync("npm", ["pack", "--silent", `${packageName}@${version}`], { cwd: aside, stdio: [...stdio] });
    const archive = join(aside, readdirSync(aside)[0] ?? "");
    const found = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
    if (found !== integrity) {
      throw new Error(`${packageName} ${version} from npm is ${found}, and not ${integrity}: nothing is built from it`);
    }
    execFileSync("tar", ["-xzf", archive, "package/bin/bun"], { cwd: aside });
    renameSync(join(aside, "package/bin/bun"), file);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return file;
}
