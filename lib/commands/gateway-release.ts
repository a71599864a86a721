import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createSystemClock } from "../clock.ts";
import { toResult, ManagerError } from "../errors.ts";
import type { CronStore } from "../gateway/store.ts";
import type { Transport } from "../gateway/transport.ts";
import type { JsonObject } from "../json.ts";
import type { Environment } from "../setting-sources.ts";
import type { Settings } from "../settings.ts";
import { isDefaultUrl } from "./gateway-port.ts";

/** How long anybody may take to accept a connection, in milliseconds. In a check before a merge, nobody listens. */
const ACCEPT_LIMIT_MS = 500;

/** How long the gateway may then take to let us in, in milliseconds. It is there: a busy one is worth the wait. */
const LOGIN_LIMIT_MS = 5_000;

/** How long closing may take, in milliseconds. */
const CLOSE_LIMIT_MS = 1_000;

/** What a gateway of the old protocol counts as that calls itself `dev`, as 2026.2 does. */
const OLDEST = "2026.2.9";

/**
 * Asks the gateway for its release; undefined if nobody listens, and an error if who listens does not let us in. One that
 * calls itself `dev` is 2026.2 where it speaks the old protocol; else undefined.
 */
export async function askRelease(settings: Settings, env: Environment): Promise<string | ManagerError | undefined> {
  if (settings.transport === "cli" || !(await isListening(settings.gatewayUrl))) return undefined;
  const transport = await openTransport(settings, env);
  try {
    const store = await Promise.race([toResult(transport.open()), sleep(LOGIN_LIMIT_MS, undefined)]);
    if (!store) return new ManagerError("unreachable", `it has not answered for ${LOGIN_LIMIT_MS / 1000} s`);
    return store instanceof ManagerError ? store : releaseOf(store);
  } finally {
    await close(transport);
  }
}

/** The number of a gateway's release; undefined for a build from source. */
export function releaseOf({ version, protocol }: Pick<CronStore, "version" | "protocol">): string | undefined {
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
  await Promise.race([transport.close(), sleep(CLOSE_LIMIT_MS)]);
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
    // Where this process had no turn for so long, the connection may be there by now.
    socket.on("timeout", () => setImmediate(() => end(false)));
    socket.on("error", () => end(false));
  });
}
