import type { MountedDirectory, WritablePlace } from "../files/places.ts";
import { type Check, fail, pass, warn } from "./check.ts";

/** A check of a mounted directory: the check's name, and the name of the volume in the Deployment. */
export interface MountCheck {
  name: string;
  volume: string;
}

/** Why a change in Git will not arrive here, as far as the mount tells. */
export function findFrozen(place: MountedDirectory): string[] {
  return place.kind === "sub-path" ? [`${place.path} is mounted with subPath: Kubernetes never updates it`] : [];
}

/**
 * Checks that a directory is a ConfigMap volume that Kubernetes updates.
 *
 * @param isUnused whether nothing is or was ever declared there, so that nothing has to be mounted
 */
export function checkMount(
  { name, volume }: MountCheck,
  directory: string,
  place: MountedDirectory,
  isUnused = false,
): Check {
  const hint = `volumeMounts: [{ name: ${volume}, mountPath: ${directory}, readOnly: true }]`;
  switch (place.kind) {
    case "missing":
      return (isUnused ? warn : fail)(name, `${directory} is not mounted in this container`, hint);
    case "sub-path":
      return fail(name, `${findFrozen(place).join("; ")}; mount the directory`, hint);
    case "unreadable":
      return fail(name, `${directory} cannot be read: ${place.code}`, `ls -ldn ${directory}; id`);
    case "plain":
      return warn(
        name,
        `${directory} has no ..data, so it is no ConfigMap volume: its files may change one by one`,
        hint,
      );
    case "volume":
      return pass(
        name,
        `${directory}, a ConfigMap volume, last written by the kubelet at ${place.writtenAt.toISOString()}; that of an immutable ConfigMap is never written again`,
      );
  }
}

/**
 * Checks that files can be written at a path.
 *
 * @param mount the volume mount of the directory, to suggest if it is missing or only the file is mounted
 */
export function checkPlace(name: string, path: string, place: WritablePlace, mount: string): Check {
  switch (place.kind) {
    case "writable":
      return pass(name, `${path} can be written`);
    case "missing":
      return fail(name, `${place.directory} is not mounted in this container`, `volumeMounts: [${mount}]`);
    case "occupied":
      return fail(name, `${path} is no regular file, and nothing is written through it`, `ls -ldn ${path}`);
    case "blocked":
      return fail(name, `${place.directory} is no directory; remove it`, `ls -ldn ${place.directory}`);
    case "mounted":
      return fail(
        name,
        `${path} is itself a mount, so it cannot be replaced; mount its directory`,
        `volumeMounts: [${mount}]`,
      );
    case "full":
      return fail(name, `the volume of ${place.directory} is full`, `df -h ${place.directory}`);
    case "refused": {
      if (place.code === "EROFS") {
        return fail(name, `${place.directory} is mounted read-only`, `volumeMounts: [${mount}]`);
      }
      // Never suggest to run as root: with fsGroup, the kubelet gives the volume to a group.
      const isOfUser = place.owner !== undefined && place.owner.uid !== 0;
      const remedy = isOfUser ? `runAsUser: ${place.owner?.uid}, runAsGroup: ${place.owner?.gid}` : "fsGroup: 1000";
      const hint = `securityContext: { ${remedy} }`;
      return fail(name, `${place.directory} cannot be written by this user: ${place.code}`, hint);
    }
  }
}
