import { isUtf8 } from "node:buffer";
import { MAX_RECORD_BYTES } from "../files/regular-file.ts";
import { type VolumeFile, readVolume } from "../files/volume.ts";
import { listSome } from "../printable.ts";

/** A Secret holds no more than 1 MiB, all keys together. */
const MAX_BYTES = MAX_RECORD_BYTES;

/** How many keys a message names. */
const MAX_NAMES = 10;

/** What Kubernetes allows as a key. Names that begin with two dots are the kubelet's, and ours in the target. */
const KEY = /^(?!\.\.)[-._a-zA-Z0-9]{1,253}$/;

/** What the Secret says. Its values are never part of a message. */
export type DesiredSecrets =
  /** Not mounted, or without any key: an optional Secret that is not there looks the same. */
  | { kind: "empty"; isMounted: boolean }
  /** Nothing of it is taken. */
  | { kind: "invalid"; problems: string[] }
  /** `binary`: the names of keys that are no text, or begin with a byte order mark. */
  | { kind: "valid"; files: readonly VolumeFile[]; binary: readonly string[] };

/**
 * Reads one generation of a Secret volume.
 *
 * @throws {ManagerError} `file` if the directory or a file in it exists and cannot be read.
 */
export async function readSecrets(directory: string): Promise<DesiredSecrets> {
  const files = await readVolume(directory, () => true, MAX_BYTES);
  if (!files || files.length === 0) return { kind: "empty", isMounted: files !== undefined };
  const problems = findProblems(files);
  if (problems.length > 0) return { kind: "invalid", problems };
  const binary = files.filter(({ bytes }) => !isUtf8(bytes)).map(({ name }) => name);
  return { kind: "valid", files, binary };
}

function findProblems(files: readonly VolumeFile[]): string[] {
  const list = (found: readonly VolumeFile[]) =>
    listSome(
      found.map(({ name }) => name),
      MAX_NAMES,
    );
  const misnamed = files.filter(({ name }) => !KEY.test(name));
  const empty = files.filter(({ bytes }) => bytes.length === 0);
  const size = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return [
    ...(misnamed.length > 0 ? [`not a key of a Secret: ${list(misnamed)}`] : []),
    ...(empty.length > 0 ? [`without a value: ${list(empty)}`] : []),
    ...(size > MAX_BYTES ? [`more than ${MAX_BYTES} bytes, and a Secret holds no more`] : []),
  ];
}
