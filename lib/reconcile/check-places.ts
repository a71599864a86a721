import process from "node:process";
import type { MountedDirectory, WritablePlace } from "../files/places.ts";
import { type Check, fail, pass, warn } from "./check.ts";

/** What to do about a file or directory that this user may not read. */
export function suggestReadable(path: string): string {
  const user = process.getuid?.();
  const who = user === undefined ? "the user of this container" : `uid ${user}`;
  return `let ${who} read ${path}: by runAsUser, by fsGroup, or by defaultMode of the volume`;
}

/** Why a change in Git will not arrive here, as far as the mount tells. */
export function findFrozen(place: MountedDirectory): string[] {
  return place.kind === "sub-path" ? [`${place.path} is mounted with subPath: Kubernetes never updates it`] : [];
}

/**
 * Checks that a directory is a volume of a ConfigMap, or of a Secret, that Kubernetes updates.
 *
 * @param isUnused whether nothing is or was ever declared there, so that nothing has to be mounted
 */
export function checkMount(
  name: string,
  directory: string,
  place: MountedDirectory,
  { isUnused = false, source = "ConfigMap" }: { isUnused?: boolean; source?: "ConfigMap" | "Secret" } = {},
): Check {
  const hint = `mount the whole ${source} at ${directory}, without subPath`;
  switch (place.kind) {
    case "missing":
      return (isUnused ? warn : fail)(name, `${directory} is not mounted in this container`, hint);
    case "sub-path":
      return fail(name, `${findFrozen(place).join("; ")}; mount the directory`, hint);
    case "unreadable":
      return fail(name, `${directory} cannot be read: ${place.code}`, suggestReadable(directory));
    case "plain":
      return warn(
        name,
        `${directory} has no ..data, so it is no ${source} volume: its files may change one by one`,
        hint,
      );
    case "volume":
      return pass(
        name,
        `${directory}, a ${source} volume, written by the kubelet at ${place.writtenAt.toISOString()} (never again if the ${source} is immutable)`,
      );
  }
}

/**
 * Checks that files can be written at a path.
 *
 * @param volume what is to be mounted at the directory, and where: `the gateway's volume at /home/node/.openclaw`
 */
export function checkPlace(name: string, path: string, place: WritablePlace, volume: string): Check {
  switch (place.kind) {
    case "writable":
      return pass(name, `${path} can be written`);
    case "missing":
      return fail(name, `${place.directory} is not mounted in this container`, `mount ${volume}`);
    case "occupied":
      return fail(name, `${path} is no regular file, and nothing is written through it`, `remove ${path}`);
    case "blocked":
      return fail(name, `${place.directory} is no directory`, `remove ${place.directory}`);
    case "mounted":
      return fail(name, `${path} is itself a mount, so it cannot be replaced`, `mount ${volume}, not the file`);
    case "full":
      return fail(
        name,
        `the volume of ${place.directory} is full`,
        `free some space on the volume of ${place.directory}`,
      );
    case "refused": {
      if (place.code === "EROFS") {
        return fail(name, `${place.directory} is mounted read-only`, `mount ${volume}, without readOnly`);
      }
      // Never suggest to run as root: with fsGroup, the kubelet gives the volume to a group.
      const isOfUser = place.owner !== undefined && place.owner.uid !== 0;
      const remedy = isOfUser ? `runAsUser: ${place.owner?.uid}, runAsGroup: ${place.owner?.gid}` : "fsGroup: 1000";
      const hint = `securityContext: { ${remedy} }`;
      return fail(name, `${place.directory} cannot be written by this user: ${place.code}`, hint);
    }
  }
}
