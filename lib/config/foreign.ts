import { access, constants, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ManagerError } from "../errors.ts";
import { type ConfigGateway, type ConfigView, REDACTED } from "../gateway/config-calls.ts";
import { type Json, isJsonObject } from "../json.ts";
import type { Generation } from "./generation.ts";

/** How often to ask again, and how long to pause, in milliseconds: an answer may be of the file before the last one. */
const ATTEMPTS = 3;
const PAUSE_MS = 500;

/**
 * Finds out whether the gateway reads another file than ours (`OPENCLAW_CONFIG_PATH`, `OPENCLAW_STATE_DIR`, another
 * HOME). Two containers may mount one volume at different paths, so a different path alone means nothing.
 *
 * @returns the other path; undefined if it is our file, or if the gateway does not tell
 * @throws {ManagerError} as {@link ConfigGateway.readView} does
 */
async function findForeignPath(
  gateway: Pick<ConfigGateway, "readView">,
  pvcConfig: string,
  readLive: () => Promise<Generation | undefined>,
  pause: (ms: number) => Promise<void>,
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt++) {
    const view = await gateway.readView();
    if (view.path === undefined || (await isSamePath(view.path, pvcConfig))) return undefined;
    if (isSameContent(view, await readLive())) return undefined;
    if (attempt === ATTEMPTS) return view.path;
    await pause(PAUSE_MS);
  }
}

/** Creates a check that asks each gateway once. It throws like {@link foreignPathError} if that reads another file. */
export function createForeignCheck(
  pvcConfig: string,
  readLive: () => Promise<Generation | undefined>,
  pause: (ms: number) => Promise<void>,
): (gateway: ConfigGateway) => Promise<void> {
  const ours = new WeakSet<ConfigGateway>();
  return async (gateway) => {
    if (ours.has(gateway)) return;
    const path = await findForeignPath(gateway, pvcConfig, readLive, pause);
    if (path !== undefined) throw await foreignPathError(path, pvcConfig);
    ours.add(gateway);
  };
}

/** The error for a gateway that reads another file: whatever it says is not about ours. */
export class ForeignPathError extends ManagerError {}

async function foreignPathError(path: string, pvcConfig: string): Promise<ForeignPathError> {
  const isOurs = await access(dirname(path), constants.W_OK).then(
    () => true,
    () => false,
  );
  const hint = isOurs
    ? `set PVC_CONFIG=${path}`
    : "unset OPENCLAW_CONFIG_PATH and OPENCLAW_STATE_DIR of the gateway, or mount its volume here and set PVC_CONFIG";
  return new ForeignPathError("file", `the gateway reads ${path}, not ${pvcConfig}`, { hint });
}

async function isSamePath(one: string, other: string): Promise<boolean> {
  if (resolve(one) === resolve(other)) return true;
  const real = async (path: string) => {
    const directory = await realpath(dirname(path)).catch(() => undefined);
    return directory && join(directory, basename(path));
  };
  const [first, second] = await Promise.all([real(one), real(other)]);
  return first !== undefined && first === second;
}

function isSameContent({ hash, parsed }: ConfigView, live: Generation | undefined): boolean {
  if (!live) return false;
  if (hash === live.root.sha256) return true;
  const own = live.root.parsed;
  return own.kind === "parsed" && parsed !== undefined && isSameButSecrets(parsed as Json, own.value);
}

function isSameButSecrets(seen: Json, own: Json): boolean {
  if (seen === REDACTED) return true;
  if (Array.isArray(seen) && Array.isArray(own)) {
    return seen.length === own.length && seen.every((item, index) => isSameButSecrets(item, own[index] ?? null));
  }
  if (!isJsonObject(seen) || !isJsonObject(own)) return seen === own;
  const keys = Object.keys(seen);
  if (keys.length !== Object.keys(own).length) return false;
  return keys.every((key) => Object.hasOwn(own, key) && isSameButSecrets(seen[key] ?? null, own[key] ?? null));
}
