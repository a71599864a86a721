import { link, rename } from "node:fs/promises";
import { ManagerError, systemCode, toResult } from "../errors.ts";
import type { AttributeLoss } from "./attributes.ts";
import { readRegularFile } from "./regular-file.ts";
import { replaceFile } from "./replace.ts";
import { temporaryPathOf, writeError, writeTemporary } from "./temporary.ts";

/** What the system says if there is no space. */
const FULL = new Set(["ENOSPC", "EDQUOT"]);

/**
 * Writes a copy of a file beside it, under a name that {@link removeStaleTempFiles} removes, so that
 * {@link replaceByCopy} can put it back on a volume that has become full.
 *
 * @returns its path
 * @throws {ManagerError} `file` if the volume refuses.
 */
export async function writeSpare(path: string, bytes: Uint8Array): Promise<string> {
  try {
    return (await writeTemporary(path, bytes, { mode: 0o600 })).path;
  } catch (error) {
    throw writeError(path, error);
  }
}

/**
 * Like {@link replaceFile}, but where the volume is full, a copy on it takes the place of the file: this needs no space.
 *
 * @param copy the path of a file that should have these bytes; ignored if it has others
 * @returns what {@link replaceFile} returns
 * @throws {ManagerError} `file` as it does
 */
export async function replaceByCopy(
  path: string,
  bytes: Uint8Array,
  copy: string | undefined,
): Promise<AttributeLoss | undefined> {
  const failure = await toResult(replaceFile(path, bytes));
  if (!(failure instanceof ManagerError)) return failure;
  if (copy === undefined || !FULL.has(systemCode(failure.cause) ?? "")) throw failure;
  const found = await toResult(readRegularFile(copy));
  if (found instanceof ManagerError || !found?.equals(bytes)) throw failure;
  const temporary = temporaryPathOf(path);
  try {
    await link(copy, temporary);
    await rename(temporary, path);
    return undefined;
  } catch {
    throw failure;
  }
}
