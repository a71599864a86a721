import { listSome } from "../printable.ts";
import type { DesiredSecrets } from "./read.ts";

/** How many names a line lists. */
const MAX_NAMES = 20;

export function listNames(names: readonly string[]): string {
  return listSome(names, MAX_NAMES);
}

/** Why the Secret is not taken, a line each, without values. */
export function describeRefusal(
  desired: Exclude<DesiredSecrets, { kind: "valid" }>,
  { secretsDir, targetDir }: { secretsDir: string; targetDir: string },
): string[] {
  const stay = `what is in ${targetDir} stays as it is`;
  if (desired.kind === "invalid") {
    return desired.problems.map((problem) => `Secrets of ${secretsDir} rejected, ${stay}: ${problem}`);
  }
  const what = desired.isMounted ? `No secret in ${secretsDir}` : `${secretsDir} is not mounted`;
  return [`${what}, ${stay}: mount the Secret there`];
}

export function describeBinary(names: readonly string[]): string {
  return `Not UTF-8 text, copied as it is: ${listNames(names)}; a SecretRef of OpenClaw reads text only`;
}
