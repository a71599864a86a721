import { ManagerError } from "../errors.ts";
import { explainUnread, readRegularFile } from "../files/regular-file.ts";
import { type Json, type JsonObject, isJsonObject, readOwn } from "../json.ts";
import type { Environment } from "../setting-sources.ts";
import type { Settings } from "../settings.ts";
import { readLiveObject } from "./live-config.ts";
import { type SecretPlaces, readFileRef, readFormers } from "./secret-file.ts";

/** The largest token file, in bytes, and the longest token in a config, in characters. Real ones have a hundred. */
const MAX_TOKEN_LENGTH = 16_384;

/** The variables that the live config may have sent to whatever listens on the gateway's port. */
const OURS = /^OPENCLAW_/;

/** What we log in with. Never logged, never part of a message, never an argument of a program. */
export interface Credentials {
  token?: string;
  password?: string;
}

export interface CredentialSources {
  /** `--gateway-token-file` or `OPENCLAW_GATEWAY_TOKEN_FILE`. */
  tokenFile: string | undefined;
  /** The directories of the Secret and of its copies: a token that lies there can be rotated. */
  secrets?: SecretPlaces | undefined;
  pvcConfig: string;
  env: Environment;
}

export function credentialSourcesOf(settings: Settings, env: Environment): CredentialSources {
  const { gatewayTokenFile: tokenFile, secretsDir, secretsTargetDir: targetDir, pvcConfig } = settings;
  const secrets = secretsDir === undefined || targetDir === undefined ? undefined : { secretsDir, targetDir };
  return { tokenFile, secrets, pvcConfig, env };
}

export interface FoundCredentials {
  /** Empty when there are none: a gateway may require none. */
  credentials: Credentials;
  /** Where they were found, for a person: `OPENCLAW_GATEWAY_TOKEN`, `the file PATH`; undefined when there are none. */
  source: string | undefined;
  /**
   * The token that a gateway still takes while it has not reloaded its secrets, to be tried after `credentials`. Absent
   * if none is known.
   */
  former?: Credentials;
}

/**
 * Finds the token or password, in this order: the token file, `OPENCLAW_GATEWAY_TOKEN`, `OPENCLAW_GATEWAY_PASSWORD`,
 * `gateway.auth` of the live config with its `${OPENCLAW_…}` and SecretRefs resolved: to the environment, and to
 * a file that is a copy of a secret. Reads anew at each call, so that the next connection uses a rotated token.
 *
 * @throws {ManagerError} `refused` when the token file cannot be read or is empty, a SecretRef is of another source or
 * to another file, or a variable is not set or none of OpenClaw's:
 * an agent can write the config, and the value goes to whoever holds the gateway's port.
 */
export async function findCredentials(sources: CredentialSources): Promise<FoundCredentials> {
  const { tokenFile, secrets, pvcConfig, env } = sources;
  if (tokenFile !== undefined) {
    const token = await readTokenFile(tokenFile);
    return {
      credentials: { token },
      source: `the file ${tokenFile}`,
      ...(await findFormer(tokenFile, token, secrets)),
    };
  }
  const { OPENCLAW_GATEWAY_TOKEN: token, OPENCLAW_GATEWAY_PASSWORD: password } = env;
  if (token) return { credentials: { token }, source: "OPENCLAW_GATEWAY_TOKEN" };
  if (password) return { credentials: { password }, source: "OPENCLAW_GATEWAY_PASSWORD" };
  const auth = await readLiveObject(pvcConfig, "gateway.auth");
  if (auth.mode === "none") return { credentials: {}, source: undefined };
  const kind = findKind(auth);
  const source = `gateway.auth.${kind} of ${pvcConfig}`;
  const file = await readFileRef(auth[kind], sources, source);
  if (file) {
    const { value, former } = file;
    return { credentials: { [kind]: value }, source, ...(former !== undefined && { former: { [kind]: former } }) };
  }
  const value = resolveSecret(auth[kind], env, source);
  return value ? { credentials: { [kind]: value }, source } : { credentials: {}, source: undefined };
}

/** Behind a trusted proxy, who comes past it, as we do, gives the password. */
function findKind({ mode, token }: JsonObject): "token" | "password" {
  const isPassword = mode === "password" || mode === "trusted-proxy" || (mode === undefined && token === undefined);
  return isPassword ? "password" : "token";
}

async function readTokenFile(path: string): Promise<string> {
  // A Secret volume has links.
  const bytes = await readRegularFile(path, { maxBytes: MAX_TOKEN_LENGTH, follow: true }).catch((error: unknown) => {
    throw new ManagerError("refused", `cannot read the gateway's token from ${path}: ${explainUnread(error)}`);
  });
  if (!bytes) throw new ManagerError("refused", `cannot read the gateway's token from ${path}: there is no such file`);
  const token = bytes.toString("utf8").trim();
  if (token === "") throw new ManagerError("refused", `the gateway's token file ${path} is empty`);
  return token;
}

async function findFormer(path: string, token: string, secrets?: SecretPlaces): Promise<{ former?: Credentials }> {
  const former = (await readFormers(path, secrets)).find((value) => value !== "" && value !== token);
  return former === undefined ? {} : { former: { token: former } };
}

/** The value of a text, or of a SecretRef to the environment; undefined for what is no secret. */
function resolveSecret(value: Json | undefined, env: Environment, place: string): string | undefined {
  if (typeof value === "string") return resolveVariables(value, env, place);
  if (!isJsonObject(value) || typeof value.source !== "string") return undefined;
  const { source, id } = value;
  if (source === "env" && typeof id === "string") return readOurs(id, env, place);
  const kind = source === "file" || source === "exec" ? `a SecretRef of source ${source}` : "a SecretRef";
  throw new ManagerError("refused", `${place} is ${kind}, which config-manager does not read`, {
    hint: "OPENCLAW_GATEWAY_TOKEN_FILE=FILE names a file with the token; or give this container OPENCLAW_GATEWAY_TOKEN",
  });
}

/** @throws {ManagerError} `refused` unless the variable is one of OpenClaw's and is set, or has a default. */
function readOurs(name: string, env: Environment, place: string, fallback?: string): string {
  if (!OURS.test(name)) {
    throw new ManagerError("refused", `${place} refers to ${name.slice(0, 100)}, which is no variable of OpenClaw's`, {
      hint: "give this container the gateway's OPENCLAW_GATEWAY_TOKEN",
    });
  }
  const value = readOwn(env, name) || fallback;
  if (value !== undefined) return value;
  throw new ManagerError("refused", `${place} refers to ${name.slice(0, 100)}, which is not set in this container`, {
    hint: "give this container the variable, or OPENCLAW_GATEWAY_TOKEN",
  });
}

const REFERENCE = /\$?\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Resolves `${OPENCLAW_…}` and `${OPENCLAW_…:-default}` as OpenClaw does; `$${VAR}` stands for the literal `${VAR}`.
 * Undefined for a value that is too long for a token.
 */
function resolveVariables(value: string, env: Environment, place: string): string | undefined {
  if (value.length > MAX_TOKEN_LENGTH) return undefined;
  const end = value.lastIndexOf("}") + 1; // a reference that never ends would be looked for again from each one in it
  const resolve = (match: string, name: string, fallback?: string) =>
    match.startsWith("$$") ? match.slice(1) : readOurs(name, env, place, fallback);
  return value.slice(0, end).replace(REFERENCE, resolve) + value.slice(end);
}
