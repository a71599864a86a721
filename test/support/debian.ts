import { run } from "./process.ts";
import { isRoot } from "./small-volume.ts";

const LIMIT_MS = 300_000;

/**
 * Sees to it that these programs are there, from the Debian packages named: installs what is missing, where that can
 * be done.
 *
 * @returns why not, for whoever skips what needs them; undefined where all are there.
 */
export async function missingTools(packages: Readonly<Record<string, string>>): Promise<string | undefined> {
  const findMissing = () => Object.keys(packages).filter((program) => !findProgram(program));
  const wanted = findMissing().map((program) => packages[program] ?? program);
  if (wanted.length === 0) return undefined;
  if (isRoot && Bun.which("apt-get")) {
    for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...wanted]]) {
      const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
      await run("apt-get", ["-qq", ...args], { env, limitMs: LIMIT_MS });
    }
  }
  const missing = findMissing();
  return missing.length === 0 ? undefined : `there is no ${missing.join(", no ")}, and it could not be installed`;
}

/** Root's programs are not on the PATH of everybody. */
function findProgram(name: string): string | null {
  return Bun.which(name) ?? Bun.which(name, { PATH: "/usr/sbin:/sbin" });
}
