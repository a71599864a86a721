import { dirname, join } from "node:path";
import { MAX_CONFIG_BYTES, readRegularFile } from "../files/regular-file.ts";
import { type JsonObject, isJsonObject } from "../json.ts";
import type { Environment } from "../setting-sources.ts";
import { type ParsedDocument, parseDocument } from "../text/document.ts";
import {
  type IncludePlaces,
  type Reference,
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

type Named = Exclude<Reference, { kind: "refused" }>;

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
  const { value, problems } = resolveIncludes(root.value, "openclaw.json", places, (one) => files.get(idOf(one)));
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
  const seen = new Set<string>();
  const waiting = [{ name: "openclaw.json", document: root }];
  let size = rootBytes;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (next.document.kind === "broken") continue;
    for (const reference of listReferences(next.document.value, next.name, places)) {
      if (reference.kind === "refused" || seen.has(idOf(reference)) || seen.size >= MAX_FILES) continue;
      seen.add(idOf(reference));
      const bytes = await readReference(reference, places);
      size += bytes?.length ?? 0;
      if (!bytes || size > MAX_CONFIG_BYTES) continue;
      const document = parseDocument(bytes);
      files.set(idOf(reference), document);
      waiting.push({ name: idOf(reference), document });
    }
  }
  return files;
}

async function readReference(reference: Named, { directory }: IncludePlaces): Promise<Buffer | undefined> {
  if (reference.kind === "inside") return readRegularFile(join(directory, reference.name));
  return readRegularFile(reference.path, { follow: true }).catch(() => undefined); // the gateway alone may read it
}

function idOf(reference: Named): string {
  return reference.kind === "inside" ? reference.name : reference.path;
}
