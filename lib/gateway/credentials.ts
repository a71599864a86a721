import { readFile } from "node:fs/promises";
import { ManagerError, systemCode } from "../errors.ts";
import { parseJson5 } from "../text/json5.ts";

/** What opens the gateway's door. Never logged, never part of a message, never an argument of a program. */
export interface Credentials {
  token?: string;
  password?: string;
}

export interface CredentialSources {
  /** `--gateway-token-file` or `OPENCLAW_GATEWAY_TOKEN_FILE`. */
  tokenFile: string | undefined;
  pvcConfig: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** What was found, and where, for a person: `OPENCLAW_GATEWAY_TOKEN`, `the file PATH`; undefined where there is nothing. */
export interface FoundCredentials {
  credentials: Credentials;
  source: string | undefined;
}

/**
 * Finds token or password, in this order: the token file, `OPENCLAW_GATEWAY_TOKEN`,
 * `OPENCLAW_GATEWAY_PASSWORD`, `gateway.auth` of the live config with its `${VAR}` resolved. Reads anew
 * at each call, so that a rotated token is found at the next connection. Empty when there is none:
 * a gateway may want none.
 *
 * @throws {ManagerError} `refused` when a source is named and cannot be used.
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
    return {}; // no config, or a broken one: the config reconciler has its own word on that
  }
}

/**
 * Resolves `${VAR}` and `${VAR:-default}` as OpenClaw does, for which `$${VAR}` is the text `${VAR}` itself.
 * Anything but text (a SecretRef) is not for us to read.
 */
function resolveVariables(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
  place: string,
): string | undefined {
  if (typeof value !== "string") return undefined;
  return value.replace(/\$?\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g, (match, name: string, fallback?: string) => {
    if (match.startsWith("$$")) return match.slice(1);
    const resolved = env[name] || fallback;
    if (resolved !== undefined) return resolved;
    throw new ManagerError("refused", `${place} refers to ${name}, which is not set in this container`, {
      hint: "give this container the variable, or OPENCLAW_GATEWAY_TOKEN",
    });
  });
}
