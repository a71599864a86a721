// Which packages the bundler has put code of into a bundle.

import { readFileSync } from "node:fs";
import { dirname } from "node:path";

interface Metafile {
  outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>;
}

/**
 * Reads a metafile of Bun's bundler.
 *
 * @returns the directories of the packages of which there is code in the bundle, as the metafile names them, each with the
 * directories that this code is from.
 */
export function readBundled(metafile: string): Map<string, Set<string>> {
  const { outputs } = JSON.parse(readFileSync(metafile, "utf8")) as Metafile;
  const directories = new Map<string, Set<string>>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const [root] = /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
      if (root === undefined || bytesInOutput === 0) continue;
      directories.set(root, (directories.get(root) ?? new Set([root])).add(dirname(path)));
    }
  }
  return directories;
}

/** The name of a package by its directory. */
export function nameOfPackage(directory: string): string {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(directory)?.[1] ?? directory;
}
