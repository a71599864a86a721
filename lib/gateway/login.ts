import type { Device } from "./device.ts";
import { ManagerError } from "../errors.ts";
import { type Features, featuresOf } from "./features.ts";
import { type Gateway, type GatewayOptions, connectGateway } from "./connection.ts";
import { isDeviceWanted } from "./refusal.ts";

export interface LoginOptions extends Omit<GatewayOptions, "device"> {
  /** Reads or creates the device key; called only when the gateway requires one. */
  readDevice: () => Promise<Device>;
}

/** A connection over which calls are accepted. */
export interface Session {
  readonly gateway: Gateway;
  readonly features: Features;
  /** Opens another connection with the same credentials, which reports neither its events nor its end. */
  readonly openAnother: () => Promise<Gateway>;
}

/**
 * Connects, and checks that calls are accepted. 2026.3 and 2026.4 accept a connection with the token, but refuse every
 * call without a device key; over loopback they pair such a device at once. We try without a key first: 2026.2.9
 * refuses a device, and the other releases do not need one.
 *
 * @throws {ManagerError} as {@link connectGateway} does; `refused` when a device key does not help either; `file` when
 * the key can be neither read nor created.
 */
export async function login({ readDevice, ...options }: LoginOptions): Promise<Session> {
  try {
    return await loginAs(undefined, options);
  } catch (error) {
    if (!isDeviceWanted(error)) throw error;
  }
  return loginAs(await readDevice(), options);
}

async function loginAs(device: Device | undefined, options: GatewayOptions): Promise<Session> {
  const gateway = await connectGateway({ ...options, device });
  let features: Features;
  try {
    await checkScope(gateway);
    features = await findFeatures(gateway);
  } catch (error) {
    await gateway.close();
    throw asUnreachable(error);
  }
  const silent = { onEvent: () => undefined, onClose: () => undefined };
  return { gateway, features, openAnother: () => openBeside(gateway, { ...options, ...silent, device }) };
}

/**
 * The token of a session can be rotated under it: then the session ends as a whole.
 *
 * @throws {ManagerError} `interrupted` when the gateway no longer accepts its credentials
 */
async function openBeside(gateway: Gateway, options: GatewayOptions): Promise<Gateway> {
  try {
    return await connectGateway(options);
  } catch (error) {
    if (!(error instanceof ManagerError) || error.code !== "refused") throw error;
    await gateway.close();
    throw new ManagerError("interrupted", error.message, { cause: error });
  }
}

function asUnreachable(error: unknown): unknown {
  if (!(error instanceof ManagerError) || error.code !== "interrupted") return error;
  return new ManagerError("unreachable", error.message, { cause: error });
}

/** Fails when our scope is missing; any call shows that, and any other answer is fine. */
async function checkScope(gateway: Gateway): Promise<void> {
  await isAccepted(gateway, "cron.status", {});
}

/** 2026.2.9 and 2026.2.26 both call themselves `dev`; only the second can send a list in pages. */
async function findFeatures(gateway: Gateway): Promise<Features> {
  const { version, protocol } = gateway;
  const hasPages = version === "dev" && protocol === 3 && (await isAccepted(gateway, "cron.list", { limit: 1 }));
  return featuresOf(hasPages ? "2026.2.26" : version, protocol);
}

/** Whether the gateway accepts this call rather than rejecting it. */
async function isAccepted(gateway: Gateway, method: string, params: object): Promise<boolean> {
  try {
    await gateway.call(method, params);
    return true;
  } catch (error) {
    if (!(error instanceof ManagerError) || error.code !== "rejected") throw error;
    if (gateway.isOpen) return false;
    throw new ManagerError("unreachable", error.message, { cause: error }); // its answer could not be read
  }
}
