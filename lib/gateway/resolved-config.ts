import { dirname, join } from "node:path";
import { MAX_CONFIG_BYTES, readRegularFile } from "../files/regular-file.ts";
import { type JsonObject, isJsonObject } from "../json.ts";
import type { Environment } from "../setting-sources.ts";
import { type ParsedDocument, parseDocument } from "../text/document.ts";
import {
  type IncludePlaces,
  type NamedReference,
  followIncludes,
  idOf,
  listReferences,
  readIncludeRoots,
  resolveIncludes,
} from "../text/include-files.ts";

/** The live config with the files that it includes, or why there is none to go by. */
export type ResolvedConfig =
  | { kind: "read"; config: JsonObject }
  | { kind: "missing" }
  /** `problem` follows the path of the config: `invalid character '}' at 3:4`. */
  | { kind: "broken"; problem: string };

/** The name that includes are relative to. */
const ROOT_NAME = "openclaw.json";

/** How many files one config may include: more than anybody has. */
const MAX_FILES = 1_000;

/**
 * Reads the live config as OpenClaw does, with each `$include` replaced; `${VAR}` is left as it is written.
 *
 * @throws {ManagerError} `file` if something is in the place of the config or of a file of it.
 */
export async function readResolvedConfig(pvcConfig: string, env: Environment): Promise<ResolvedConfig> {
  const bytes = await readRegularFile(pvcConfig);
  if (!bytes) return { kind: "missing" };
  const root = parseDocument(bytes);
  if (root.kind === "broken") return root;
  const places: IncludePlaces = { directory: dirname(pvcConfig), roots: readIncludeRoots(env) };
  const files = await readIncluded(root, places, bytes.length);
  const { value, problems } = resolveIncludes(root.value, ROOT_NAME, places, (one) => files.get(idOf(one)));
  if (problems[0] !== undefined) return { kind: "broken", problem: problems[0] };
  return isJsonObject(value)
    ? { kind: "read", config: value }
    : { kind: "broken", problem: "expected an object at the top" };
}

/** Reads all that a document includes, by name or path. What is too much is left out, so that it counts as missing. */
async function readIncluded(
  root: ParsedDocument,
  places: IncludePlaces,
  rootBytes: number,
): Promise<ReadonlyMap<string, ParsedDocument>> {
  const files = new Map<string, ParsedDocument>();
  let size = rootBytes;
  const read = async (reference: NamedReference) => {
    const bytes = await readReference(reference, places);
    size += bytes?.length ?? 0;
    if (!bytes || size > MAX_CONFIG_BYTES) return undefined;
    const document = parseDocument(bytes);
    files.set(idOf(reference), document);
    return document;
  };
  const listOf = (document: ParsedDocument, name: string) =>
    document.kind === "broken" ? [] : listReferences(document.value, name, places);
  await followIncludes({ name: ROOT_NAME, file: root }, listOf, read, MAX_FILES);
  return files;
}

async function readReference(reference: NamedReference, { directory }: IncludePlaces): Promise<Buffer | undefined> {
  if (reference.kind === "inside") return readRegularFile(join(directory, reference.name));
  return readRegularFile(reference.path, { follow: true }).catch(() => undefined); // the gateway alone may read it
}
