import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { dirname, join } from "node:path";
import { ManagerError } from "../errors.ts";
import { ObstacleError, explainUnread, readRegularFile } from "../files/regular-file.ts";
import { replaceFile, removeStaleTempFiles } from "../files/replace.ts";

/** Our identity for a gateway that trusts devices rather than tokens: an Ed25519 key and the id derived from it. */
export interface Device {
  /** SHA-256 of the raw public key, in hexadecimal. */
  deviceId: string;
  privateKeyPem: string;
  publicKeyPem: string;
}

/** A real key has 119 bytes. */
const MAX_KEY_BYTES = 16_384;

/**
 * Reads the device key; where there is none, creates it (mode 0600) if that is allowed.
 *
 * @throws {ManagerError} `file` when the file cannot be read or written, or holds no Ed25519 key; `refused` when there
 * is none and none may be made.
 */
export async function readDevice(path: string, { mayCreate }: { mayCreate: boolean }): Promise<Device> {
  try {
    const bytes = await readRegularFile(path, { maxBytes: MAX_KEY_BYTES });
    if (bytes) return toDevice(bytes.toString("utf8"));
  } catch (error) {
    const reason = error instanceof ObstacleError ? explainUnread(error) : "it is no key";
    throw new ManagerError("file", `cannot use the device key ${path}: ${reason}`, {
      hint: "remove it, and another one is made",
    });
  }
  if (!mayCreate) {
    throw new ManagerError("refused", `the gateway wants a device key, and there is none at ${path}`, {
      hint: "the sidecar makes it; this command writes nothing",
    });
  }
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  await removeStaleTempFiles(path);
  await replaceFile(path, Buffer.from(pem), 0o600);
  return toDevice(pem);
}

function toDevice(privateKeyPem: string): Device {
  const privateKey = createPrivateKey(privateKeyPem);
  if (privateKey.asymmetricKeyType !== "ed25519") throw new TypeError("not an Ed25519 key");
  const publicKeyPem = createPublicKey(privateKey).export({ type: "spki", format: "pem" });
  return {
    deviceId: createHash("sha256").update(rawPublicKey(publicKeyPem)).digest("hex"),
    privateKeyPem,
    publicKeyPem,
  };
}

/** Signs the payload; returns the signature in base64url. */
export function signPayload(privateKeyPem: string, payload: string): string {
  return sign(null, Buffer.from(payload), createPrivateKey(privateKeyPem)).toString("base64url");
}

/** The 32 raw bytes of the public key, in base64url. */
export function encodePublicKey(publicKeyPem: string): string {
  return rawPublicKey(publicKeyPem).toString("base64url");
}

function rawPublicKey(publicKeyPem: string): Buffer {
  return Buffer.from(createPublicKey(publicKeyPem).export({ format: "jwk" }).x ?? "", "base64url");
}

/** Where the device key is kept: beside the staging directory, on the volume, so that a new container is no new device. */
export function devicePathOf(stagingDir: string): string {
  return join(dirname(stagingDir), "config-manager-device.pem");
}
