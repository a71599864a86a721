import { run } from "./process.ts";
import { isRoot } from "./small-volume.ts";

const LIMIT_MS = 300_000;

/** `./build.sh test --system` sets it. Without it, no test installs anything on the machine. */
const MAY_INSTALL = Boolean(process.env.CONFIG_MANAGER_INSTALL);

/**
 * Looks for programs, by name, and installs the Debian packages of those that are missing, where that is allowed.
 *
 * @returns what is still missing, and why; undefined where all are there.
 */
export async function missingTools(packages: Readonly<Record<string, string>>): Promise<string | undefined> {
  const findMissing = () => Object.keys(packages).filter((program) => !findProgram(program));
  const wanted = findMissing().map((program) => packages[program] ?? program);
  if (wanted.length === 0) return undefined;
  if (MAY_INSTALL && isRoot && Bun.which("apt-get")) {
    for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...wanted]]) {
      const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
      await run("apt-get", ["-qq", ...args], { env, limitMs: LIMIT_MS });
    }
  }
  const missing = findMissing();
  if (missing.length === 0) return undefined;
  const why = MAY_INSTALL ? "it could not be installed" : "only ./build.sh test --system installs it";
  return `there is no ${missing.join(", no ")}, and ${why}`;
}

/** Not everybody has root's programs on PATH. */
function findProgram(name: string): string | null {
  return Bun.which(name) ?? Bun.which(name, { PATH: "/usr/sbin:/sbin" });
}
