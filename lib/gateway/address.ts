import { X509Certificate } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { isLoopback } from "./exposure.ts";
import { readRegularFile } from "../files/regular-file.ts";
import type { Json } from "../json.ts";
import type { Environment } from "../setting-sources.ts";
import { readLiveObject } from "./live-config.ts";

/** A real one has 2 KiB, a chain some more. */
const MAX_CERTIFICATE_BYTES = 65_536;

export interface AddressSources {
  /** The setting. */
  url: string;
  /** Whether nobody has set it: then it is `wss://` where the live config says that the gateway speaks TLS. */
  isDefault: boolean;
  pvcConfig: string;
  env: Environment;
}

/** Where the gateway is, and how to know it. */
export interface GatewayAddress {
  url: string;
  /** The only certificate that is accepted, in DER; undefined: any that an authority vouches for. */
  certificate?: Buffer | undefined;
  /** What to do when nobody is reached there. */
  hint?: string | undefined;
}

/**
 * Finds the gateway's address. On loopback its certificate is the one in the file that `gateway.tls` of the live config
 * names, as for OpenClaw's own CLI: the one that it makes by itself has no name and no authority. Reads anew at each
 * call, as credentials are read.
 */
export async function findAddress({ url, isDefault, pvcConfig, env }: AddressSources): Promise<GatewayAddress> {
  const tls = await readLiveObject(pvcConfig, "gateway.tls");
  const speaksTls = tls.enabled === true;
  const secure = url.replace(/^ws:/, "wss:");
  if (speaksTls && url !== secure && !isDefault) {
    return { url, hint: `the gateway speaks TLS: set OPENCLAW_GATEWAY_URL=${secure}` };
  }
  const actual = speaksTls ? secure : url;
  if (!speaksTls || !isLoopback(new URL(actual).hostname)) return { url: actual };
  const path = findCertificatePath(tls.certPath, pvcConfig, env);
  const certificate = await readCertificate(path);
  return certificate ? { url: actual, certificate } : { url: actual, hint: `make ${path} readable in this container` };
}

/** As OpenClaw finds it: in its state directory, unless the config says where. */
function findCertificatePath(named: Json | undefined, pvcConfig: string, env: Environment): string {
  const state = env.OPENCLAW_STATE_DIR || dirname(pvcConfig);
  const path = typeof named === "string" ? named.trim() : "";
  if (path === "") return join(state, "gateway", "tls", "gateway-cert.pem");
  const home = basename(state) === ".openclaw" ? dirname(state) : (env.HOME ?? "/");
  return path.startsWith("~/") ? join(home, path.slice(2)) : path;
}

/** Undefined if there is none that can be read. A Secret volume has links. */
async function readCertificate(path: string): Promise<Buffer | undefined> {
  try {
    const bytes = await readRegularFile(path, { maxBytes: MAX_CERTIFICATE_BYTES, follow: true });
    return bytes && new X509Certificate(bytes).raw;
  } catch {
    return undefined;
  }
}
