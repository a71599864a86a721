import { join } from "node:path";
import { parseConfig } from "../config/document.ts";
import { toResult, ManagerError } from "../errors.ts";
import { isLoopback } from "../gateway/exposure.ts";
import { readRegularFile } from "../files/regular-file.ts";
import { readVolume } from "../files/volume.ts";
import { readPath } from "../json.ts";
import { type Environment, SETTING_SOURCES } from "../setting-sources.ts";
import type { Settings } from "../settings.ts";

/** The `gateway.port` of a config file. */
export interface ConfigPort {
  path: string;
  port: number;
  /** Whether the gateway reads this file; else it is Git's. */
  isLive: boolean;
}

/** A config whose port is not that of the address that we use. */
export interface PortMismatch extends Pick<ConfigPort, "path" | "isLive"> {
  message: string;
  /** The setting that would make them equal. */
  hint: string;
}

/** Reads `gateway.port` of the live config, then of Git's. Leaves out a file that does not say one as a number. */
export async function readConfigPorts({
  configDir,
  pvcConfig,
}: Pick<Settings, "configDir" | "pvcConfig">): Promise<ConfigPort[]> {
  const [live, volume] = await Promise.all([
    readRegularFile(pvcConfig).catch(() => undefined),
    toResult(readVolume(configDir, (name) => name === "openclaw.json")),
  ]);
  const desired = volume instanceof ManagerError ? undefined : volume?.[0]?.bytes;
  return [
    { path: pvcConfig, port: readPort(live), isLive: true },
    { path: join(configDir, "openclaw.json"), port: readPort(desired), isLive: false },
  ].filter((each): each is ConfigPort => each.port !== undefined);
}

function readPort(bytes: Buffer | undefined): number | undefined {
  const config = bytes && parseConfig(bytes);
  const port = config?.kind === "parsed" ? readPath(config.value, "gateway.port") : undefined;
  return typeof port === "number" && Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}

/**
 * Finds the first config with another port than the gateway's address. Only for an address of this Pod: a Service or a
 * proxy may have a port of its own. The gateway's `--port` and its `OPENCLAW_GATEWAY_PORT` beat its config, so while it
 * answers, a mismatch is no error. Pure.
 */
export function findPortMismatch(
  gatewayUrl: string,
  ports: readonly ConfigPort[],
  env: Environment,
): PortMismatch | undefined {
  const url = new URL(gatewayUrl);
  const port = Number(url.port || (url.protocol === "wss:" ? 443 : 80));
  const other = isLoopback(url.hostname) ? ports.find((each) => each.port !== port) : undefined;
  if (!other) return undefined;
  const { path, isLive } = other;
  const message = `gateway.port of ${path} is another port than that of ${gatewayUrl}`;
  return { path, isLive, message, hint: suggest(gatewayUrl, other.port, env) };
}

/** Whether nobody has set the gateway's address, as far as that shows. */
export function isDefaultUrl({ gatewayUrl }: Pick<Settings, "gatewayUrl">, env: Environment): boolean {
  const { env: variable, default: toDefault } = SETTING_SOURCES.gatewayUrl;
  return !env[variable] && gatewayUrl === toDefault(env);
}

/** Suggests the port by the setting that the address came from. */
function suggest(gatewayUrl: string, port: number, env: Environment): string {
  const { env: variable, flag, default: toDefault } = SETTING_SOURCES.gatewayUrl;
  const wanted = new URL(gatewayUrl);
  wanted.port = String(port);
  const text = wanted.pathname === "/" && !gatewayUrl.endsWith("/") ? wanted.href.replace(/\/$/, "") : wanted.href;
  if (env[variable] === gatewayUrl) return `${variable}=${text}`;
  // The scheme of the default may follow the config.
  return toDefault(env)?.replace(/^ws:/, wanted.protocol) === gatewayUrl
    ? `OPENCLAW_GATEWAY_PORT=${port}`
    : `${flag}=${text}`;
}
