import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

/** One line of `/proc/self/mountinfo`. */
export interface Mount {
  /** What of the mounted file system stands there. */
  root: string;
  /** Where it stands. */
  point: string;
  isReadOnly: boolean;
}

/** What is mounted in this container; an empty list where the kernel does not tell. */
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

/** The kernel writes blanks and the like as three octal digits. */
function unescape(path: string): string {
  return path.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/**
 * The path that was mounted with `subPath`: a file in the directory, or the directory itself as a part of a volume.
 * The kubelet binds what stands there at the start, a file of one generation, and no later one ever comes in.
 */
export function findSubPath(mounts: readonly Mount[], directory: string): string | undefined {
  const isPart = ({ root }: Mount) => /\/\.\.\d{4}_|\/volume-subpaths\//.test(root);
  return (
    mounts.find(({ point }) => dirname(point) === directory && !point.includes("/.."))?.point ??
    mounts.find((mount) => mount.point === directory && isPart(mount))?.point
  );
}
