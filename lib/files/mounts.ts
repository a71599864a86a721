import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

/** One line of `/proc/self/mountinfo`. */
export interface Mount {
  /** The directory or file of the mounted file system that is visible here. */
  root: string;
  /** The mount point. */
  point: string;
  isReadOnly: boolean;
}

/** The mounts of this container; an empty list if they cannot be read. */
export async function readMounts(): Promise<Mount[]> {
  return parseMounts(await readFile("/proc/self/mountinfo", "utf8").catch(() => ""));
}

/** `ID PARENT MAJOR:MINOR ROOT POINT OPTIONS … - TYPE SOURCE SUPEROPTIONS`: proc_pid_mountinfo(5). */
export function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [, , , root, point, options] = line.split(" ");
    if (root === undefined || point === undefined || options === undefined) return [];
    return [{ root: unescape(root), point: unescape(point), isReadOnly: options.split(",").includes("ro") }];
  });
}

/** The kernel writes blanks, tabs, newlines and backslashes as a backslash and three octal digits. */
function unescape(path: string): string {
  return path.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/**
 * The path that is mounted with `subPath`: a file in the directory, or the directory itself; undefined if none is. Such
 * a mount never changes: the kubelet binds the files of the generation that is current when the container starts.
 */
export function findSubPath(mounts: readonly Mount[], directory: string): string | undefined {
  const isPart = ({ root }: Mount) => /\/\.\.\d{4}_|\/volume-subpaths\//.test(root);
  return (
    mounts.find(({ point }) => dirname(point) === directory && !point.includes("/.."))?.point ??
    mounts.find((mount) => mount.point === directory && isPart(mount))?.point
  );
}
