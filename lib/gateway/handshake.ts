import process from "node:process";
import {
  GATEWAY_CLIENT_MODES,
  GATEWAY_CLIENT_NAMES,
  PROTOCOL_VERSION,
  buildDeviceAuthPayloadV3,
  buildGatewayConnectAuth,
  selectGatewayConnectAuth,
} from "@openclaw/gateway-client/browser";
import type { Credentials } from "./credentials.ts";
import type { Device } from "./device.ts";

const CLIENT = {
  id: GATEWAY_CLIENT_NAMES.GATEWAY_CLIENT,
  displayName: "config-manager",
  version: "0.0.0",
  platform: process.platform,
  mode: GATEWAY_CLIENT_MODES.BACKEND,
} as const;
const ROLE = "operator";
const SCOPES = ["operator.admin"];

/** What the gateway sends before `connect`; a device signs it. */
export interface Challenge {
  nonce: string | null;
  /** In milliseconds since 1970. */
  challengeTs?: number | null | undefined;
}

/** The parameters of `connect`: who we are, what we want to do, and what proves that we may. */
export async function buildConnectParams(
  credentials: Credentials,
  device: Device | undefined,
  { nonce, challengeTs }: Challenge,
) {
  const auth = selectGatewayConnectAuth(credentials);
  return {
    minProtocol: 3, // 2026.2.9
    maxProtocol: PROTOCOL_VERSION, // 2026.5 and later
    client: CLIENT,
    caps: [],
    auth: buildGatewayConnectAuth(auth),
    role: ROLE,
    scopes: SCOPES,
    ...(device && { device: await signDevice(device, auth.signatureToken, nonce ?? "", challengeTs ?? Date.now()) }),
  };
}

/** Proves that we hold the device's private key, now. */
async function signDevice(device: Device, token: string | undefined, nonce: string, signedAtMs: number) {
  const { encodePublicKey, signPayload } = await import("./device.ts");
  const { id: clientId, mode: clientMode, platform } = CLIENT;
  const { deviceId: id, publicKeyPem, privateKeyPem } = device;
  const identity = { deviceId: id, clientId, clientMode, role: ROLE, scopes: SCOPES, platform };
  const payload = buildDeviceAuthPayloadV3({ ...identity, signedAtMs, token: token ?? null, nonce });
  const signature = signPayload(privateKeyPem, payload);
  return { id, publicKey: encodePublicKey(publicKeyPem), signature, signedAt: signedAtMs, nonce };
}
