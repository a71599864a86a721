import { readFile, unlink } from "node:fs/promises";
import * as v from "valibot";
import { replaceFile } from "../files/replace.ts";
import { type ConfigFile, toConfigFile } from "./config-file.ts";

const RejectionSchema = v.object({
  /** The md5 of the rejected file. */
  checksum: v.string(),
  /** The release of the gateway that rejected it, as it calls itself: `2026.9.6`, or `dev`. */
  release: v.string(),
  /** `path: message`, without values. */
  problems: v.array(v.string()),
});

/** A config that a gateway has rejected. */
export type Rejection = v.InferOutput<typeof RejectionSchema>;

/**
 * The records of earlier verdicts. They are kept beside the live file, on the volume that outlives the container:
 * without them, the next start would deliver a rejected config again and have nothing to put back.
 */
export interface ConfigRecord {
  /** The file that a gateway last found valid. */
  lastGood: ConfigFile | undefined;
  rejection: Rejection | undefined;
}

export function pathOfLastGood(pvcConfig: string): string {
  return `${pvcConfig}.config-manager-good`;
}

export function pathOfRejection(pvcConfig: string): string {
  return `${pvcConfig}.config-manager-rejected`;
}

/** Reads the records. One that cannot be read counts as absent: the config is then validated again. */
export async function readConfigRecord(pvcConfig: string): Promise<ConfigRecord> {
  const [lastGood, rejection] = await Promise.all([
    readFile(pathOfLastGood(pvcConfig)).catch(() => undefined),
    readFile(pathOfRejection(pvcConfig), "utf8").then(parseRejection, () => undefined),
  ]);
  return { lastGood: toConfigFile(lastGood), rejection };
}

/** Returns whether this is the file that a gateway last found valid. */
export async function isLastGood(pvcConfig: string, file: ConfigFile): Promise<boolean> {
  return file.equals((await readConfigRecord(pvcConfig)).lastGood);
}

/** @throws {ManagerError} `file` if it cannot be written. */
export async function keepLastGood(pvcConfig: string, file: ConfigFile): Promise<void> {
  if (!(await isLastGood(pvcConfig, file))) await replaceFile(pathOfLastGood(pvcConfig), file.bytes);
}

/** @throws {ManagerError} `file` if it cannot be written. */
export async function keepRejection(pvcConfig: string, rejection: Rejection): Promise<void> {
  await replaceFile(pathOfRejection(pvcConfig), new TextEncoder().encode(`${JSON.stringify(rejection)}\n`));
}

export async function forgetRejection(pvcConfig: string): Promise<void> {
  await unlink(pathOfRejection(pvcConfig)).catch(() => undefined);
}

function parseRejection(text: string): Rejection | undefined {
  try {
    const parsed = v.safeParse(RejectionSchema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
