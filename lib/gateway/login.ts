import type { Device } from "./device.ts";
import { ManagerError } from "../errors.ts";
import { type Features, featuresOf } from "./features.ts";
import { type Gateway, type GatewayOptions, connectGateway } from "./connection.ts";
import { isScopeMissing } from "./refusal.ts";

export interface LoginOptions extends Omit<GatewayOptions, "device"> {
  /** The device key; asked for only where a gateway wants one. */
  readDevice: () => Promise<Device>;
}

/** A connection over which jobs can be read and written. */
export interface Session {
  readonly gateway: Gateway;
  readonly features: Features;
  /** Another connection like it, for the same credentials; nobody hears of its events, or of its end. */
  readonly openAnother: () => Promise<Gateway>;
}

/**
 * Connects, and makes sure that we may do something. 2026.3 and 2026.4 greet whoever has the token, and refuse
 * them each call until they come with a device key; over loopback such a device is paired at once. First without:
 * 2026.2.9 takes no device key, and the others want none.
 *
 * @throws {ManagerError} as {@link connectGateway} does, `refused` where a device key does not help either, or
 * `file` where there can be none.
 */
export async function login({ readDevice, ...options }: LoginOptions): Promise<Session> {
  try {
    return await loginAs(undefined, options);
  } catch (error) {
    if (!isScopeMissing(error)) throw error;
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
    throw error;
  }
  const silent = { onEvent: () => undefined, onClose: () => undefined };
  return { gateway, features, openAnother: () => connectGateway({ ...options, ...silent, device }) };
}

/** Any call will do, and any answer, but for the one that all are refused. */
async function checkScope(gateway: Gateway): Promise<void> {
  await isTaken(gateway, "cron.status", {});
}

/** 2026.2.9 and 2026.2.26 both call themselves `dev`; the second alone can send a list in pages. */
async function findFeatures(gateway: Gateway): Promise<Features> {
  const { version, protocol } = gateway;
  const hasPages = version === "dev" && protocol === 3 && (await isTaken(gateway, "cron.list", { limit: 1 }));
  return featuresOf(hasPages ? "2026.2.26" : version, protocol);
}

/** Whether the gateway takes this call, rather than refusing it. */
async function isTaken(gateway: Gateway, method: string, params: object): Promise<boolean> {
  try {
    await gateway.call(method, params);
    return true;
  } catch (error) {
    if (!(error instanceof ManagerError) || error.code !== "rejected") throw error;
    return false;
  }
}
