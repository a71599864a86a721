import { join } from "node:path";
import * as v from "valibot";
import { MAX_RECORD_BYTES, type ObstacleError, readHint } from "../files/regular-file.ts";
import { replaceFile } from "../files/replace.ts";
import { stateDirectoryOf } from "../gateway/secret-file.ts";

/** What is written beside the copies. No value, and no checksum of one: a weak secret can be guessed from it. */
const RecordSchema = v.object({
  /** The names of the files that we wrote, and that are there. */
  names: v.pipe(v.array(v.string()), v.maxLength(10_000)),
  /**
   * When a copy was last changed, in milliseconds since 1970, if no gateway that reads it is known to have started or
   * reloaded since; null otherwise.
   */
  unconfirmedSince: v.nullable(v.number()),
});

export type SecretsRecord = Readonly<Omit<v.InferOutput<typeof RecordSchema>, "names">> & {
  readonly names: readonly string[];
};

const NONE: SecretsRecord = { names: [], unconfirmedSince: null };

/** Reads the record. One that cannot be read counts as absent: then nothing is removed, and the gateway is asked again. */
export async function readRecord(
  targetDir: string,
  onObstacle: (obstacle: ObstacleError) => void,
): Promise<SecretsRecord> {
  const bytes = await readHint(pathOf(targetDir), { maxBytes: MAX_RECORD_BYTES }, onObstacle);
  if (!bytes) return NONE;
  try {
    const parsed = v.safeParse(RecordSchema, JSON.parse(bytes.toString()));
    return parsed.success ? parsed.output : NONE;
  } catch {
    return NONE;
  }
}

/** @throws {ManagerError} `file` if it cannot be written. */
export async function writeRecord(targetDir: string, record: SecretsRecord): Promise<void> {
  await replaceFile(pathOf(targetDir), new TextEncoder().encode(`${JSON.stringify(record)}\n`));
}

function pathOf(targetDir: string): string {
  return join(stateDirectoryOf(targetDir), "record.json");
}
