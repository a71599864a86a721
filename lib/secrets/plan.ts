import type { VolumeFile } from "../files/volume.ts";
import type { ObservedSecrets } from "./observe.ts";

/** What a pass does to the target directory. */
export interface SecretsPlan {
  /** Files that are new there. */
  add: readonly VolumeFile[];
  /** Files with another value, or that others may read. */
  update: readonly VolumeFile[];
  /** Names of files that we wrote and that are no longer in the Secret. */
  remove: readonly string[];
  unchanged: number;
  /** The names in the record afterwards, sorted. */
  names: readonly string[];
  /** Whether the record says something else now. */
  isRecordStale: boolean;
}

/** Pure. Compares the Secret with the copies. */
export function planSecrets(
  files: readonly VolumeFile[],
  { copies, record }: Pick<ObservedSecrets, "copies" | "record">,
  prune: "owned" | "none",
): SecretsPlan {
  const add = files.filter(({ name }) => !copies.has(name));
  const update = files.filter(({ name, bytes }) => {
    const copy = copies.get(name);
    return copy !== undefined && !(copy.isPrivate && copy.bytes.equals(bytes));
  });
  const wanted = new Set(files.map(({ name }) => name));
  const dropped = record.names.filter((name) => !wanted.has(name) && copies.has(name));
  const names = [...wanted, ...(prune === "none" ? dropped : [])].toSorted();
  return {
    add,
    update,
    remove: prune === "none" ? [] : dropped,
    unchanged: files.length - add.length - update.length,
    names,
    isRecordStale: names.join("/") !== record.names.join("/"),
  };
}

export function hasChanges({ add, update, remove }: SecretsPlan): boolean {
  return add.length + update.length + remove.length > 0;
}
