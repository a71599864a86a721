import { mkdir, rename, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ManagerError, systemCode } from "../errors.ts";
import { refuseOther } from "../files/directory.ts";
import { removeStaleTempFilesIn } from "../files/replace.ts";
import { temporaryPathOf, writeError, writeTemporary } from "../files/temporary.ts";
import { formerDirectoryOf, formerPathOf, stateDirectoryOf } from "../gateway/secret-file.ts";
import type { ObservedSecrets } from "./observe.ts";
import type { SecretsPlan } from "./plan.ts";
import { writeRecord } from "./record.ts";

const MODE = 0o600;

/** How often a set is written if a temporary file of it disappears: a `sync` beside the sidecar removes stale ones. */
const ATTEMPTS = 3;

/** A file that is written, and not yet in place. */
interface Prepared {
  name: string;
  path: string;
}

/**
 * Puts the whole set in place: all files are written first, then renamed in a row, the new ones before any is removed.
 * If one of them fails, the former ones are put back, which needs no space. After a crash in between, the next pass does
 * the rest. What a gateway may still hold stays as a former value until {@link forgetFormers}.
 *
 * @param nowMs the time of the change, in milliseconds since 1970
 * @throws {ManagerError} `file` if the volume refuses. The copies are then what they were.
 */
export async function applySecrets(
  targetDir: string,
  plan: SecretsPlan,
  observed: ObservedSecrets,
  nowMs: number,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await applyOnce(targetDir, plan, observed, nowMs);
    } catch (error) {
      const isRemoved = error instanceof ManagerError && systemCode(error.cause) === "ENOENT";
      if (!isRemoved || attempt === ATTEMPTS) throw error;
    }
  }
}

async function applyOnce(
  targetDir: string,
  plan: SecretsPlan,
  observed: ObservedSecrets,
  nowMs: number,
): Promise<void> {
  await makeDirectories(targetDir);
  await keepFormers(targetDir, plan, observed);
  const prepared = await prepareAll(targetDir, plan);
  // Before the first rename: a crash after it must not leave a file that nobody knows to be ours, or nobody asks about.
  const names = [...new Set([...observed.record.names, ...plan.names])].toSorted();
  await writeRecord(targetDir, { names, unconfirmedSince: nowMs });
  const replaced: string[] = [];
  try {
    for (const { name, path } of prepared) {
      await rename(path, join(targetDir, name));
      replaced.push(name);
    }
    for (const name of plan.remove) {
      await unlink(join(targetDir, name));
      replaced.push(name);
    }
  } catch (error) {
    await putBack(targetDir, replaced, observed);
    await removeTemporaries(prepared);
    throw writeError(targetDir, error);
  }
  if (plan.remove.length > 0) await writeRecord(targetDir, { names: plan.names, unconfirmedSince: nowMs });
}

async function makeDirectories(targetDir: string): Promise<void> {
  try {
    for (const directory of [targetDir, stateDirectoryOf(targetDir), formerDirectoryOf(targetDir)]) {
      await refuseOther(directory);
      await mkdir(directory, { recursive: true, mode: 0o700 });
    }
  } catch (error) {
    throw error instanceof ManagerError ? error : writeError(targetDir, error);
  }
}

/** The oldest value that no gateway has let go of is the one to keep. */
async function keepFormers(targetDir: string, plan: SecretsPlan, observed: ObservedSecrets): Promise<void> {
  const changed = [...plan.update.map(({ name }) => name), ...plan.remove];
  for (const name of changed.filter((each) => !observed.formers.has(each))) {
    const copy = observed.copies.get(name);
    if (copy) await write(formerPathOf(targetDir, name), copy.bytes);
  }
}

async function prepareAll(targetDir: string, { add, update }: SecretsPlan): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  try {
    for (const { name, bytes } of [...update, ...add]) {
      const path = join(stateDirectoryOf(targetDir), name);
      prepared.push({ name, path: (await writeTemporary(path, bytes, { mode: MODE })).path });
    }
    return prepared;
  } catch (error) {
    await removeTemporaries(prepared);
    throw writeError(targetDir, error);
  }
}

/** Complete at once, since a login may read it at any time. */
async function write(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryPathOf(path);
  try {
    await writeTemporary(path, bytes, { mode: MODE }, temporary);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw writeError(path, error);
  }
}

/** Only the volume itself can fail here; then the next pass puts the new ones in place. */
async function putBack(targetDir: string, names: readonly string[], { copies }: ObservedSecrets): Promise<void> {
  for (const name of names) {
    const path = join(targetDir, name);
    const isNew = !copies.has(name);
    await (isNew ? unlink(path) : rename(formerPathOf(targetDir, name), path)).catch(() => undefined);
  }
}

async function removeTemporaries(prepared: readonly Prepared[]): Promise<void> {
  await Promise.all(prepared.map(({ path }) => unlink(path).catch(() => undefined)));
}

/** Removes what a killed pass has left behind. */
export async function sweep(targetDir: string): Promise<void> {
  await removeStaleTempFilesIn(stateDirectoryOf(targetDir), formerDirectoryOf(targetDir));
}

/**
 * To be called when the gateway holds the copies as they are: removes the former values.
 *
 * @throws {ManagerError} `file` if the record cannot be written.
 */
export async function forgetFormers(targetDir: string, names: readonly string[]): Promise<void> {
  await rm(formerDirectoryOf(targetDir), { recursive: true, force: true }).catch(() => undefined);
  await writeRecord(targetDir, { names, unconfirmedSince: null });
}
