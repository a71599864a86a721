import { unlink } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { readChecksum, writeChecksum } from "../files/checksum.ts";

/** A change of Git's that waits until the gateway has no work. */
const HeldSchema = v.object({
  /** The md5 of the generation that is held. */
  checksum: v.string(),
  /** All that it changes, as dotted paths. */
  paths: v.pipe(v.array(v.string()), v.readonly()),
  /** When it goes in at the latest, in milliseconds since 1970. */
  untilMs: v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(8.64e15)),
});

export type HeldChange = v.InferOutput<typeof HeldSchema>;

/**
 * The record, and the name of the generation that a person lets in, both in `$CHECKSUM_DIR`: it survives the container,
 * other processes in it can read it, and the gateway cannot write there.
 */
const [HELD, LET_IN] = ["config-held", "config-let-in"];

/** Undefined if nothing is held. */
export async function readHeld(checksumDir: string): Promise<HeldChange | undefined> {
  const text = await readChecksum(checksumDir, HELD);
  try {
    const parsed = v.safeParse(HeldSchema, JSON.parse(text ?? "null"));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {ManagerError} `file` if it cannot be written. */
export async function writeHeld(checksumDir: string, held: HeldChange): Promise<void> {
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
export async function letHeldIn(checksumDir: string, { checksum }: HeldChange): Promise<void> {
  await writeChecksum(checksumDir, LET_IN, checksum);
}

/** Takes back {@link letHeldIn}. */
export async function keepHeld(checksumDir: string): Promise<void> {
  await unlink(join(checksumDir, LET_IN)).catch(() => undefined);
}

export async function isLetIn(checksumDir: string, checksum: string): Promise<boolean> {
  return (await readChecksum(checksumDir, LET_IN)) === checksum;
}
