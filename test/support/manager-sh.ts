import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { REPOSITORY } from "./repository.ts";

/** The shell sidecar that config-manager is compared with. Its paths come from the environment. */
export const SIDECAR_SH = resolve(REPOSITORY, "test/reference/sidecar.sh");

/** What the stub `sleep` says. */
export const ASLEEP = "asleep until told";

const SEED = resolve(REPOSITORY, "../shared/seed");

/**
 * A file of the folder that the project was planned in. Only the tests that check `test/reference/` against it read it.
 *
 * @returns its path; undefined where it is not there, which this says in one line.
 */
export function findSeed(name: string): string | undefined {
  const path = join(SEED, name);
  if (existsSync(path)) return path;
  console.log(`(not checked) test/reference/ against ${name}: there is no ../shared/seed`);
  return undefined;
}

/** A directory for PATH: its `pgrep` finds the gateway, and its `sleep` waits for a line on standard input. */
export async function stubPrograms(bin: string, naps = false): Promise<string> {
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, "pgrep"), "#!/bin/sh\n", { mode: 0o755 });
  // Fails at the end of its input; that ends the sidecar, too.
  if (!naps) await writeFile(join(bin, "sleep"), `#!/bin/sh\necho "${ASLEEP}"\nread -r _\n`, { mode: 0o755 });
  return bin;
}

/** Puts a stand-in for jq into a directory for PATH: enough for the two filters of sidecar.sh. */
export async function stubJq(bin: string): Promise<void> {
  const script = `#!/bin/sh\nexec '${process.execPath}' '${resolve(REPOSITORY, "test/reference/jq.ts")}' "$@"\n`;
  await writeFile(join(bin, "jq"), script, { mode: 0o755 });
}

/** The `sh` of Debian's images, where this machine has it. */
export const SHELL = Bun.which("dash") ?? "sh";
