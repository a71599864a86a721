import { readFile } from "node:fs/promises";
import { ManagerError, systemCode } from "../errors.ts";
import type { Environment } from "../settings.ts";
import { parseJson5 } from "../text/json5.ts";

/** What we log in with. Never logged, never part of a message, never an argument of a program. */
export interface Credentials {
  token?: string;
  password?: string;
}

export interface CredentialSources {
  /** `--gateway-token-file` or `OPENCLAW_GATEWAY_TOKEN_FILE`. */
  tokenFile: string | undefined;
  pvcConfig: string;
  env: Environment;
}

export interface FoundCredentials {
  /** Empty when there are none: a gateway may require none. */
  credentials: Credentials;
  /** Where they were found, for a person: `OPENCLAW_GATEWAY_TOKEN`, `the file PATH`; undefined when there are none. */
  source: string | undefined;
}

/**
 * Finds the token or password, in this order: the token file, `OPENCLAW_GATEWAY_TOKEN`, `OPENCLAW_GATEWAY_PASSWORD`,
 * `gateway.auth` of the live config with its `${VAR}` resolved. Reads anew at each call, so that the next connection
 * uses a rotated token.
 *
 * @throws {ManagerError} `refused` when the token file cannot be read or is empty, or a variable is not set.
 */
export async function findCredentials({ tokenFile, pvcConfig, env }: CredentialSources): Promise<FoundCredentials> {
  if (tokenFile !== undefined) {
    return { credentials: { token: await readTokenFile(tokenFile) }, source: `the file ${tokenFile}` };
  }
  const { OPENCLAW_GATEWAY_TOKEN: token, OPENCLAW_GATEWAY_PASSWORD: password } = env;
  if (token) return { credentials: { token }, source: "OPENCLAW_GATEWAY_TOKEN" };
  if (password) return { credentials: { password }, source: "OPENCLAW_GATEWAY_PASSWORD" };
  const auth = await readAuth(pvcConfig);
  const isPassword = auth.mode === "password" || (auth.mode === undefined && auth.token === undefined);
  const kind = isPassword ? "password" : "token";
  const source = `gateway.auth.${kind} of ${pvcConfig}`;
  const value = resolveVariables(auth[kind], env, source);
  return value ? { credentials: { [kind]: value }, source } : { credentials: {}, source: undefined };
}

async function readTokenFile(path: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(path, "utf8")).trim();
  } catch (error) {
    throw new ManagerError("refused", `cannot read the gateway's token from ${path}: ${systemCode(error)}`);
  }
  if (token === "") throw new ManagerError("refused", `the gateway's token file ${path} is empty`);
  return token;
}

async function readAuth(pvcConfig: string): Promise<Record<string, unknown>> {
  try {
    const config = parseJson5(await readFile(pvcConfig, "utf8")) as {
      gateway?: { auth?: Record<string, unknown> };
    } | null;
    return config?.gateway?.auth ?? {};
  } catch {
    return {}; // missing or broken: the config reconciler reports it
  }
}

const REFERENCE = /\$?\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Resolves `${VAR}` and `${VAR:-default}` as OpenClaw does; `$${VAR}` stands for the literal `${VAR}`.
 * Undefined for a value that is no text, such as a SecretRef.
 */
function resolveVariables(value: unknown, env: Environment, place: string): string | undefined {
  if (typeof value !== "string") return undefined;
  const end = value.lastIndexOf("}") + 1; // a reference that never ends would be looked for again from each one in it
  const resolve = (match: string, name: string, fallback?: string) => {
    if (match.startsWith("$$")) return match.slice(1);
    const resolved = env[name] || fallback;
    if (resolved !== undefined) return resolved;
    throw new ManagerError("refused", `${place} refers to ${name}, which is not set in this container`, {
      hint: "give this container the variable, or OPENCLAW_GATEWAY_TOKEN",
    });
  };
  return value.slice(0, end).replace(REFERENCE, resolve) + value.slice(end);
}
