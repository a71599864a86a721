import { unlink } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { readChecksum, writeChecksum } from "../files/checksum.ts";
import type { Held } from "../reconcile/reconciler.ts";

/** The checksum is the md5 of the generation, the paths are dotted. A date holds no more than that many milliseconds. */
const HeldSchema: v.GenericSchema<unknown, Held> = v.object({
  checksum: v.string(),
  paths: v.array(v.string()),
  untilMs: v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(8.64e15)),
});

/**
 * The record, and the name of the generation that a person lets in, both in `$CHECKSUM_DIR`: it survives the container,
 * other processes in it can read it, and the gateway cannot write there.
 */
const [HELD, LET_IN] = ["config-held", "config-let-in"];

/** Undefined if nothing is held. */
export async function readHeld(checksumDir: string): Promise<Held | undefined> {
  const text = await readChecksum(checksumDir, HELD);
  try {
    const parsed = v.safeParse(HeldSchema, JSON.parse(text ?? "null"));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {ManagerError} `file` if it cannot be written. */
export async function writeHeld(checksumDir: string, held: Held): Promise<void> {
  await writeChecksum(checksumDir, HELD, JSON.stringify(held));
}

export async function removeHeld(checksumDir: string): Promise<void> {
  for (const name of [HELD, LET_IN]) await unlink(join(checksumDir, name)).catch(() => undefined);
}

/**
 * Lets the sidecar deliver what is held, and nothing that Git says later.
 *
 * @throws {ManagerError} `file` if that cannot be written down.
 */
export async function letHeldIn(checksumDir: string, { checksum }: Held): Promise<void> {
  await writeChecksum(checksumDir, LET_IN, checksum);
}

/** Takes back {@link letHeldIn}. */
export async function keepHeld(checksumDir: string): Promise<void> {
  await unlink(join(checksumDir, LET_IN)).catch(() => undefined);
}

export async function isLetIn(checksumDir: string, checksum: string): Promise<boolean> {
  return (await readChecksum(checksumDir, LET_IN)) === checksum;
}
