// What package-lock.json pins.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");

/** The package of Bun's own program, by the names of build.sh's targets. */
export const RUNTIMES: Readonly<Record<string, string>> = {
  "linux-x64": "@oven/bun-linux-x64",
  "linux-x64-baseline": "@oven/bun-linux-x64-baseline",
  "linux-arm64": "@oven/bun-linux-aarch64",
};

/** Packages that the lock file cannot have, because Bun does not ask for them. To be renewed with Bun. */
const OTHERS: Readonly<Record<string, string>> = {
  "@oven/bun-linux-x64-baseline@1.4.5":
    "sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==",
};

/** A package as it is pinned. */
export interface Locked {
  name: string;
  version: string;
  /** `sha512-` and the digest of its archive in base64. */
  integrity: string;
  /** What its package.json says; undefined where it says nothing, or is not installed. */
  license: string | undefined;
}

/**
 * Looks a package up.
 *
 * @throws where neither the lock file nor this file has it.
 */
export function readLocked(name: string): Locked {
  const { packages } = readJson("package-lock.json") as {
    packages: Record<string, { version?: string; integrity?: string; license?: string }>;
  };
  const version = packages[`node_modules/${name}`]?.version ?? packages["node_modules/bun"]?.version ?? "";
  const integrity = packages[`node_modules/${name}`]?.integrity ?? OTHERS[`${name}@${version}`];
  if (integrity === undefined) {
    throw new Error(
      `${name} ${version} is not pinned: \`npm view ${name}@${version} dist.integrity\`, for release/lock.ts`,
    );
  }
  return { name, version, integrity, license: packages[`node_modules/${name}`]?.license };
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, name), "utf8"));
}
