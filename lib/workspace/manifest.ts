import { isDeepStrictEqual } from "node:util";
import { dirname, isAbsolute, join } from "node:path";
import * as v from "valibot";
import { MAX_RECORD_BYTES, type ObstacleError, readHint } from "../files/regular-file.ts";
import { removeStaleTempFiles, replaceFile } from "../files/replace.ts";
import { parseJson5 } from "../text/json5.ts";

/** More than Git can declare: 500 files, in some workspaces that are gone. */
const MAX_ENTRIES = 4_000;

const Mark = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}(?:\+x)?$/));

const EntrySchema = v.object({
  /** What we wrote last, see `markOf`. */
  written: v.optional(Mark),
  /** What we were about to write when this was noted: it may be there or not. */
  next: v.optional(Mark),
});

export type Entry = v.InferOutput<typeof EntrySchema>;

/** What we wrote into one workspace, by path. */
export type Entries = ReadonlyMap<string, Entry>;

/** What we wrote, by the path of the workspace. A hint: an agent can write it. */
export type Manifest = ReadonlyMap<string, Entries>;

const Relative = v.pipe(
  v.string(),
  v.maxLength(4_000),
  v.check((path) => path.split("/").every((name) => !["", ".", ".."].includes(name)) && !path.includes("\0")),
);

const ManifestSchema = v.object({
  workspaces: v.record(v.pipe(v.string(), v.maxLength(4_000), v.check(isAbsolute)), v.record(Relative, EntrySchema)),
});

/** Where it is kept: beside the staging directory, as the device key is. */
export function manifestPathOf(stagingDir: string): string {
  return join(dirname(stagingDir), "config-manager-workspace.json");
}

/** @returns empty if there is none, or none that makes sense; undefined where none was ever written */
export async function readManifest(
  path: string,
  onObstacle: (obstacle: ObstacleError) => void,
): Promise<Manifest | undefined> {
  const bytes = await readHint(path, { maxBytes: MAX_RECORD_BYTES }, onObstacle);
  if (!bytes) return undefined;
  try {
    const parsed = v.safeParse(ManifestSchema, parseJson5(bytes.toString()));
    if (!parsed.success) return new Map();
    return toManifest(parsed.output.workspaces);
  } catch {
    return new Map();
  }
}

function toManifest(workspaces: Readonly<Record<string, Record<string, Entry>>>): Manifest {
  let left = MAX_ENTRIES;
  return new Map(
    Object.entries(workspaces).map(([workspace, entries]) => {
      const some = Object.entries(entries).slice(0, left);
      left -= some.length;
      return [workspace, new Map(some)] as const;
    }),
  );
}

/**
 * Writes it, unless it is the same.
 *
 * @param old what is there
 * @returns what is there now
 * @throws {ManagerError} `file` if it cannot be written.
 */
export async function writeManifest(
  path: string,
  old: Manifest | undefined,
  manifest: Manifest,
): Promise<Manifest | undefined> {
  const filled = new Map([...manifest].filter(([, entries]) => entries.size > 0));
  if (isDeepStrictEqual(old ?? new Map(), filled)) return old;
  await removeStaleTempFiles(path);
  const workspaces = Object.fromEntries([...filled].map(([name, entries]) => [name, Object.fromEntries(entries)]));
  await replaceFile(path, new TextEncoder().encode(`${JSON.stringify({ workspaces })}\n`));
  return filled;
}
