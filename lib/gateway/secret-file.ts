import { basename, dirname, join, resolve } from "node:path";
import { ManagerError, toResult } from "../errors.ts";
import { MAX_RECORD_BYTES, explainUnread, readRegularFile } from "../files/regular-file.ts";
import { type Json, isJsonObject, readOwn } from "../json.ts";
import { readLiveObject } from "./live-config.ts";

/** Where a Secret is mounted, and where its keys are copied for the gateway. */
export interface SecretPlaces {
  secretsDir: string;
  targetDir: string;
}

/** A value, and the one that the gateway may still hold. */
interface FileSecret {
  value: string;
  former?: string;
}

/**
 * Reads a SecretRef of source `file`, as OpenClaw's file provider does: the whole file with `mode: "singleValue"`, else
 * a text at a JSON pointer. Only a file directly in the directory of the copies: an agent can write the config, and the
 * value goes to whoever holds the gateway's port.
 *
 * @param place names the value, for a message: `gateway.auth.token of PATH`
 * @returns undefined if it is no such SecretRef, or is to another file
 * @throws {ManagerError} `refused` if the file cannot be read, or has no such value.
 */
export async function readFileRef(
  ref: Json | undefined,
  { secrets, pvcConfig }: { secrets?: SecretPlaces | undefined; pvcConfig: string },
  place: string,
): Promise<FileSecret | undefined> {
  if (!secrets || !isJsonObject(ref) || ref.source !== "file" || typeof ref.id !== "string") return undefined;
  const { id } = ref;
  const { providers, defaults } = await readLiveObject(pvcConfig, "secrets");
  const fallback = isJsonObject(defaults) && typeof defaults.file === "string" ? defaults.file : "default";
  const alias = typeof ref.provider === "string" ? ref.provider : fallback;
  const provider = isJsonObject(providers) ? readOwn(providers, alias) : undefined;
  if (!isJsonObject(provider) || typeof provider.path !== "string") return undefined;
  const path = resolve(provider.path);
  if (dirname(path) !== resolve(secrets.targetDir)) return undefined;
  const pick = provider.mode === "singleValue" ? stripNewline : (text: string) => pickPointer(text, id);
  const bytes = await readRegularFile(path, { maxBytes: MAX_RECORD_BYTES }).catch((error: unknown) => {
    throw new ManagerError("refused", `${place} refers to ${path}, which cannot be read: ${explainUnread(error)}`);
  });
  const value = bytes && pick(bytes.toString());
  if (!value) {
    const what = bytes ? "which has no value there" : "and there is no such file";
    throw new ManagerError("refused", `${place} refers to ${path}, ${what}`);
  }
  const former = (await readFormers(path, secrets)).map(pick).find((each) => each && each !== value);
  return former === undefined ? { value } : { value, former };
}

/**
 * Reads what a token file in one of the two directories said before: the copy that the gateway may not have taken over
 * yet, and the value that it last confirmed. The newest first; an empty list for any other file.
 */
export async function readFormers(path: string, secrets: SecretPlaces | undefined): Promise<string[]> {
  if (!secrets) return [];
  const { secretsDir, targetDir } = secrets;
  const isOurs = [secretsDir, targetDir].some((directory) => dirname(resolve(path)) === resolve(directory));
  if (!isOurs) return [];
  const name = basename(path);
  const paths = [join(targetDir, name), formerPathOf(targetDir, name)];
  const found = await Promise.all(paths.map((each) => toResult(readRegularFile(each, { maxBytes: MAX_RECORD_BYTES }))));
  return found.flatMap((bytes) => (bytes && !(bytes instanceof ManagerError) ? [stripNewline(bytes.toString())] : []));
}

/** Where the copy of a key is kept as it was when a gateway last confirmed it. */
export function formerPathOf(targetDir: string, name: string): string {
  return join(formerDirectoryOf(targetDir), name);
}

export function formerDirectoryOf(targetDir: string): string {
  return join(stateDirectoryOf(targetDir), "former");
}

/** Where we keep what is ours alone: no key of a Secret begins with two dots. */
export function stateDirectoryOf(targetDir: string): string {
  return join(targetDir, "..config-manager");
}

function stripNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}

/** RFC 6901. Own properties only. */
function pickPointer(text: string, pointer: string): string | undefined {
  let found: Json | undefined;
  try {
    found = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    found = isJsonObject(found) ? readOwn(found, key) : undefined;
  }
  return typeof found === "string" ? found : undefined;
}
