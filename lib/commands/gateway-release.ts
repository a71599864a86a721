import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createSystemClock } from "../clock.ts";
import { toResult, ManagerError } from "../errors.ts";
import type { CronStore } from "../gateway/store.ts";
import type { Transport } from "../gateway/transport.ts";
import type { JsonObject } from "../json.ts";
import type { Environment, Settings } from "../settings.ts";
import { isDefaultUrl } from "./gateway-port.ts";

/** How long anybody may take to accept a connection, in milliseconds. In a check before a merge, nobody listens. */
const ACCEPT_LIMIT_MS = 200;

/** How long the gateway may then take to let us in, in milliseconds. */
const LOGIN_LIMIT_MS = 1_000;

/** What a gateway of the old protocol counts as that calls itself `dev`, as 2026.2 does. */
const OLDEST = "2026.2.9";

/**
 * Asks the gateway for its release, if one answers at once; undefined if none does, or it does not let us in. One that calls
 * itself `dev` is 2026.2 where it speaks the old protocol; else undefined.
 */
export async function askRelease(settings: Settings, env: Environment): Promise<string | undefined> {
  if (settings.transport === "cli" || !(await isListening(settings.gatewayUrl))) return undefined;
  const transport = await openTransport(settings, env);
  try {
    if (!(await transport.openConfig(LOGIN_LIMIT_MS))) return undefined;
    const store = await toResult(transport.open());
    return store instanceof ManagerError ? undefined : readRelease(store);
  } finally {
    await close(transport);
  }
}

/** The number of a gateway's release; undefined for a build from source. */
export function readRelease({ version, protocol }: Pick<CronStore, "version" | "protocol">): string | undefined {
  if (/^\d/.test(version)) return version;
  return (protocol ?? 4) < 4 ? OLDEST : undefined;
}

/**
 * Reads the gateway's JSON Schema of its config; undefined if the reply makes no sense.
 *
 * @throws {ManagerError} as the gateway's calls do: `unreachable`, `refused`, `rejected`
 */
export async function readGatewaySchema(settings: Settings, env: Environment): Promise<JsonObject | undefined> {
  const transport = await openTransport(settings, env);
  try {
    await transport.open();
    return await (await transport.openConfig(LOGIN_LIMIT_MS))?.readSchema();
  } finally {
    await close(transport);
  }
}

async function openTransport(settings: Settings, env: Environment): Promise<Transport> {
  // Loaded only where somebody listens.
  const { createTransport } = await import("../gateway/transport.ts");
  const { devicePathOf } = await import("../gateway/device.ts");
  const { pvcConfig, gatewayUrl, gatewayTokenFile } = settings;
  return createTransport({
    kind: "gateway", // the CLI takes seconds, and knows no schema
    address: { url: gatewayUrl, isDefault: isDefaultUrl(settings, env), pvcConfig, env },
    credentials: { tokenFile: gatewayTokenFile, pvcConfig, env },
    devicePath: devicePathOf(settings.stagingDir),
    mayCreate: false,
    log: () => undefined,
    onEvent: () => undefined,
    clock: createSystemClock(),
    signal: new AbortController().signal,
    memoryLimit: async () => undefined,
  });
}

async function close(transport: Transport): Promise<void> {
  await Promise.race([transport.close(), sleep(LOGIN_LIMIT_MS)]);
}

/** Whether somebody accepts a connection there. */
function isListening(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port || (protocol === "wss:" ? 443 : 80)),
      timeout: ACCEPT_LIMIT_MS,
    });
    const end = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.on("connect", () => end(true));
    socket.on("timeout", () => end(false));
    socket.on("error", () => end(false));
  });
}
