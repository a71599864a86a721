import { unlink } from "node:fs/promises";
import * as v from "valibot";
import { MAX_CONFIG_BYTES, MAX_RECORD_BYTES, type ObstacleError, readHint } from "../files/regular-file.ts";
import { replaceFile } from "../files/replace.ts";
import { parseJson5 } from "../text/json5.ts";
import { ConfigFile } from "./config-file.ts";
import { Generation } from "./generation.ts";
import type { IncludePlaces } from "../text/include-files.ts";

/**
 * The generations that are kept beside the live file, on the volume that outlives the container. They are hints: the
 * agent can write there too.
 */
export type RecordName =
  /** The live files that a gateway last ran with. */
  | "good"
  /** What Git said then, if that is something else: the base of a merge into the good files. */
  | "good-base"
  /** What Git said when it was last applied: the base of the next three-way merge. */
  | "applied"
  /** The live files that count as in sync: what Git says, and what OpenClaw changed at its start. */
  | "accepted";

/** How many problems of a recorded rejection are read, and how much of each. */
const MAX_PROBLEMS = 10;
const MAX_PROBLEM_LENGTH = 500;

/** Is told what is at the path of a record in place of a regular file. */
export type OnObstacle = (obstacle: ObstacleError) => void;

const ignore: OnObstacle = () => undefined;

const RejectionSchema = v.object({
  /** Of the rejected generation, see {@link Generation.verdictKey}. */
  checksum: v.string(),
  /** The release of the gateway that rejected it, as it calls itself: `2026.9.6`, or `dev`. */
  release: v.string(),
  /** When the process of that gateway started, in milliseconds since 1970; absent if it does not tell. */
  startedMs: v.optional(v.number()),
  /** `path: message`, without values. The agent may have written them: they are capped. */
  problems: v.pipe(
    v.array(v.string()),
    v.transform((problems) => problems.slice(0, MAX_PROBLEMS).map((problem) => problem.slice(0, MAX_PROBLEM_LENGTH))),
  ),
});

/** A config that a gateway has rejected. */
export type Rejection = v.InferOutput<typeof RejectionSchema>;

const IncludesSchema = v.object({
  /** The md5 of the root file that includes these. */
  root: v.string(),
  /** The content of each included file, by name. */
  files: v.record(v.string(), v.string()),
});

export function pathOfRecord(pvcConfig: string, name: RecordName | "rejected"): string {
  return `${pvcConfig}.config-manager-${name}`;
}

/** The paths of all records that there may be. */
export function listRecordPaths(pvcConfig: string): string[] {
  const names = ["good", "good-base", "applied", "accepted"] as const satisfies RecordName[];
  const generations = names.flatMap((name) => [pathOfRecord(pvcConfig, name), pathOfIncludes(pvcConfig, name)]);
  return [...generations, pathOfRecord(pvcConfig, "rejected")];
}

/** Reads a recorded generation. One that cannot be read, or is torn, counts as absent. */
export async function readRecord(
  pvcConfig: string,
  name: RecordName,
  places: IncludePlaces,
  onObstacle: OnObstacle = ignore,
): Promise<Generation | undefined> {
  const bytes = await readHint(pathOfRecord(pvcConfig, name), { maxBytes: MAX_CONFIG_BYTES }, onObstacle);
  if (!bytes) return undefined;
  const generation = new Generation(new ConfigFile(bytes), places);
  if (!generation.mayInclude) return generation;
  const includes = await readHint(pathOfIncludes(pvcConfig, name), { maxBytes: MAX_CONFIG_BYTES }, onObstacle);
  const record = includes && parse(IncludesSchema, includes.toString());
  if (record?.root !== generation.root.md5) return generation.problems.length > 0 ? undefined : generation;
  const files = Object.entries(record.files).map(([file, content]) => [file, toFile(content)] as const);
  return generation.with(generation.root, new Map(files)).pruned(); // only names that the root may include
}

/** @throws {ManagerError} `file` if it cannot be written. */
export async function writeRecord(pvcConfig: string, name: RecordName, generation: Generation): Promise<void> {
  const { root, includes } = generation;
  const path = pathOfIncludes(pvcConfig, name);
  if (includes.size > 0) {
    const files = Object.fromEntries([...includes].map(([file, { bytes }]) => [file, new TextDecoder().decode(bytes)]));
    await replaceFile(path, toBytes({ root: root.md5, files }));
  }
  await replaceFile(pathOfRecord(pvcConfig, name), root.bytes);
  if (includes.size === 0) await unlink(path).catch(() => undefined);
}

export async function removeRecord(pvcConfig: string, name: RecordName): Promise<void> {
  const paths = [pathOfRecord(pvcConfig, name), pathOfIncludes(pvcConfig, name)];
  await Promise.all(paths.map((path) => unlink(path).catch(() => undefined)));
}

/**
 * Keeps the files that a gateway runs with.
 *
 * @param desired what Git says; undefined if that is unknown
 * @throws {ManagerError} `file` if they cannot be written.
 */
export async function keepGood(
  pvcConfig: string,
  places: IncludePlaces,
  live: Generation,
  desired?: Generation,
): Promise<void> {
  if (live.equals(await readRecord(pvcConfig, "good", places))) return;
  if (!desired || live.equals(desired)) await removeRecord(pvcConfig, "good-base");
  else await writeRecord(pvcConfig, "good-base", desired);
  await writeRecord(pvcConfig, "good", live);
}

export async function readRejection(
  pvcConfig: string,
  onObstacle: OnObstacle = ignore,
): Promise<Rejection | undefined> {
  const bytes = await readHint(pathOfRecord(pvcConfig, "rejected"), { maxBytes: MAX_RECORD_BYTES }, onObstacle);
  return bytes && parse(RejectionSchema, bytes.toString());
}

/** @throws {ManagerError} `file` if it cannot be written. */
export async function keepRejection(pvcConfig: string, rejection: Rejection): Promise<void> {
  await replaceFile(pathOfRecord(pvcConfig, "rejected"), toBytes(rejection));
}

export async function forgetRejection(pvcConfig: string): Promise<void> {
  await unlink(pathOfRecord(pvcConfig, "rejected")).catch(() => undefined);
}

function pathOfIncludes(pvcConfig: string, name: RecordName): string {
  return `${pathOfRecord(pvcConfig, name)}-includes`;
}

function toBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

function toFile(content: string): ConfigFile {
  return new ConfigFile(new TextEncoder().encode(content));
}

function parse<T>(schema: v.GenericSchema<unknown, T>, text: string): T | undefined {
  try {
    const parsed = v.safeParse(schema, parseJson5(text)); // bounded in depth and number of values
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
